//! Permitting: an outlet that lets out what the plan holds, in its order, and nothing else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::delivery::{
    Effect, EffectAnswer, HttpAnswer, HttpRequest, StorageRead, ToolEffect,
};
use belljar_model::ports::{BlobStore, Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Digest, Fault, LedgerEvent, WorkspacePath};
use bytes::Bytes;

use super::{decode_listing, keep, kept};
use crate::fault::{self, DEVIATES, INCOMPLETE, LOST_ANSWER};
use crate::fence::Fence;
use crate::standing::EffectState;

/// What an apply, or the apply of a rollback, may do.
#[derive(Clone)]
pub(crate) struct Course {
    /// The effects, in order.
    pub(crate) effects: Vec<Effect>,
    /// What the storage said when they were planned.
    pub(crate) reads: Vec<StorageRead>,
    /// What came back already, before an interruption.
    pub(crate) done: Vec<EffectState>,
    /// Whether it goes back.
    pub(crate) rollback: bool,
}

/// Lets out what the plan holds.
pub(crate) struct Permitting {
    real: Arc<dyn Outlet>,
    blobs: Arc<dyn BlobStore>,
    fence: Fence,
    course: Course,
    at: Mutex<At>,
}

/// How far the plugin has come.
#[derive(Default)]
struct At {
    effect: usize,
    read: usize,
    /// Why it was stopped, if it was.
    stopped: Option<Stopped>,
}

/// Why a plugin was stopped, and what that means.
#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    /// It deviated, or the way out is closed: a failure, which is gone back from.
    Failure(Fault),
    /// The ledger takes no more of this process: it may not do anything any more.
    Process(Fault),
}

impl Stopped {
    fn fault(&self) -> Fault {
        match self {
            Self::Failure(fault) | Self::Process(fault) => fault.clone(),
        }
    }
}

impl Permitting {
    pub(crate) fn new(
        real: Arc<dyn Outlet>,
        blobs: Arc<dyn BlobStore>,
        fence: Fence,
        course: Course,
    ) -> Self {
        Self { real, blobs, fence, course, at: Mutex::default() }
    }

    /// Checks, after the plugin has ended, that it did all that the plan holds.
    ///
    /// # Errors
    /// When it did less.
    pub(crate) fn is_complete(&self) -> Result<(), Fault> {
        match self.course.effects.get(self.at().effect) {
            None => Ok(()),
            Some(missing) => {
                let message = format!("the plugin ended, and did not {missing}");
                Err(Fault::new(belljar_model::Blame::Plugin, INCOMPLETE, message)
                    .note("the plan holds it, so what is live now is not what was approved"))
            }
        }
    }

    /// Why the plugin was stopped, if it was. What the plugin made of it does not matter.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.at().stopped.clone()
    }

    fn at(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop<T>(&self, why: Stopped) -> Result<T, OutletError> {
        let fault = self.at().stopped.get_or_insert(why).fault();
        Err(OutletError::Stop(fault))
    }

    fn fail<T>(&self, fault: Fault) -> Result<T, OutletError> {
        self.stop(Stopped::Failure(fault))
    }

    /// Lets one effect out with `send`, if it is the next one; or answers it from the ledger.
    fn permit<T: Answered>(
        &self,
        effect: Effect,
        send: impl FnOnce() -> Result<T, OutletError>,
    ) -> Result<T, OutletError> {
        if let Some(stopped) = self.stopped() {
            return Err(OutletError::Stop(stopped.fault()));
        }
        let index = self.at().effect;
        let planned = self.course.effects.get(index);
        if planned != Some(&effect) {
            return self.fail(fault::deviates(&effect, planned));
        }
        self.at().effect += 1;
        let known = self.course.done.get(index).and_then(|done| done.answer.clone());
        if let Some(answer) = known {
            return T::replay(&answer, &*self.blobs);
        }
        let (rollback, index) = (self.course.rollback, u32::try_from(index).unwrap_or(u32::MAX));
        let Fence { environment, deployment, token, .. } = self.fence.clone();
        let intended = LedgerEvent::EffectIntended {
            environment: environment.clone(),
            deployment,
            token,
            rollback,
            index,
            effect,
        };
        if let Err(fault) = self.fence.append(vec![intended]) {
            return self.stop(Stopped::Process(fault));
        }
        let result = send();
        if let Err(OutletError::Stop(fault)) = result {
            return self.fail(fault);
        }
        let answer = match &result {
            Ok(value) => value.record(&*self.blobs)?,
            Err(error) => {
                let (error, detail) = (error.name().to_owned(), error.to_string());
                EffectAnswer::Failed { error, detail }
            }
        };
        let done = LedgerEvent::EffectDone { environment, deployment, rollback, index, answer };
        match self.fence.append(vec![done]) {
            Ok(()) => result,
            Err(fault) => self.stop(Stopped::Process(fault)),
        }
    }

    /// The next question about the storage, if it is the one that was planned.
    fn next_read(
        &self,
        is: impl Fn(&StorageRead) -> bool,
        what: &str,
    ) -> Result<StorageRead, OutletError> {
        let mut at = self.at();
        let planned = self.course.reads.get(at.read).filter(|read| is(read)).cloned();
        at.read += 1;
        drop(at);
        planned.map_or_else(
            || {
                let message = format!("the plugin wants to {what}, which it did not for its plan");
                self.fail(Fault::new(belljar_model::Blame::Plugin, DEVIATES, message))
            },
            Ok,
        )
    }
}

