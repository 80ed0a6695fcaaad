//! The escape suite: every attack in every tier, as root and as an ordinary user. This program
//! is the host, the launcher and the attacker.
#![expect(unsafe_code, reason = "an attacker makes system calls")]
#![expect(clippy::unwrap_used, reason = "this is a test with a `main` of its own")]
#![expect(clippy::print_stdout, reason = "this is a test with a `main` of its own")]

mod canaries;
mod evil;
mod machines;
mod suite;

use std::process::{Command, ExitCode};

use belljar_tool::launch;

/// A secret of the host's environment.
const CANARY: &str = "BELLJAR_CANARY";
/// A user who is nobody in particular.
const USER: &str = "1001";

fn main() -> ExitCode {
    if let Some(code) = launch::entry() {
        return code;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["evil", attack] => ExitCode::from(u8::from(!evil::act(attack))),
        ["probe", machine] => machines::probe(machine),
        ["--list", ..] => ExitCode::SUCCESS,
        _ => all(&args),
    }
}

/// Runs the suite as this user and, if that is root, as an ordinary one too.
fn all(args: &[String]) -> ExitCode {
    if std::env::var_os(CANARY).is_none() {
        // Once more, with a secret in the environment that a process has from its start.
        let again = Command::new(std::env::current_exe().unwrap())
            .args(args)
            .env(CANARY, "secret")
            .status()
            .unwrap();
        return ExitCode::from(u8::from(!again.success()));
    }
    let mut failed = suite::run_all();
    // SAFETY: no arguments.
    if unsafe { libc::geteuid() } == 0 {
        failed += as_user(args);
    }
    if failed == 0 {
        suite::answered();
    }
    println!("{failed} failed");
    ExitCode::from(u8::from(failed > 0))
}

/// A copy of this program in a folder that all may read.
fn as_user(args: &[String]) -> usize {
    let folder = tempfile::Builder::new().prefix("escape").tempdir().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    let copy = folder.path().join("escape");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let status = Command::new("setpriv")
        .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
        .arg(copy)
        .args(args)
        .env_remove(belljar_cases::FOLDER)
        .current_dir(folder.path())
        .status()
        .expect("`setpriv` of the package util-linux is needed to run as an ordinary user");
    usize::from(!status.success())
}
