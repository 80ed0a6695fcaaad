//! The host's side of the seed: asks for a copy of it, which is a child of the host.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use rustix::process::Pid;

use super::launcher;
use super::start::{Passed, inheriting};
use crate::descriptors;
use crate::launch::SEED;

/// What a copy is given.
pub(super) struct Given<'a> {
    pub(super) stdin: BorrowedFd<'a>,
    pub(super) stdout: BorrowedFd<'a>,
    pub(super) stderr: BorrowedFd<'a>,
    /// Where it reports.
    pub(super) report: BorrowedFd<'a>,
    /// What it reads before all else. Without anything in it, it does nothing.
    pub(super) instruction: BorrowedFd<'a>,
}

/// The socket of the seed of this process, if there is one.
static SOCKET: Mutex<Option<UnixStream>> = Mutex::new(None);

/// Starts a launcher: a copy of the seed, which is started if there is none.
///
/// # Errors
/// When there can be none. Another one is started the next time.
pub(super) fn copy(given: &Given<'_>) -> io::Result<Pid> {
    let mut socket = SOCKET.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = match socket.take() {
        Some(seed) => seed,
        None => start()?,
    };
    let copied = ask(&seed, given)?;
    *socket = Some(seed);
    drop(socket);
    Pid::from_raw(copied)
        .filter(|_| copied > 0)
        .ok_or_else(|| io::Error::from_raw_os_error(copied.saturating_neg()))
}

fn ask(mut seed: &UnixStream, given: &Given<'_>) -> io::Result<i32> {
    let Given { stdin, stdout, stderr, report, instruction } = *given;
    descriptors::send(seed, &[stdin, stdout, stderr, report, instruction])?;
    let mut said = [0; 4];
    seed.read_exact(&mut said)?;
    Ok(i32::from_le_bytes(said))
}

/// Starts the seed, on a thread that lasts as long as this process: what the kernel sends a child
/// when its parent dies, it sends when that thread does.
fn start() -> io::Result<UnixStream> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("seed".to_owned()).spawn(move || {
        if sender.send(spawn()).is_ok() {
            loop {
                thread::park();
            }
        }
    })?;
    receiver.recv().map_err(io::Error::other)?
}

fn spawn() -> io::Result<UnixStream> {
    let (own, other) = UnixStream::pair()?;
    let mut passed = Passed::default();
    let number = passed.pass(other.as_fd())?;
    drop(other);
    let mut command = Command::new(launcher::find()?.program);
    command.args([SEED, &number.to_string()]).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It is never waited for: it ends after, or with, this process.
    inheriting(&mut command, &passed).spawn()?;
    Ok(own)
}
