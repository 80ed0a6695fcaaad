//! Simulated machines: what the probe says where something is missing.

use std::process::{Command, ExitCode};

use belljar_model::Tier;
use belljar_tool::probe::{Probe, Wanted};

/// Each machine: its name, what it lacks, and what a shortfall must name there.
const MACHINES: &[(&str, &str, &str)] = &[
    ("complete", "nothing", ""),
    ("without-bubblewrap", "PATH", "install the Debian package `bubblewrap`"),
    ("without-namespaces", "namespaces", "allow user namespaces"),
    ("without-landlock", "landlock", "kernel's command line"),
];

/// Asks on each machine.
pub(crate) fn all() -> Vec<(String, Result<(), String>)> {
    let check = |(name, lacks, names): &(&str, &str, &str)| {
        (format!("a machine {name}"), check(name, lacks, names))
    };
    MACHINES.iter().map(check).collect()
}

fn check(name: &str, lacks: &str, names: &str) -> Result<(), String> {
    // SAFETY: no arguments.
    let root = unsafe { libc::geteuid() } == 0;
    let this = std::env::current_exe().unwrap();
    let mut command = match lacks {
        "namespaces" => {
            let mut command = Command::new("bwrap");
            command.args(["--unshare-user", "--disable-userns", "--dev-bind", "/", "/"]);
            command.arg("--").arg(this);
            command
        }
        _ => Command::new(this),
    };
    if lacks == "PATH" {
        command.env("PATH", "/nowhere");
    }
    let output = command.args(["probe", lacks]).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = match (name, root) {
        ("complete", _) => Some(Tier::T1),
        ("without-landlock", _) | (_, true) => None,
        _ => Some(Tier::T2),
    };
    let probe: Probe =
        serde_json::from_str(&said).map_err(|error| format!("{error}: {output:?}"))?;
    let found = probe.shortfalls.iter().any(|shortfall| shortfall.contains(names));
    if probe.tier != expected || found == names.is_empty() {
        return Err(format!("{probe:?}, and not {expected:?} with {names:?}"));
    }
    Ok(())
}

/// Asks here, after what this machine lacks was taken away.
pub(crate) fn probe(lacks: &str) -> ExitCode {
    if lacks == "landlock" {
        forget_landlock();
    }
    let folder = tempfile::tempdir().unwrap();
    let probe = Probe::new(Wanted::Auto, folder.path());
    let again = Probe::new(Wanted::Auto, folder.path());
    assert_eq!(probe, again, "what is kept is what was found out");
    println!("{}", serde_json::to_string(&probe).unwrap());
    ExitCode::SUCCESS
}

/// Answers the system calls of Landlock as a kernel without it does.
fn forget_landlock() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = [(libc::SYS_landlock_create_ruleset, Vec::new())].into_iter().collect();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, absent, arch).unwrap();
    seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}
