//! The program: the last steps of the process that becomes the tool.
#![expect(unsafe_code, reason = "signals, sessions and execve are system calls")]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

use super::{Instruction, Refusal, Refused, Report, Reports, bounds, landlock, seccomp};

/// Turns this process into the program. Returns only if that fails.
pub(super) fn become_it(instruction: &Instruction, reports: &mut Reports) -> Refused {
    match prepare(instruction) {
        Err(refused) => refused,
        Ok(exec) => {
            reports.send(&Report::Ready(now()));
            // SAFETY: both arrays end with a null pointer, and what they point to lives in `exec`.
            unsafe {
                libc::execve(exec.program.as_ptr(), exec.args.1.as_ptr(), exec.env.1.as_ptr());
            }
            Refused::os(Refusal::Program, &instruction.program.display().to_string())
        }
    }
}

/// Strings, and the array of pointers to them that ends with a null pointer.
type Pointers = (Vec<CString>, Vec<*const libc::c_char>);

struct Exec {
    program: CString,
    args: Pointers,
    env: Pointers,
}

fn prepare(instruction: &Instruction) -> Result<Exec, Refused> {
    let program = c_string(instruction.program.as_os_str().as_bytes())?;
    let mut args = vec![program.clone()];
    for arg in &instruction.args {
        args.push(c_string(arg.as_bytes())?);
    }
    let mut env = Vec::new();
    for (name, value) in &instruction.env {
        env.push(c_string(format!("{name}={value}").as_bytes())?);
    }
    // SAFETY: none of these calls touches memory of this process.
    unsafe {
        libc::setsid(); // fails only for the leader of a session, which is as good
        libc::umask(0o022);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
    std::env::set_current_dir(&instruction.cwd).map_err(|error| Refused {
        what: Refusal::Folder,
        detail: instruction.cwd.display().to_string(),
        errno: error.raw_os_error().unwrap_or(0),
    })?;
    bounds::set(&instruction.bounds, instruction.place)?;
    if let Some(walls) = &instruction.walls {
        let reach = seccomp::Reach::of(walls, instruction.place);
        landlock::enforce(walls)?;
        seccomp::enforce(&reach)?;
    }
    reset_signals();
    Ok(Exec { program, args: pointers(args), env: pointers(env) })
}

fn c_string(bytes: &[u8]) -> Result<CString, Refused> {
    CString::new(bytes).map_err(|_| Refused::new(Refusal::Program, "an argument has a NUL byte"))
}

fn pointers(strings: Vec<CString>) -> Pointers {
    let mut pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
    pointers.push(std::ptr::null());
    (strings, pointers)
}

/// Every signal does what it does by default, and none is blocked.
fn reset_signals() {
    // SAFETY: default actions call no code of ours, and the empty set is initialized before use.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL); // two cannot be changed, and need not
        }
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// The monotonic clock, in nanoseconds: the same for every process of the machine.
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or(0)
}
