//! Supervise: start the program in a process of its own, wait for it, leave nothing of it behind.
#![expect(unsafe_code, reason = "fork, waiting and signals are system calls")]

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::process::ExitCode;

use super::{Instruction, Place, Refusal, Refused, Report, Reports, bounds, program};

/// Runs the program to its end, and returns with what to exit.
pub(super) fn run(
    instruction: &Instruction,
    settings: Option<File>,
    reports: &mut Reports,
) -> Result<ExitCode, Refused> {
    if let Some(settings) = &settings {
        bounds::set_pid_max(settings, instruction.bounds.processes);
    }
    drop(settings);
    close_all_but(reports.0.as_raw_fd());
    let signals = watch_over(instruction.place)?;
    // SAFETY: this process has one thread, so the child may do all that the parent may.
    match unsafe { libc::fork() } {
        -1 => Err(Refused::os(Refusal::Process, "fork")),
        0 => {
            let refused = program::become_it(instruction, reports);
            reports.refuse(refused);
            Ok(ExitCode::from(126))
        }
        child => {
            let ended = wait(child, &signals);
            if instruction.place != Place::Namespace {
                end_all();
            }
            Ok(tell(&ended, reports))
        }
    }
}

/// Closes what this process inherited, but for the streams and one more, which a program that is
/// executed does not get.
pub(super) fn close_all_but(kept: RawFd) {
    let kept = kept.unsigned_abs();
    // SAFETY: no value of this process owns a descriptor in these ranges: all were dropped.
    unsafe {
        libc::close_range(3, kept - 1, 0);
        libc::close_range(kept + 1, libc::c_uint::MAX, 0);
        libc::fcntl(kept.cast_signed(), libc::F_SETFD, libc::FD_CLOEXEC);
    }
}

/// Makes this process the one that is told of every end in the tree below it, and returns the
/// signals that tell it.
fn watch_over(place: Place) -> Result<libc::sigset_t, Refused> {
    // SAFETY: the set is initialized before use; the other calls touch no memory of ours.
    let signals = unsafe {
        // Nobody reads this process, or its environment, through /proc.
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        let mut signals = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut signals);
        libc::sigaddset(&raw mut signals, libc::SIGCHLD);
        libc::sigaddset(&raw mut signals, libc::SIGTERM);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const signals, std::ptr::null_mut());
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        signals
    };
    let Place::Machine { host } = place else { return Ok(signals) };
    // SAFETY: these calls touch no memory of this process.
    unsafe {
        if libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM, 0, 0, 0) != 0
        {
            return Err(Refused::os(Refusal::Process, "prctl"));
        }
        if libc::getppid().unsigned_abs() != host {
            return Err(Refused::new(Refusal::Process, "the host is gone"));
        }
    }
    Ok(signals)
}

/// How the program ended.
enum End {
    /// By itself, or of a signal: the status that `wait` gives, and the use of resources.
    Status(i32),
    /// The host wants no more of it.
    Stopped,
}

fn wait(child: libc::pid_t, signals: &libc::sigset_t) -> End {
    loop {
        // All that are ended are taken, so that none of the orphans stays as a zombie.
        while let Reaped::One(pid, status) = reap() {
            if pid == child {
                return End::Status(status);
            }
        }
        let mut signal = 0;
        // SAFETY: the set was initialized, and `signal` is a valid place for the answer.
        unsafe { libc::sigwait(signals, &raw mut signal) };
        if signal == libc::SIGTERM {
            return End::Stopped;
        }
    }
}

/// Takes one ended child, if there is one.
fn reap() -> Reaped {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the answer.
    match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
        0 => Reaped::NoneYet,
        pid if pid > 0 => Reaped::One(pid, status),
        _ => Reaped::Childless,
    }
}

/// What there was to take.
enum Reaped {
    /// A process, and the status that `wait` gives.
    One(libc::pid_t, i32),
    /// All children live.
    NoneYet,
    /// There are no children.
    Childless,
}

/// Ends every process below this one. It is their reaper: as long as one of them lives, this
/// process has children.
fn end_all() {
    loop {
        match reap() {
            Reaped::One(..) => continue,
            Reaped::Childless => return, // the tree is empty
            Reaped::NoneYet => {}
        }
        for pid in crate::confine::below(std::process::id()) {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            let pid = pid.cast_signed();
            // SAFETY: `none` is valid for the time of the call, and the process may be gone.
            unsafe {
                // It starts no more, so that the signals overtake it.
                let nowhere = std::ptr::null_mut();
                libc::prlimit(pid, libc::RLIMIT_NPROC, &raw const none, nowhere);
                libc::kill(pid, libc::SIGKILL);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

fn tell(ended: &End, reports: &mut Reports) -> ExitCode {
    // SAFETY: zeros are a valid value of this plain structure, and it is a valid place.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    let peak = usage.ru_maxrss.unsigned_abs() * 1_024;
    let &End::Status(status) = ended else { return ExitCode::from(124) };
    if libc::WIFEXITED(status) {
        let code = libc::WEXITSTATUS(status);
        reports.send(&Report::Exited { code, peak });
    } else {
        reports.send(&Report::Died { signal: libc::WTERMSIG(status), peak });
    }
    ExitCode::SUCCESS
}
