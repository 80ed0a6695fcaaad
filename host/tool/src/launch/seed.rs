//! The seed: a launcher that waits, and of which each run gets a copy.
//!
//! To load this program takes longer than all else that a launcher does, and to copy the host,
//! with all that it holds, takes as long again. The seed is loaded once. It reads nothing of what
//! it passes on, so that each copy is what a launcher that was just loaded is.
#![expect(unsafe_code, reason = "copies are made by system calls, descriptors taken by number")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::process::ExitCode;

use super::{Reports, read, seccomp, supervise};
use crate::descriptors::{self, COUNT};

/// The first argument that makes this program a seed; the second is the number of its socket, and
/// the third its kind.
pub(crate) const SEED: &str = "--belljar-seed";

/// For which tools a seed is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For those with walls, of which the seed has a part already.
    Walled,
    /// For those without.
    Open,
}

impl Kind {
    /// Its name, as an argument.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Walled => "walled",
            Self::Open => "open",
        }
    }

    /// The one with this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Walled, Self::Open].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Makes copies until the host is gone. Returns in each copy, too, when that has done its work.
pub(super) fn serve(socket: OwnedFd, kind: Kind) -> ExitCode {
    // What the host failed to keep to itself is in no copy either.
    supervise::close_all_but(socket.as_raw_fd());
    // SAFETY: these calls touch no memory of this process.
    unsafe {
        // Nobody reads this process, and so none of its copies, through /proc.
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
    }
    if kind == Kind::Walled {
        seccomp::enforce_wide();
    }
    loop {
        let Ok(Some(files)) = descriptors::receive(&socket) else { return ExitCode::SUCCESS };
        match copy() {
            Ok(0) => {
                drop(socket);
                return launch(files);
            }
            copied => {
                drop(files);
                let said =
                    copied.unwrap_or_else(|error| -error.raw_os_error().unwrap_or(libc::EIO));
                if rustix::io::write(&socket, &said.to_le_bytes()).is_err() {
                    return ExitCode::SUCCESS;
                }
            }
        }
    }
}

/// Makes a copy of this process that is a child of the host, not of this process. Returns its
/// number, and zero in the copy.
fn copy() -> io::Result<i32> {
    let flags = libc::c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    // SAFETY: this process has one thread, so the copy may do all that it may; with no stack given
    // the copy goes on with its own copy of this one.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(i32::try_from(pid).unwrap_or(-1)) }
}

/// Goes on as a launcher that was just loaded, with these streams, report and instruction.
fn launch(files: [OwnedFd; COUNT]) -> ExitCode {
    let [stdin, stdout, stderr, report, instruction] = files.map(IntoRawFd::into_raw_fd);
    // SAFETY: these calls touch no memory of this process; nothing of it owns the streams.
    let set = unsafe {
        let streams: [(RawFd, RawFd); 3] = [(stdin, 0), (stdout, 1), (stderr, 2)];
        libc::setpgid(0, 0) == 0 && streams.iter().all(|&(from, to)| libc::dup2(from, to) == to)
    };
    // SAFETY: both were just received for this purpose; the supervisor closes all others.
    let (mut reports, instruction) =
        unsafe { (Reports(File::from_raw_fd(report)), File::from_raw_fd(instruction)) };
    if !set {
        reports.refuse(super::Refused::os(super::Refusal::Process, "streams"));
        return ExitCode::from(125);
    }
    let code =
        read(instruction).and_then(|instruction| supervise::run(&instruction, None, &mut reports));
    code.unwrap_or_else(|refused| {
        reports.refuse(refused);
        ExitCode::from(125)
    })
}

/// The socket of a seed, by its number.
pub(super) fn socket(number: RawFd) -> OwnedFd {
    // SAFETY: the host passed it to this process for this purpose, and nothing else in it knows
    // its number: it has done nothing before.
    unsafe { OwnedFd::from_raw_fd(number) }
}
