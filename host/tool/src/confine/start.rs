//! Start: a process that inherits exactly the descriptors that are meant for it.
#![expect(unsafe_code, reason = "a descriptor is made to survive execve between fork and execve")]

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{fcntl_dupfd_cloexec, retry_on_intr};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};

/// The descriptors that a process inherits, besides its streams.
#[derive(Default)]
pub(super) struct Passed(Vec<OwnedFd>);

impl Passed {
    /// Passes one on, and returns the number that it has there.
    pub(super) fn pass(&mut self, file: impl AsFd) -> io::Result<RawFd> {
        // High numbers: those of a new process's streams are not among them.
        let copy = fcntl_dupfd_cloexec(file, 64)?;
        let number = copy.as_raw_fd();
        self.0.push(copy);
        Ok(number)
    }

    /// Passes on a file with these bytes.
    pub(super) fn pass_bytes(&mut self, bytes: &[u8]) -> io::Result<RawFd> {
        self.pass(file_of(bytes)?)
    }
}

/// A file without a name that holds these bytes, to be read from its start.
pub(super) fn file_of(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("belljar", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// The first process of a tree, and what it prints.
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// A child of this process.
pub(super) enum Process {
    /// One that was executed.
    Executed(Child),
    /// A copy of the seed.
    Copied(Pid),
}

impl Process {
    /// Its number.
    pub(super) fn id(&self) -> u32 {
        match self {
            Self::Executed(child) => child.id(),
            Self::Copied(pid) => pid.as_raw_nonzero().get().cast_unsigned(),
        }
    }

    /// Ends it.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        match self {
            Self::Executed(child) => child.kill(),
            Self::Copied(pid) => Ok(kill_process(*pid, Signal::KILL)?),
        }
    }

    /// Waits for its end. Called once only with success.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        match self {
            Self::Executed(child) => child.wait(),
            Self::Copied(pid) => {
                let ended = retry_on_intr(|| waitpid(Some(*pid), WaitOptions::empty()))?;
                ended.map(status).ok_or_else(|| io::Error::other("it has not ended"))
            }
        }
    }

    /// How it ended, if it has.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match self {
            Self::Executed(child) => child.try_wait(),
            Self::Copied(pid) => Ok(waitpid(Some(*pid), WaitOptions::NOHANG)?.map(status)),
        }
    }
}

fn status((_, status): (Pid, WaitStatus)) -> ExitStatus {
    ExitStatus::from_raw(status.as_raw())
}

/// Starts a command with no environment, these bytes as standard input, and both outputs piped.
pub(super) fn spawn(command: &mut Command, passed: &Passed, stdin: &[u8]) -> io::Result<Started> {
    command.env_clear().current_dir("/").stdin(stdin_of(stdin)?);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // A Ctrl-C at the terminal is for the host, which then ends the tree.
    command.process_group(0);
    let mut child = inheriting(command, passed).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = stdout.zip(stderr).expect("both were asked for");
    Ok(Started { process: Process::Executed(child), stdout: stdout.into(), stderr: stderr.into() })
}

/// A file with these bytes.
pub(super) fn stdin_of(bytes: &[u8]) -> io::Result<File> {
    if bytes.is_empty() { File::open("/dev/null") } else { file_of(bytes) }
}

/// Lets what a command starts inherit what is passed.
pub(super) fn inheriting<'a>(command: &'a mut Command, passed: &Passed) -> &'a mut Command {
    let numbers: Vec<RawFd> = passed.0.iter().map(AsRawFd::as_raw_fd).collect();
    // SAFETY: the closure only calls `fcntl`, which is allowed between fork and execve, on
    // descriptors that `passed` keeps open until after the call.
    unsafe {
        command.pre_exec(move || {
            for &number in &numbers {
                if libc::fcntl(number, libc::F_SETFD, 0) != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        })
    }
}
