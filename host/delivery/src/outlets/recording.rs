//! Recording: an outlet that writes down what would leave, and lets nothing out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::delivery::{Effect, HttpAnswer, HttpRequest, StorageRead, ToolEffect};
use belljar_model::ports::{BlobStore, Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Digest, WorkspacePath};
use bytes::Bytes;

use super::{encode_listing, keep, kept};
use crate::fault::{self, STORAGE};

/// What a preview asked for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Recorded {
    /// What would leave, in order.
    pub(crate) effects: Vec<Effect>,
    /// What it asked the storage, and was told, in order.
    pub(crate) reads: Vec<StorageRead>,
}

/// Writes down what would leave. Reads are real, under what was written so far.
pub(crate) struct Recording {
    real: Arc<dyn Outlet>,
    blobs: Arc<dyn BlobStore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    recorded: Recorded,
    /// What the plugin has written or removed; `None` for removed.
    overlay: BTreeMap<WorkspacePath, Option<Digest>>,
}

impl Recording {
    pub(crate) fn new(real: Arc<dyn Outlet>, blobs: Arc<dyn BlobStore>) -> Self {
        Self { real, blobs, state: Mutex::default() }
    }

    /// Starts a new record over what was written so far: for what is called afterwards.
    pub(crate) fn take(&self) -> Recorded {
        std::mem::take(&mut self.state().recorded)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, effect: Effect) {
        self.state().recorded.effects.push(effect);
    }

    fn set(&self, path: &WorkspacePath, content: Option<Digest>) {
        self.state().overlay.insert(path.clone(), content);
    }

    /// A plan is not made over a storage that does not answer.
    fn asked<T>(result: Result<T, OutletError>) -> Result<T, OutletError> {
        result.map_err(|error| match error {
            stop @ OutletError::Stop(_) => stop,
            error => {
                let message = format!("the storage cannot be asked, so no plan is made: {error}");
                OutletError::Stop(fault::infrastructure(STORAGE, message))
            }
        })
    }

    fn current(&self, path: &WorkspacePath) -> Result<Option<Bytes>, OutletError> {
        let written = self.state().overlay.get(path).copied();
        match written {
            Some(None) => Ok(None),
            Some(Some(digest)) => kept(&*self.blobs, &digest).map(Some),
            None => match self.real.read(path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(OutletError::NotFound) => Ok(None),
                Err(error) => Self::asked(Err(error)),
            },
        }
    }
}

impl Outlet for Recording {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        self.real.may_send(request)?;
        keep_body(&*self.blobs, request)?;
        self.record(Effect::from(request));
        let status = request.expect.first().copied().unwrap_or(200);
        Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::new() })
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.real.may_send(request)
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let real = Self::asked(self.real.list(prefix))?;
        let mut all: BTreeMap<_, _> =
            real.into_iter().map(|object| (object.path, object.size)).collect();
        for (path, content) in &self.state().overlay {
            match content {
                Some(digest) if path.is_within(prefix) => all.insert(path.clone(), digest.size()),
                Some(_) => None,
                None => all.remove(path),
            };
        }
        let all: Vec<_> = all.into_iter().map(|(path, size)| StoredObject { path, size }).collect();
        let answer = keep(&*self.blobs, &encode_listing(&all))?;
        self.state().recorded.reads.push(StorageRead::List { prefix: prefix.clone(), answer });
        Ok(all)
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        let content = self.current(path)?;
        let answer = content.as_ref().map(|bytes| keep(&*self.blobs, bytes)).transpose()?;
        self.state().recorded.reads.push(StorageRead::Read { path: path.clone(), answer });
        content.ok_or(OutletError::NotFound)
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        self.record(Effect::Put { path: path.clone(), blob: *blob });
        self.set(path, Some(*blob));
        Ok(())
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        let data = keep(&*self.blobs, data)?;
        self.record(Effect::Write { path: path.clone(), data });
        self.set(path, Some(data));
        Ok(())
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        if self.current(path)?.as_ref() != expected {
            return Err(OutletError::Conflict);
        }
        let expected = expected.map(|bytes| Digest::of(bytes));
        let data = keep(&*self.blobs, data)?;
        self.record(Effect::Swap { path: path.clone(), expected, data });
        self.set(path, Some(data));
        Ok(())
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.record(Effect::Remove { path: path.clone() });
        self.set(path, None);
        Ok(())
    }

    fn tool(&self, tool: &ToolEffect, _stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        self.record(Effect::Tool(tool.clone()));
        let code = tool.expect.first().copied().unwrap_or(0);
        Ok(ToolAnswer { code, stdout: Bytes::new(), stderr: Bytes::new() })
    }
}

/// Keeps what a request carries, so that the plan can be looked at whole.
fn keep_body(blobs: &dyn BlobStore, request: &HttpRequest) -> Result<(), OutletError> {
    match &request.body {
        belljar_model::delivery::Body::Bytes(bytes) => keep(blobs, bytes).map(drop),
        belljar_model::delivery::Body::Artifact(_) => Ok(()),
    }
}
