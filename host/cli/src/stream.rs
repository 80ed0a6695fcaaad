//! The event stream of a run, on its way from the runner to everyone who reads it.
//!
//! The runner's threads only send; a thread of its own feeds the readers, so that neither a
//! slow terminal nor a recording holds up a step.

use std::io::Write;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use belljar_model::Event;
use belljar_model::ports::EventSink;

/// Reads the Events of a run, in order.
pub(crate) trait Reader: Send {
    /// Takes one Event.
    fn read(&mut self, event: &Event);

    /// Called again and again while no Event comes.
    fn tick(&mut self) {}
}

/// How long the stream may be silent before its readers are told so.
const SILENCE: Duration = Duration::from_millis(100);

/// The sending end. The stream ends when it is dropped.
pub(crate) struct Stream(Sender<Event>);

impl EventSink for Stream {
    fn emit(&self, event: Event) {
        // Fails only when the reading thread panicked, which `Feeding::end` reports.
        drop(self.0.send(event));
    }
}

/// The thread that feeds the readers.
pub(crate) struct Feeding(JoinHandle<()>);

impl Feeding {
    /// Waits until every reader has seen the whole stream; call it after dropping the stream.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        self.0.join().map_err(|_| anyhow::anyhow!("a reader of the event stream panicked"))
    }
}

/// Starts a stream.
pub(crate) fn start(mut readers: Vec<Box<dyn Reader>>) -> anyhow::Result<(Stream, Feeding)> {
    let (sender, receiver): (_, Receiver<Event>) = mpsc::channel();
    let feed = move || {
        loop {
            match receiver.recv_timeout(SILENCE) {
                Ok(event) => readers.iter_mut().for_each(|reader| reader.read(&event)),
                Err(RecvTimeoutError::Timeout) => {
                    for reader in &mut readers {
                        reader.tick();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    let thread = std::thread::Builder::new().name("events".to_owned()).spawn(feed)?;
    Ok((Stream(sender), Feeding(thread)))
}

/// Where the Events go that nobody wants: of a plan, nothing happens.
pub(crate) struct Silence;

impl EventSink for Silence {
    fn emit(&self, _event: Event) {}
}

/// Writes Events as JSON lines. The first failure to write ends it: a full disk must not stop
/// a build, and half a line must not be followed by another.
pub(crate) struct JsonLines<W> {
    to: Option<W>,
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `to`.
    pub(crate) const fn new(to: W) -> Self {
        Self { to: Some(to) }
    }
}

impl<W: Write + Send> Reader for JsonLines<W> {
    fn read(&mut self, event: &Event) {
        let Some(to) = &mut self.to else { return };
        let line = belljar_report::json::line(event);
        let last = matches!(event, Event::RunFinished { .. });
        let written = to.write_all(line.as_bytes()).and_then(|()| to.write_all(b"\n"));
        if written.and_then(|()| if last { to.flush() } else { Ok(()) }).is_err() {
            self.to = None;
        }
    }
}
