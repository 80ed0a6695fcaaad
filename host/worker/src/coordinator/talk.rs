//! Talk: one call, from its first frame to its last, with an eye on the clock.

use std::time::{Duration, Instant};

use belljar_model::ports::Cancel;
use bytes::Bytes;

use super::answers::Answers;
use crate::message::{Call, Done, FromWorker, ToWorker};
use crate::stream::{Broken, Patience, Stream};

/// How long after the end of its time a worker may go on, before it is killed. Its own clock
/// ends the guest before that; this is for one that does not look at it.
const OVER: Duration = Duration::from_millis(150);
/// How long a guest that was asked to stop may go on: a little more than it has itself.
const GRACE: Duration = Duration::from_millis(2_150);

/// Why a wait was ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stopped {
    /// The run was cancelled.
    Cancelled,
    /// The time is up.
    TimeUp,
}

/// Looks at the clock and at the cancellation while a worker is waited for.
pub(super) struct Vigil<'a> {
    cancel: &'a Cancel,
    time: Duration,
    /// The end of its time, and not before it had a chance to hear the last answer.
    until: Instant,
    asked: Option<Instant>,
    /// Why waiting has ended, once it has.
    pub(super) stopped: Option<Stopped>,
}

impl<'a> Vigil<'a> {
    /// Waits for `time`, which begins now.
    pub(super) fn new(cancel: &'a Cancel, time: Duration) -> Self {
        let until = after(Instant::now(), time);
        Self { cancel, time, until, asked: None, stopped: None }
    }

    /// The worker hears only now what it asked: what it needed for that is not its own time.
    fn heard(&mut self) {
        self.until = self.until.max(Instant::now());
    }

    /// The time begins now: what was done until now is not the guest's.
    fn restart(&mut self) {
        self.until = after(Instant::now(), self.time);
    }
}

/// A moment, or one in the far future that a clock can still hold.
fn after(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(3_600 * 24 * 365);
    now + time.min(FAR)
}

impl Patience for Vigil<'_> {
    fn look(&mut self) -> Result<(), Broken> {
        let stopped = match self.cancel.stage() {
            0 => None,
            1 => {
                let since = self.asked.get_or_insert_with(Instant::now);
                (since.elapsed() > GRACE).then_some(Stopped::Cancelled)
            }
            _ => Some(Stopped::Cancelled),
        };
        let late = || (Instant::now() > self.until + OVER).then_some(Stopped::TimeUp);
        self.stopped = stopped.or_else(late);
        if self.stopped.is_some() { Err(Broken::Stopped) } else { Ok(()) }
    }
}

/// Makes one call and answers all that the worker asks, until it is done. Returns what came of
/// it, and the bytes that follow.
///
/// # Errors
/// When the worker died, was stopped, or said what it may not.
pub(super) fn talk(
    stream: &mut Stream,
    (call, raw): (Call, &[u8]),
    answers: &mut Answers<'_>,
    vigil: &mut Vigil<'_>,
) -> Result<(Done, Bytes), Broken> {
    stream.send(&ToWorker::Call(Box::new(call)), raw, vigil)?;
    loop {
        match stream.receive::<FromWorker>(vigil)? {
            FromWorker::Line(line) => answers.line(&line)?,
            FromWorker::Forget(number) => answers.forget(number),
            FromWorker::Keep { size } => {
                answers.keep(size, &mut |size| stream.raw(size, &mut *vigil))?;
            }
            FromWorker::Ask(ask) => {
                let begins = matches!(*ask, crate::message::Ask::Code);
                let (answer, bytes) =
                    answers.answer(*ask, &mut |size| stream.raw(size, &mut *vigil))?;
                vigil.heard();
                stream.send(&ToWorker::Answer(answer), &bytes, vigil)?;
                answers.foresee(); // what it says meanwhile waits for us
                vigil.heard();
                if begins {
                    vigil.restart();
                }
            }
            FromWorker::Done(done) => {
                let size = match &*done {
                    Done::Compiled(Ok((size, _))) => *size,
                    _ => 0,
                };
                return Ok((*done, stream.raw(size, vigil)?));
            }
            FromWorker::Ready(_) | FromWorker::Refused(_) => {
                return Err(Broken::Protocol("it greeted twice".to_owned()));
            }
        }
    }
}
