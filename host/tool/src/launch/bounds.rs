//! Bounds: limits that the kernel holds for a process and all that it starts.
#![expect(unsafe_code, reason = "limits are set by system calls")]

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use super::{Bounds, Place, Refusal, Refused};

/// Open files of one process.
const OPEN_FILES: u64 = 4_096;
/// Process numbers below this are given out only once.
const RESERVED: u64 = 300;
/// Room for the launcher, and for going over a limit by so much that the host sees it.
const SLACK: u64 = 64;

/// Sets the limits of this process.
pub(super) fn set(bounds: &Bounds, place: Place) -> Result<(), Refused> {
    let processes = match place {
        // More than may be: the host counts too, and says which limit was reached.
        Place::Namespace => bounds.processes.saturating_add(SLACK),
        // Counted for the user, not for this tree: what runs already comes on top.
        Place::Machine { .. } => bounds.processes.saturating_add(running()),
    };
    let limits = [
        (libc::RLIMIT_CORE, 0, "RLIMIT_CORE"),
        (libc::RLIMIT_FSIZE, bounds.file_bytes, "RLIMIT_FSIZE"),
        (libc::RLIMIT_NOFILE, OPEN_FILES, "RLIMIT_NOFILE"),
        (libc::RLIMIT_NPROC, processes, "RLIMIT_NPROC"),
    ];
    for (limit, value, name) in limits {
        lower(limit, value).map_err(|()| Refused::os(Refusal::Process, name))?;
    }
    Ok(())
}

/// The kind of number that names a limit differs between C libraries.
type Name = libc::__rlimit_resource_t;

fn lower(limit: Name, value: u64) -> Result<(), ()> {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` is a valid place for the answer.
    if unsafe { libc::getrlimit(limit, &raw mut now) } != 0 {
        return Err(());
    }
    let value = value.min(now.rlim_max);
    let new = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: `new` is valid for the time of the call.
    if unsafe { libc::setrlimit(limit, &raw const new) } == 0 { Ok(()) } else { Err(()) }
}

/// Threads of the whole machine, at least those of this user.
fn running() -> u64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let total = text.split(' ').nth(3).and_then(|part| part.split('/').nth(1));
    total.and_then(|total| total.parse().ok()).unwrap_or(10_000)
}

/// Bounds the process numbers of this namespace, where the kernel has a bound for each
/// namespace (Linux 6.14) and lets us. Otherwise the watch of the host alone counts.
///
/// The folder is that of the machine, because the sandbox has its own read-only. Whose bound is
/// found in it is decided by who looks; older kernels know only the machine's, so the host passes
/// the folder only where there is one for each namespace.
pub(super) fn set_pid_max(settings: &File, processes: u64) {
    // SAFETY: no arguments; it returns the caller's number in its namespace.
    if unsafe { libc::getpid() } != 1 {
        return;
    }
    let machine = std::path::Path::new("/proc/self/fd").join(settings.as_raw_fd().to_string());
    let most = processes.saturating_add(RESERVED + SLACK);
    let opened = std::fs::OpenOptions::new().write(true).open(machine.join("pid_max"));
    if let Ok(mut file) = opened {
        let _ = file.write_all(most.to_string().as_bytes());
    }
}
