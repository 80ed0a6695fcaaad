//! Probe: which tier this machine has, found out by running a canary in it.
#![expect(unsafe_code, reason = "the canary tries system calls that must fail")]

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{Cancel, ToolLimits};
use belljar_model::{Fault, Tier};
use serde::{Deserialize, Serialize};

use crate::confine::{self, Channel, Confinement, Streams};
use crate::launch;

/// The first argument that makes this program a canary.
pub(crate) const CANARY: &str = "--belljar-canary";
/// The file in which an answer is kept. The number changes with its form and with what is tried.
const KEPT: &str = "probe-v1.json";

/// Which tier the operator wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Wanted {
    /// The strongest that works here: t1, or else t2.
    #[default]
    Auto,
    /// This one and no other. The only way to t3 and t0.
    Exactly(Tier),
}

/// What this machine has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Probe {
    /// The tier in which tools run; `None` if they cannot be run.
    pub tier: Option<Tier>,
    /// Why no stronger tier is used, and what mends it: one sentence each.
    pub shortfalls: Vec<String>,
    /// The version of Landlock; 0 if there is none.
    pub landlock: i64,
}

/// An answer, and for what it was given.
#[derive(Serialize, Deserialize)]
struct Kept {
    asked: String,
    answer: Probe,
}

impl Probe {
    /// Finds out which tier works. An answer without shortfalls is kept in `folder` until the
    /// machine or this program is another; any other is found out anew, as someone may have
    /// mended what is missing.
    pub fn new(wanted: Wanted, folder: &Path) -> Self {
        let asked = question(wanted);
        let file = folder.join(KEPT);
        let kept = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(Kept { asked: before, answer }) = kept
            && before == asked
        {
            return answer;
        }
        let answer = Self::ask(wanted, folder);
        if answer.tier.is_some() && answer.shortfalls.is_empty() {
            keep(&file, &Kept { asked, answer: answer.clone() });
        }
        answer
    }

    fn ask(wanted: Wanted, folder: &Path) -> Self {
        let tiers: &[Tier] = match &wanted {
            Wanted::Auto => &[Tier::T1, Tier::T2],
            Wanted::Exactly(tier) => std::slice::from_ref(tier),
        };
        let mut probe =
            Self { tier: None, shortfalls: Vec::new(), landlock: launch::landlock_abi() };
        for &tier in tiers {
            match works(tier, folder) {
                Ok(()) => {
                    probe.tier = Some(tier);
                    break;
                }
                Err(shortfall) => probe.shortfalls.push(shortfall),
            }
        }
        probe
    }
}

/// Everything on which the answer depends, as far as it is quick to see.
fn question(wanted: Wanted) -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let user = rustix::process::geteuid().as_raw();
    let stamp = |path: PathBuf| {
        let found = std::fs::metadata(&path).ok();
        let found = found.map(|found| (found.mtime(), found.mtime_nsec(), found.len()));
        format!("{} {found:?}", path.display())
    };
    let program = std::env::current_exe().map(stamp).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let bubblewraps: Vec<String> =
        std::env::split_paths(&path).map(|folder| stamp(folder.join("bwrap"))).collect();
    format!("{wanted:?} {} {user} {program} {bubblewraps:?}", boot.trim())
}

