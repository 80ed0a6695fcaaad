//! Stream: frames and raw bytes over one socket, with a look around whenever it waits.

use std::io::{self, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::frame::{self, FrameError, HEAD, MAX_RAW};

/// Room for frames of usual size.
const BUFFER: usize = 64 << 10;
/// So long it is asked again and again whether something has come, before the kernel is told to
/// say so: to be woken takes longer than a small call.
const SPIN: Duration = Duration::from_micros(60);
/// How often someone who waits looks around.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// Why a conversation cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The other side is gone.
    #[error("the other side has ended")]
    Gone,
    /// The socket does not work.
    #[error("the socket does not work: {0}")]
    Io(io::Error),
    /// The other side says what it may not.
    #[error("{0}")]
    Protocol(String),
    /// Whoever waits has had enough.
    #[error("it was stopped")]
    Stopped,
}

impl From<FrameError> for Broken {
    fn from(error: FrameError) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// Decides how long to wait.
pub(crate) trait Patience {
    /// Called again and again while something is sent or awaited.
    ///
    /// # Errors
    /// [`Broken::Stopped`] when waiting is over.
    fn look(&mut self) -> Result<(), Broken>;

    /// Whether there is anything to look at.
    fn is_endless(&self) -> bool {
        false
    }
}

/// Waits for ever.
pub(crate) struct Endless;

impl Patience for Endless {
    fn look(&mut self) -> Result<(), Broken> {
        Ok(())
    }

    fn is_endless(&self) -> bool {
        true
    }
}

/// One end of the socket.
pub(crate) struct Stream {
    socket: UnixStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Since when nothing goes over.
    still: Option<Instant>,
}

impl Stream {
    pub(crate) fn new(socket: UnixStream) -> Self {
        Self { socket, buffer: vec![0; BUFFER], start: 0, end: 0, still: None }
    }

    /// Sends a message, and the raw bytes that it names.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub(crate) fn send(
        &mut self,
        message: &impl Serialize,
        raw: &[u8],
        patience: &mut dyn Patience,
    ) -> Result<(), Broken> {
        let frame = frame::encode(message)?;
        let (mut head, mut tail) = (&frame[..], raw);
        while !head.is_empty() || !tail.is_empty() {
            let sent = if tail.is_empty() {
                self.socket.write(head)
            } else {
                self.socket.write_vectored(&[IoSlice::new(head), IoSlice::new(tail)])
            };
            let Some(sent) = self.gone_on(sent, PollFlags::OUT, patience)? else { continue };
            let of_head = sent.min(head.len());
            head = &head[of_head..];
            tail = &tail[(sent - of_head).min(tail.len())..];
        }
        Ok(())
    }

    /// Receives a message.
    ///
    /// # Errors
    /// When there is none, or something else comes.
    pub(crate) fn receive<T: DeserializeOwned>(
        &mut self,
        patience: &mut dyn Patience,
    ) -> Result<T, Broken> {
        while self.end - self.start < HEAD {
            self.fill(patience)?;
        }
        let head = self.buffer[self.start..self.start + HEAD].try_into();
        let size = frame::size(head.expect("a head has its length"))?;
        self.start += HEAD;
        if size <= BUFFER - HEAD {
            while self.end - self.start < size {
                self.fill(patience)?;
            }
            let message = frame::decode(&self.buffer[self.start..self.start + size]);
            self.start += size;
            return Ok(message?);
        }
        let frame = self.take(size, patience)?;
        Ok(frame::decode(&frame)?)
    }

    /// Receives raw bytes.
    ///
    /// # Errors
    /// When they do not come, or are too many.
    pub(crate) fn raw(&mut self, size: u64, patience: &mut dyn Patience) -> Result<Bytes, Broken> {
        let size = usize::try_from(size).ok().filter(|_| size <= MAX_RAW);
        let size = size.ok_or_else(|| Broken::Protocol("more bytes than are taken".to_owned()))?;
        self.take(size, patience).map(Bytes::from)
    }

    /// Receives so many bytes. Memory grows with what has come, not with what was announced.
    fn take(&mut self, size: usize, patience: &mut dyn Patience) -> Result<Vec<u8>, Broken> {
        const STEP: usize = 16 << 20;
        let here = size.min(self.end - self.start);
        let mut taken = Vec::with_capacity(size.min(STEP));
        taken.extend_from_slice(&self.buffer[self.start..self.start + here]);
        self.start += here;
        while taken.len() < size {
            let from = taken.len();
            taken.resize(size.min(from + STEP), 0);
            let mut at = from;
            while at < taken.len() {
                let read = self.socket.read(&mut taken[at..]);
                at += self.gone_on(read, PollFlags::IN, patience)?.unwrap_or(0);
            }
        }
        Ok(taken)
    }

    /// Reads what has come, behind what is there already.
    fn fill(&mut self, patience: &mut dyn Patience) -> Result<(), Broken> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let read = self.socket.read(&mut self.buffer[self.end..]);
        self.end += self.gone_on(read, PollFlags::IN, patience)?.unwrap_or(0);
        Ok(())
    }

    /// How many bytes went over; `None` if none did in a while, and waiting goes on.
    fn gone_on(
        &mut self,
        result: io::Result<usize>,
        way: PollFlags,
        patience: &mut dyn Patience,
    ) -> Result<Option<usize>, Broken> {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, Interrupted, WouldBlock};
        patience.look()?;
        match result {
            Ok(0) => Err(Broken::Gone),
            Ok(bytes) => {
                self.still = None;
                Ok(Some(bytes))
            }
            Err(error) => match error.kind() {
                WouldBlock => self.wait(way, patience).map(|()| None),
                Interrupted => Ok(None),
                BrokenPipe | ConnectionReset => Err(Broken::Gone),
                _ => Err(Broken::Io(error)),
            },
        }
    }

    /// Waits until something may go over, or someone should look around.
    fn wait(&mut self, way: PollFlags, patience: &dyn Patience) -> Result<(), Broken> {
        if self.still.get_or_insert_with(Instant::now).elapsed() < SPIN {
            thread::yield_now();
            return Ok(());
        }
        let most = if patience.is_endless() { None } else { Some(&LOOK) };
        match poll(&mut [PollFd::new(&self.socket, way)], most) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(Broken::Io(error.into())),
        }
    }
}
