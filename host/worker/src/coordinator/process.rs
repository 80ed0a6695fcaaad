//! Process: one worker, from its start to its end.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::message::FromWorker;
use crate::stream::{Broken, Patience, Stream};

/// How long a worker may take to greet.
const GREETING: Duration = Duration::from_secs(20);
/// How long a worker that has ended its side may take to be gone.
const END: Duration = Duration::from_secs(1);

/// What keeps a worker apart from the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Walls {
    /// Whether system calls are allowed by a list.
    pub seccomp: bool,
    /// The version of Landlock that denies all files and ports; 0 for none.
    pub landlock: i64,
}

/// A worker.
pub(super) struct Process {
    /// The conversation with it.
    pub(super) stream: Stream,
    /// What it said of itself.
    pub(super) walls: Walls,
    /// Whether there was a time since its start in which nobody would have noticed its end.
    pub(super) has_waited: bool,
    child: Child,
}

/// Why a worker could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("the process cannot be started: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Refused(String),
    #[error("it did not greet: {0}")]
    Mute(String),
}

/// How a worker is started.
pub(super) struct Start {
    pub(super) program: PathBuf,
    pub(super) argument: &'static str,
}

impl Process {
    fn spawn(start: &Start) -> Result<Self, StartError> {
        let (ours, theirs) = UnixStream::pair()?;
        // For both sides here: a sealed process could not do it any more.
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        let child = Command::new(&start.program)
            .arg(start.argument)
            .env_clear()
            .current_dir("/")
            // Ctrl-C is for the coordinator, which then decides what becomes of workers.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let walls = Walls { seccomp: false, landlock: 0 };
        Ok(Self { stream: Stream::new(ours), walls, has_waited: false, child })
    }

    /// Waits until it says that it is ready.
    fn greet(mut self) -> Result<Self, StartError> {
        let mut patience = Until(Instant::now() + GREETING);
        match self.stream.receive(&mut patience) {
            Ok(FromWorker::Ready(walled)) => {
                self.walls = Walls { seccomp: walled.seccomp, landlock: walled.landlock };
                Ok(self)
            }
            Ok(FromWorker::Refused(why)) => Err(StartError::Refused(why)),
            Ok(_) => Err(StartError::Mute("it said something else".to_owned())),
            Err(error) => {
                let ended = self.ended().map(how).unwrap_or_default();
                Err(StartError::Mute(format!("{error} {ended}").trim_end().to_owned()))
            }
        }
    }

    /// How it ended, if it has ended by itself or does so now.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(None) if since.elapsed() < END => thread::sleep(Duration::from_millis(1)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
    }

    /// Ends it, without waiting until it has.
    pub(super) fn end(&mut self) {
        // It may have ended already; either way there is nothing to be told.
        let _ = self.child.kill();
    }

    /// Its number, for messages.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        let _ = self.child.wait();
    }
}

struct Until(Instant);

impl Patience for Until {
    fn look(&mut self) -> Result<(), Broken> {
        if Instant::now() > self.0 { Err(Broken::Stopped) } else { Ok(()) }
    }
}

/// How a process ended, in words.
pub(super) fn how(status: ExitStatus) -> String {
    match status.signal() {
        Some(signal) => format!("signal {signal} ({})", name(signal)),
        None => format!("exit code {}", status.code().unwrap_or(-1)),
    }
}

/// The name of a signal, as far as it says something about a worker. Numbers of Linux.
fn name(signal: i32) -> &'static str {
    match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS: a system call that it may not make",
        _ => "unusual",
    }
}

/// What is started, and where to.
type Order = (Start, Sender<Result<Process, StartError>>);

/// Starts workers on a thread of its own, which lives as long as they are wanted: the kernel
/// ends a worker when the thread that started it ends.
pub(super) struct Starter(Sender<Order>);

impl Starter {
    pub(super) fn new() -> io::Result<Self> {
        let (orders, incoming): (Sender<Order>, Receiver<Order>) = mpsc::channel();
        let work = move || {
            for (start, to) in incoming {
                // Whoever has ordered it may have given up meanwhile; then it ends at once.
                let _ = to.send(Process::spawn(&start));
            }
        };
        thread::Builder::new().name("belljar-workers".to_owned()).spawn(work)?;
        Ok(Self(orders))
    }

    /// Begins to start a worker.
    pub(super) fn order(&self, start: Start) -> Result<Ordered, StartError> {
        let (to, from) = mpsc::channel();
        self.0.send((start, to)).map_err(|_| gone())?;
        Ok(Ordered(from))
    }
}

/// A worker that is being started.
pub(super) struct Ordered(Receiver<Result<Process, StartError>>);

impl Ordered {
    /// The worker, once it has said that it is ready.
    pub(super) fn greeted(self) -> Result<Process, StartError> {
        self.0.recv().map_err(|_| gone())??.greet()
    }
}

fn gone() -> StartError {
    StartError::Mute("nobody starts workers any more".to_owned())
}
