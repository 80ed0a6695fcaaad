//! The host's side of the seeds: asks for a copy of one, which is a child of the host.

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
pub(super) use crate::launch::Kind;
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

/// The socket of a seed of this process, if there is one.
type Socket = Mutex<Option<UnixStream>>;

static WALLED_SEED: Socket = Mutex::new(None);
static OPEN_SEED: Socket = Mutex::new(None);

/// Starts a launcher: a copy of a seed, which is started if there is none.
///
/// # Errors
/// When there can be none. Another one is started the next time.
pub(super) fn copy(kind: Kind, given: &Given<'_>) -> io::Result<Pid> {
    let socket = match kind {
        Kind::Walled => &WALLED_SEED,
        Kind::Open => &OPEN_SEED,
    };
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    let seed = match socket.take() {
        Some(seed) => seed,
        None => start(kind)?,
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

/// Starts a seed, on a thread that lasts as long as this process: what the kernel sends a child
/// when its parent dies, it sends when that thread does.
fn start(kind: Kind) -> io::Result<UnixStream> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("seed".to_owned()).spawn(move || {
        if sender.send(spawn(kind)).is_ok() {
            loop {
                thread::park();
            }
        }
    })?;
    receiver.recv().map_err(io::Error::other)?
}

fn spawn(kind: Kind) -> io::Result<UnixStream> {
    let (own, other) = UnixStream::pair()?;
    let mut passed = Passed::default();
    let number = passed.pass(other.as_fd())?;
    drop(other);
    let mut command = Command::new(launcher::find()?.program);
    command.args([SEED, &number.to_string(), kind.as_str()]).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It is never waited for: it ends after, or with, this process.
    inheriting(&mut command, &passed).spawn()?;
    Ok(own)
}
