//! Start: a process that inherits exactly the descriptors that are meant for it.
#![expect(unsafe_code, reason = "a descriptor is made to survive execve between fork and execve")]

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::fcntl_dupfd_cloexec;

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

/// Starts a command with no environment, these bytes as standard input, and both outputs piped.
pub(super) fn spawn(command: &mut Command, passed: &Passed, stdin: &[u8]) -> io::Result<Child> {
    let numbers: Vec<RawFd> = passed.0.iter().map(AsRawFd::as_raw_fd).collect();
    let stdin = if stdin.is_empty() { Stdio::null() } else { file_of(stdin)?.into() };
    command.env_clear().current_dir("/").stdin(stdin);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // A Ctrl-C at the terminal is for the host, which then ends the tree.
    command.process_group(0);
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
        });
    }
    command.spawn()
}
