//! The attacks as a table, and what must come of each.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use belljar_model::limits::Limit;
use belljar_model::ports::{Cancel, ToolLimits};
use belljar_model::{Fault, Tier};
use belljar_tool::confine::{Channel, Confinement, Ended, Streams, run};

use crate::canaries::Canaries;
use crate::machines;

/// What must come of an attack.
#[derive(Clone, Copy)]
enum Must {
    /// It fails. Without a sandbox it works, which shows that it is an attack.
    Fail,
    /// It fails. Without a sandbox it may fail too, by the settings of the machine.
    FailHere,
    /// The host ends it, with this code.
    End(&'static str),
    /// Either: it fails within the sandbox's own bounds, or is ended with this code.
    EndOrFail(&'static str),
    /// It ends well, and leaves nothing behind.
    LeaveNothing,
}

/// Each attack, the rows of the catalogue that it is, and what must come of it.
const ATTACKS: &[(&str, &[&str], Must)] = &[
    ("read-file", &["C01"], Must::Fail),
    ("read-environment", &["D03", "F03"], Must::FailHere),
    ("write-outside", &["C04"], Must::Fail),
    ("truncate-outside", &["C04"], Must::Fail),
    ("listing", &["C01"], Must::Fail),
    ("chdir-host", &["D10"], Must::Fail),
    ("tcp", &["D08"], Must::Fail),
    ("udp", &["D08"], Must::FailHere),
    ("raw", &["D08"], Must::FailHere),
    ("netlink", &["D08"], Must::Fail),
    ("vsock", &["D08"], Must::FailHere),
    ("unix-path", &["D09"], Must::Fail),
    ("unix-abstract", &["D09"], Must::Fail),
    ("kill-host-0", &["D10"], Must::Fail),
    ("kill", &["D10"], Must::Fail),
    ("ptrace", &["D10"], Must::Fail),
    ("vm-read", &["D10"], Must::Fail),
    ("rlimits", &["D10"], Must::Fail),
    ("proc-environ", &["D10"], Must::Fail),
    ("parent-environ", &["D10"], Must::FailHere),
    ("proc-mem", &["D10"], Must::Fail),
    ("proc-root", &["D10"], Must::Fail),
    ("io-uring", &["D11"], Must::FailHere),
    ("bpf", &["D11"], Must::FailHere),
    ("userfaultfd", &["D11"], Must::FailHere),
    ("keyctl", &["D11"], Must::FailHere),
    ("perf", &["D11"], Must::FailHere),
    ("mount", &["D11"], Must::Fail),
    ("unshare", &["D11"], Must::Fail),
    ("setns", &["D11"], Must::FailHere),
    ("clone-newuser", &["D11"], Must::Fail),
    ("clone3-newuser", &["D11"], Must::Fail),
    ("tiocsti", &["D12"], Must::FailHere),
    ("other-architecture", &["D11"], Must::End("E0827")),
    ("fds", &["D13"], Must::FailHere),
    ("state", &["D13"], Must::FailHere),
    ("setuid-file", &["C14"], Must::Fail),
    ("device", &["D11"], Must::FailHere),
    ("fork-bomb", &["D05"], Must::End("E0825")),
    ("thread-bomb", &["D05"], Must::EndOrFail("E0825")),
    ("memory", &["D07"], Must::End("E0824")),
    ("fill-tmp", &["D07"], Must::EndOrFail("E0826")),
    ("fill-shm", &["D07"], Must::EndOrFail("E0826")),
    ("large-file", &["D07"], Must::End("E0826")),
    ("many-files", &["C10", "D07"], Must::End("E0826")),
    ("sleep", &["D06"], Must::End("E0823")),
    ("daemon", &["C16", "D06"], Must::LeaveNothing),
    ("stopped-daemon", &["C16", "D06"], Must::LeaveNothing),
];

/// Runs all as this user, and returns how many failed.
pub(crate) fn run_all() -> usize {
    // SAFETY: no arguments.
    let root = unsafe { libc::geteuid() } == 0;
    let tiers: &[Tier] = if root { &[Tier::T1] } else { &[Tier::T1, Tier::T2] };
    let mut failed = 0;
    let mut check = |name: String, result: Result<(), String>| match result {
        Ok(()) => println!("ok      {name}"),
        Err(why) => {
            failed += 1;
            println!("FAILED  {name}: {why}");
        }
    };
    let user = if root { "root" } else { "user" };
    for (attack, _, must) in ATTACKS {
        for &tier in tiers {
            check(format!("{attack} in {tier} as {user}"), attempt(attack, tier, *must));
        }
        if matches!(must, Must::Fail) {
            check(format!("{attack} works without a sandbox as {user}"), control(attack));
        }
    }
    check(format!("a run is cancelled as {user}"), cancelled(tiers));
    check(format!("ordinary tools work as {user}"), ordinary(tiers));
    check(format!("state folders are found and kept as {user}"), state(tiers));
    check(format!("only a granted port is reached as {user}"), ports(tiers));
    check(format!("what cannot be executed says what it needs as {user}"), not_executed(tiers));
    check(format!("all that is printed arrives as {user}"), much_is_printed(tiers));
    if root {
        check("t2 is refused to root".to_owned(), refused_to_root());
    }
    for (name, result) in machines::all() {
        check(format!("{name} as {user}"), result);
    }
    failed
}

/// Says which rows of the catalogue are answered: for when nothing has failed, as any user.
pub(crate) fn answered() {
    for (attack, rows, _) in ATTACKS {
        drop(belljar_cases::Case::new(rows, &format!("escape::{attack}")));
    }
    drop(belljar_cases::Case::new(&["D14"], "escape::machines"));
    drop(belljar_cases::Case::new(&["D08"], "escape::only_a_granted_port_is_reached"));
}

fn attempt(attack: &str, tier: Tier, must: Must) -> Result<(), String> {
    let mut canaries = Canaries::new();
    let began = Instant::now();
    let result = once(&canaries, tier, attack, &Cancel::new());
    let late = late(&canaries);
    if began.elapsed() > Duration::from_secs(15) {
        return Err(format!("took {:?}", began.elapsed()));
    }
    let touched = canaries.touched();
    if !touched.is_empty() {
        return Err(format!("touched {touched:?}: {result:?}"));
    }
    match (must, &result) {
        (Must::Fail | Must::FailHere | Must::EndOrFail(_), Ok(ended)) if ended.code == 1 => Ok(()),
        (Must::End(code) | Must::EndOrFail(code), Err(fault)) if fault.code.as_str() == code => {
            Ok(())
        }
        (Must::LeaveNothing, Ok(ended)) if ended.code == 0 && !late => Ok(()),
        _ => Err(format!("{result:?}, late: {late}")),
    }
}

/// Whether something still writes into the workspace.
fn late(canaries: &Canaries) -> bool {
    let file = canaries.folder.path().join("workspace/late");
    let size = || std::fs::metadata(&file).map_or(0, |found| found.len());
    let before = size();
    let until = Instant::now() + Duration::from_millis(30);
    while before > 0 && Instant::now() < until {
        if size() != before {
            return true;
        }
    }
    false
}

fn control(attack: &str) -> Result<(), String> {
    let canaries = Canaries::new();
    match once(&canaries, Tier::T0, attack, &Cancel::new()) {
        Ok(ended) if ended.code == 0 => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn cancelled(tiers: &[Tier]) -> Result<(), String> {
    for &tier in tiers {
        let (canaries, cancel) = (Canaries::new(), Cancel::new());
        cancel.ask();
        match once(&canaries, tier, "sleep", &cancel) {
            Err(fault) if fault.code.as_str() == "E0829" => {}
            other => return Err(format!("{tier}: {other:?}")),
        }
    }
    Ok(())
}

fn refused_to_root() -> Result<(), String> {
    match once(&Canaries::new(), Tier::T2, "read-file", &Cancel::new()) {
        Err(fault) if fault.code.as_str() == "E0822" => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// What tools do every day works in every tier.
fn ordinary(tiers: &[Tier]) -> Result<(), String> {
    let script = "set -e; cat > in; mkdir -p a/b; echo hello | tr a-z A-Z > a/b/c; \
                  mv a/b/c d; chmod 644 d; ln -s d e; tar cf f.tar a d; tar tf f.tar > /dev/null; \
                  test \"$PWD\" = \"$HERE\"; test -w \"$TMPDIR\"; echo x > \"$HOME/x\"; \
                  sleep 0.01 & wait; cat in; cat e >&2; exit 7";
    for &tier in tiers {
        let canaries = Canaries::new();
        let mut confinement = confinement(&canaries, tier);
        confinement.program = PathBuf::from("/bin/sh");
        confinement.args = vec!["-c".to_owned(), script.to_owned()];
        confinement.env.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        confinement.env.insert("HERE".to_owned(), "{workspace}".to_owned());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut printed = |channel, piece: &[u8]| match channel {
            Channel::Stdout => out.extend_from_slice(piece),
            Channel::Stderr => err.extend_from_slice(piece),
        };
        let streams = Streams { stdin: b"fed", printed: &mut printed, cancel: &Cancel::new() };
        let result = run(&confinement, streams).map(|ended| ended.code);
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        if result != Ok(7) || out != "fed" || err != "HELLO\n" {
            return Err(format!("{tier}: {result:?} {out:?} {err:?}"));
        }
    }
    Ok(())
}

/// Runs a script of the shell, and returns its code and what it printed.
fn shell(confinement: &mut Confinement, script: &str) -> Result<(i32, String), Fault> {
    confinement.program = PathBuf::from("/bin/sh");
    confinement.args = vec!["-c".to_owned(), script.to_owned()];
    confinement.env.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let mut out = Vec::new();
    let mut printed = |_: Channel, piece: &[u8]| out.extend_from_slice(piece);
    let streams = Streams { stdin: b"", printed: &mut printed, cancel: &Cancel::new() };
    let ended = run(confinement, streams)?;
    Ok((ended.code, String::from_utf8_lossy(&out).into_owned()))
}

fn state(tiers: &[Tier]) -> Result<(), String> {
    for &tier in tiers {
        let canaries = Canaries::new();
        let kept = canaries.folder.path().join("kept");
        std::fs::create_dir(&kept).unwrap();
        std::fs::write(kept.join("before"), "before").unwrap();
        let mut confinement = confinement(&canaries, tier);
        confinement.state = vec![(kept.clone(), "deep/state".to_owned())];
        let script = "cat deep/state/before; echo after > deep/state/after";
        let result = shell(&mut confinement, script);
        let after = std::fs::read_to_string(kept.join("after")).unwrap_or_default();
        if result != Ok((0, "before".to_owned())) || after != "after\n" {
            return Err(format!("{tier}: {result:?} {after:?}"));
        }
        if confinement.workspace.join("deep/state/after").exists() {
            return Err(format!("{tier}: state stays in the workspace"));
        }
    }
    Ok(())
}

fn ports(tiers: &[Tier]) -> Result<(), String> {
    for &tier in tiers {
        for (granted, code) in [(true, 0), (false, 1)] {
            let canaries = Canaries::new();
            let mut confinement = confinement(&canaries, tier);
            let port: u16 = canaries.told()["TCP"].parse().unwrap();
            confinement.ports = vec![if granted { port } else { port ^ 1 }];
            confinement.args = vec!["evil".to_owned(), "tcp".to_owned()];
            let mut printed = |_: Channel, _: &[u8]| {};
            let streams = Streams { stdin: b"", printed: &mut printed, cancel: &Cancel::new() };
            let result = run(&confinement, streams).map(|ended| ended.code);
            if result != Ok(code) {
                return Err(format!("{tier}, granted {granted}: {result:?}"));
            }
            for attack in ["unix-abstract", "unix-path", "raw", "netlink"] {
                confinement.args = vec!["evil".to_owned(), attack.to_owned()];
                let streams = Streams { stdin: b"", printed: &mut printed, cancel: &Cancel::new() };
                let result = run(&confinement, streams).map(|ended| ended.code);
                if result != Ok(1) {
                    return Err(format!("{tier}, {attack} with a port: {result:?}"));
                }
            }
        }
    }
    Ok(())
}

fn not_executed(tiers: &[Tier]) -> Result<(), String> {
    for &tier in tiers {
        let canaries = Canaries::new();
        let script = canaries.folder.path().join("script");
        std::fs::write(&script, "#!/nowhere/interpreter\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&script, mode).unwrap();
        let mut confinement = confinement(&canaries, tier);
        confinement.program = script;
        let mut printed = |_: Channel, _: &[u8]| {};
        let streams = Streams { stdin: b"", printed: &mut printed, cancel: &Cancel::new() };
        match run(&confinement, streams) {
            Err(fault)
                if fault.code.as_str() == "E0828"
                    && fault.help.as_deref().is_some_and(|help| help.contains("/nowhere")) => {}
            other => return Err(format!("{tier}: {other:?}")),
        }
    }
    Ok(())
}

fn much_is_printed(tiers: &[Tier]) -> Result<(), String> {
    for &tier in tiers {
        let canaries = Canaries::new();
        let mut confinement = confinement(&canaries, tier);
        let result = shell(&mut confinement, "head -c 30000000 /dev/zero");
        let length = result.as_ref().map(|(code, out)| (*code, out.len()));
        if length != Ok((0, 30_000_000)) {
            return Err(format!("{tier}: {length:?}"));
        }
    }
    Ok(())
}

fn once(canaries: &Canaries, tier: Tier, attack: &str, cancel: &Cancel) -> Result<Ended, Fault> {
    let mut confinement = confinement(canaries, tier);
    confinement.args = vec!["evil".to_owned(), attack.to_owned()];
    let mut printed = |_: Channel, _: &[u8]| {};
    run(&confinement, Streams { stdin: b"", printed: &mut printed, cancel })
}

fn confinement(canaries: &Canaries, tier: Tier) -> Confinement {
    let folder = canaries.folder.path();
    let [workspace, scratch] = ["workspace", "scratch"].map(|name| folder.join(name));
    for made in [&workspace, &scratch] {
        std::fs::create_dir_all(made).unwrap();
    }
    let system = ["/usr", "/lib", "/lib64", "/bin"].map(PathBuf::from);
    Confinement {
        tier,
        tool: "evil".to_owned(),
        program: std::env::current_exe().unwrap(),
        args: Vec::new(),
        env: canaries.told(),
        cwd: String::new(),
        readable: system.into_iter().filter(|path| path.exists()).collect(),
        workspace,
        scratch,
        state: Vec::new(),
        ports: Vec::new(),
        limits: ToolLimits {
            time: Limit::default_of(Duration::from_secs(5)),
            memory: Limit::default_of(256 << 20),
            processes: Limit::default_of(60),
            output_bytes: Limit::default_of(64 << 20),
            output_files: Limit::default_of(100),
            log_bytes: Limit::default_of(1 << 20),
        },
    }
}
