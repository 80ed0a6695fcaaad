//! Link: the worker's end of the conversation.

use std::sync::{Mutex, PoisonError};

use belljar_model::Fault;
use bytes::Bytes;

use crate::fault;
use crate::message::{Answer, Ask, FromWorker, ToWorker};
use crate::stream::{Broken, Endless, Stream};

/// The worker's end. A question is asked and answered before the next one.
pub(crate) struct Link(Mutex<Stream>);

impl Link {
    pub(crate) const fn new(stream: Stream) -> Self {
        Self(Mutex::new(stream))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Stream) -> Result<T, Broken>) -> Result<T, Fault> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut stream).map_err(|error| fault::own(format!("the coordinator: {error}")))
    }

    /// Tells something that is not answered.
    pub(crate) fn tell(&self, message: &FromWorker, raw: &[u8]) -> Result<(), Fault> {
        self.with(|stream| stream.send(message, raw, &mut Endless))
    }

    /// Waits for what the coordinator sends.
    pub(crate) fn hear(&self) -> Result<ToWorker, Fault> {
        self.with(|stream| stream.receive(&mut Endless))
    }

    /// Takes the raw bytes that a message named.
    pub(crate) fn raw(&self, size: u64) -> Result<Bytes, Fault> {
        self.with(|stream| stream.raw(size, &mut Endless))
    }

    /// Asks, with the raw bytes that the question names.
    ///
    /// # Errors
    /// When the coordinator could not do it.
    pub(crate) fn ask_with(&self, ask: Ask, raw: &[u8]) -> Result<Answer, Fault> {
        self.tell(&FromWorker::Ask(Box::new(ask)), raw)?;
        match self.hear()? {
            ToWorker::Answer(Answer::Failed(fault)) => Err(fault.into()),
            ToWorker::Answer(answer) => Ok(answer),
            ToWorker::Call(_) => Err(unexpected()),
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// When the coordinator could not do it.
    pub(crate) fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        self.ask_with(ask, &[])
    }

    /// Asks for bytes.
    ///
    /// # Errors
    /// When the coordinator could not read them.
    pub(crate) fn bytes(&self, ask: Ask) -> Result<Option<Bytes>, Fault> {
        match self.ask(ask)? {
            Answer::Bytes(Some(size)) => self.raw(size).map(Some),
            Answer::Bytes(None) => Ok(None),
            _ => Err(unexpected()),
        }
    }
}

/// The fault of an answer to another question.
pub(crate) fn unexpected() -> Fault {
    fault::own("the coordinator answered another question")
}