/// An answer that cannot be kept is found out again next time.
fn keep(file: &Path, kept: &Kept) {
    let new = file.with_extension(format!("{}.new", std::process::id()));
    let written = serde_json::to_vec(kept)
        .map_err(std::io::Error::other)
        .and_then(|text| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
}

fn works(tier: Tier, folder: &Path) -> Result<(), String> {
    match tier {
        // Declared by the operator: there is nothing of ours to try.
        Tier::T3 | Tier::T0 => return Ok(()),
        Tier::Wasm => return Err("`wasm` is no tier of native tools".to_owned()),
        Tier::T2 if rustix::process::geteuid().is_root() => {
            return Err(format!("{tier} is refused to root: run as an ordinary user"));
        }
        Tier::T1 | Tier::T2 => {}
    }
    if launch::landlock_abi() < 4 {
        return Err(format!(
            "{tier} needs Landlock of version 4 or later (Linux 6.7), and this kernel has {}: add \
             `landlock` to `lsm=` on the kernel's command line",
            launch::landlock_abi(),
        ));
    }
    match canary(tier, folder) {
        Ok(reached) if reached.is_empty() => Ok(()),
        Ok(reached) => Err(format!("{tier} does not hold here: the canary {}", reached.trim())),
        Err(fault) => Err(shortfall(tier, &fault)),
    }
}

/// What is missing and how to mend it, from the message of what failed.
fn shortfall(tier: Tier, fault: &Fault) -> String {
    let message = &fault.message;
    let namespaces = ["uid map", "user namespace", "RTM_NEWADDR", "namespaces"];
    let mend = if message.contains("needs bubblewrap") {
        "install the Debian package `bubblewrap`".to_owned()
    } else if tier == Tier::T1 && !message.contains("Landlock") && !message.contains("seccomp")
        || namespaces.iter().any(|words| message.contains(words))
    {
        "allow user namespaces: `sysctl user.max_user_namespaces` must not be 0, and where \
         AppArmor restricts them, give bubblewrap a profile: `profile bwrap /usr/bin/bwrap \
         flags=(unconfined) { userns, }`"
            .to_owned()
    } else {
        fault.help.clone().unwrap_or_else(|| "see `belljar tools doctor`".to_owned())
    };
    format!("{tier}: {message}: {mend}")
}

/// Runs the canary, and returns what it reached.
fn canary(tier: Tier, folder: &Path) -> Result<String, Fault> {
    let place = Place::new(folder).map_err(|error| unprepared(&error))?;
    let launcher = confine::find_launcher().map_err(|error| unprepared(&error))?;
    let confinement = Confinement {
        tier,
        tool: "canary".to_owned(),
        program: launcher.program.clone(),
        args: place.args(),
        env: BTreeMap::new(),
        cwd: String::new(),
        readable: launcher.parts(),
        workspace: place.folder.join("workspace"),
        scratch: place.folder.join("scratch"),
        state: Vec::new(),
        ports: Vec::new(),
        limits: limits(),
    };
    let mut said = Vec::new();
    let mut printed = |_: Channel, piece: &[u8]| said.extend_from_slice(piece);
    let cancel = Cancel::new();
    let streams = Streams { stdin: b"", printed: &mut printed, cancel: &cancel };
    let ended = confine::run(&confinement, streams)?;
    let said = String::from_utf8_lossy(&said).into_owned();
    if ended.code == 0 { Ok(String::new()) } else { Ok(format!("{said} ({})", ended.code)) }
}

fn unprepared(error: &std::io::Error) -> Fault {
    confine::not_set_up("canary", &format!("the canary cannot be prepared: {error}"))
}

/// What the canary must not reach.
struct Place {
    folder: PathBuf,
    listener: TcpListener,
}

impl Place {
    fn new(folder: &Path) -> std::io::Result<Self> {
        let folder = folder.join(format!("probe-{}", std::process::id()));
        for inner in ["workspace", "scratch"] {
            std::fs::create_dir_all(folder.join(inner))?;
        }
        std::fs::write(folder.join("secret"), "secret")?;
        Ok(Self { folder: folder.canonicalize()?, listener: TcpListener::bind("127.0.0.1:0")? })
    }

    fn args(&self) -> Vec<String> {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        let secret = self.folder.join("secret").display().to_string();
        vec![CANARY.to_owned(), secret, port.to_string(), std::process::id().to_string()]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn limits() -> ToolLimits {
    ToolLimits {
        time: Limit::default_of(Duration::from_secs(20)),
        memory: Limit::default_of(1 << 30),
        processes: Limit::default_of(100),
        output_bytes: Limit::default_of(16 << 20),
        output_files: Limit::default_of(10),
        log_bytes: Limit::default_of(1 << 16),
    }
}

/// The canary itself, inside the sandbox: tries each thing, and says which worked.
#[expect(clippy::print_stdout, reason = "the probe reads what it prints")]
pub(crate) fn sing(args: &[String]) -> ExitCode {
    let [secret, port, host] = args else { return ExitCode::from(2) };
    let port = port.parse().unwrap_or(0);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    // SAFETY: none of these calls touches memory of this process; that they fail is the point.
    let (traced, alone) = unsafe {
        let nothing = std::ptr::null_mut::<libc::c_void>();
        let traced = libc::ptrace(libc::PTRACE_TRACEME, 0, nothing, nothing);
        (traced, libc::unshare(libc::CLONE_NEWUSER))
    };
    let tried = [
        ("read a file outside", std::fs::read(secret).is_ok()),
        ("wrote a file outside", std::fs::write(format!("{secret}.new"), "").is_ok()),
        ("read the host's environment", std::fs::read(format!("/proc/{host}/environ")).is_ok()),
        (
            "connected to the host",
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok(),
        ),
        ("traced a process", traced == 0),
        ("made a namespace", alone == 0),
        ("cannot write in its workspace", std::fs::write("own", "own").is_err()),
    ];
    let reached: Vec<&str> =
        tried.into_iter().filter(|(_, reached)| *reached).map(|(what, _)| what).collect();
    if reached.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("{}", reached.join(", "));
    ExitCode::from(1)
}