impl Outlet for Permitting {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        self.permit(Effect::from(request), || self.real.http(request))
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.real.may_send(request)
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let is = |read: &StorageRead| matches!(read, StorageRead::List { prefix: of, .. } if of == prefix);
        let StorageRead::List { answer, .. } = self.next_read(is, &format!("list {prefix}"))?
        else {
            return Err(OutletError::NotFound);
        };
        let listing = decode_listing(&kept(&*self.blobs, &answer)?);
        listing.map_or_else(
            || {
                let message = "a listing of the plan cannot be read";
                self.fail(fault::infrastructure(LOST_ANSWER, message))
            },
            Ok,
        )
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        let is =
            |read: &StorageRead| matches!(read, StorageRead::Read { path: of, .. } if of == path);
        match self.next_read(is, &format!("read {path}"))? {
            StorageRead::Read { answer: Some(answer), .. } => kept(&*self.blobs, &answer),
            StorageRead::Read { .. } | StorageRead::List { .. } => Err(OutletError::NotFound),
        }
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        let effect = Effect::Put { path: path.clone(), blob: *blob };
        self.permit(effect, || self.real.put(path, blob))
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        let effect = Effect::Write { path: path.clone(), data: Digest::of(data) };
        self.permit(effect, || self.real.write(path, data))
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        let (path_of, was) = (path.clone(), expected.map(|bytes| Digest::of(bytes)));
        let effect = Effect::Swap { path: path_of, expected: was, data: Digest::of(data) };
        // One that was in the air before an interruption may have arrived.
        let in_the_air =
            self.course.done.get(self.at().effect).is_some_and(|done| done.answer.is_none());
        self.permit(effect, || match self.real.swap(path, expected, data) {
            Err(OutletError::Conflict) if in_the_air => match self.real.read(path) {
                Ok(there) if there == *data => Ok(()),
                _ => Err(OutletError::Conflict),
            },
            result => result,
        })
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.permit(Effect::Remove { path: path.clone() }, || self.real.remove(path))
    }

    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        self.permit(Effect::Tool(tool.clone()), || self.real.tool(tool, stdin))
    }
}

/// An answer that can be written down and given again.
trait Answered: Sized {
    fn record(&self, blobs: &dyn BlobStore) -> Result<EffectAnswer, OutletError>;
    fn again(answer: &EffectAnswer, blobs: &dyn BlobStore) -> Option<Result<Self, OutletError>>;

    fn replay(answer: &EffectAnswer, blobs: &dyn BlobStore) -> Result<Self, OutletError> {
        if let EffectAnswer::Failed { error, detail } = answer {
            return Err(failed(error, detail));
        }
        Self::again(answer, blobs).unwrap_or_else(|| {
            let message = "the ledger holds an answer of another kind";
            Err(OutletError::Stop(fault::infrastructure(LOST_ANSWER, message)))
        })
    }
}

fn failed(error: &str, detail: &str) -> OutletError {
    let detail = detail.to_owned();
    match error {
        "not-found" => OutletError::NotFound,
        "conflict" => OutletError::Conflict,
        "denied" => OutletError::Denied(detail),
        "timeout" => OutletError::TimedOut,
        "too-large" => OutletError::TooLarge,
        "unexpected" => OutletError::Unexpected(detail),
        _ => OutletError::Unreachable(detail),
    }
}

impl Answered for () {
    fn record(&self, _: &dyn BlobStore) -> Result<EffectAnswer, OutletError> {
        Ok(EffectAnswer::Done)
    }
    fn again(answer: &EffectAnswer, _: &dyn BlobStore) -> Option<Result<Self, OutletError>> {
        (*answer == EffectAnswer::Done).then_some(Ok(()))
    }
}

impl Answered for HttpAnswer {
    fn record(&self, blobs: &dyn BlobStore) -> Result<EffectAnswer, OutletError> {
        let body = keep(blobs, &self.body)?;
        Ok(EffectAnswer::Http { status: self.status, headers: self.headers.clone(), body })
    }
    fn again(answer: &EffectAnswer, blobs: &dyn BlobStore) -> Option<Result<Self, OutletError>> {
        let EffectAnswer::Http { status, headers, body } = answer else { return None };
        let answer = |body| Self { status: *status, headers: headers.clone(), body };
        Some(kept(blobs, body).map(answer))
    }
}

impl Answered for ToolAnswer {
    fn record(&self, blobs: &dyn BlobStore) -> Result<EffectAnswer, OutletError> {
        let (stdout, stderr) = (keep(blobs, &self.stdout)?, keep(blobs, &self.stderr)?);
        Ok(EffectAnswer::Tool { code: self.code, stdout, stderr })
    }
    fn again(answer: &EffectAnswer, blobs: &dyn BlobStore) -> Option<Result<Self, OutletError>> {
        let EffectAnswer::Tool { code, stdout, stderr } = answer else { return None };
        let both = kept(blobs, stdout).and_then(|out| Ok((out, kept(blobs, stderr)?)));
        Some(both.map(|(stdout, stderr)| Self { code: *code, stdout, stderr }))
    }
}
