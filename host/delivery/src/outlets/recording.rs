//! Recording: an outlet that writes down what would leave, and lets nothing out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::delivery::{Effect, HttpAnswer, HttpRequest, StorageRead, ToolEffect};
use belljar_model::ports::{BlobStore, Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Blame, Digest, Fault, WorkspacePath};
use bytes::Bytes;

use super::{encode_listing, keep, kept};
use crate::fault::{self, STORAGE, TOO_MUCH};

/// The most effects and questions that one plan holds: more nobody reads, and the ledger keeps
/// each of them for ever.
const MOST: usize = 50_000;
/// The most bytes that they have in all, as the ledger writes them.
const MOST_BYTES: usize = 32 << 20;

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
    /// How much was recorded in all calls, and its size in bytes as the ledger writes it.
    count: usize,
    bytes: usize,
}

impl State {
    /// Counts something that the plan will hold, before it is taken in.
    fn note(&mut self, one: &impl serde::Serialize) -> Result<(), OutletError> {
        let size = serde_json::to_vec(one).expect("it has a JSON form").len();
        (self.count, self.bytes) = (self.count + 1, self.bytes + size);
        if self.count <= MOST && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let message = format!(
            "the plugin asks for more than a plan holds: {MOST} effects and questions, in {}",
            belljar_model::text::bytes(MOST_BYTES as u64)
        );
        let fault = Fault::new(Blame::Plugin, TOO_MUCH, message);
        Err(OutletError::Stop(fault.help("ship many small files as one, such as an archive")))
    }
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

    fn record(&self, effect: Effect) -> Result<(), OutletError> {
        let mut state = self.state();
        state.note(&effect)?;
        state.recorded.effects.push(effect);
        Ok(())
    }

    fn record_read(&self, read: StorageRead) -> Result<(), OutletError> {
        let mut state = self.state();
        state.note(&read)?;
        state.recorded.reads.push(read);
        Ok(())
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
        self.record(Effect::from(request))?;
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
        self.record_read(StorageRead::List { prefix: prefix.clone(), answer })?;
        Ok(all)
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        let content = self.current(path)?;
        let answer = content.as_ref().map(|bytes| keep(&*self.blobs, bytes)).transpose()?;
        self.record_read(StorageRead::Read { path: path.clone(), answer })?;
        content.ok_or(OutletError::NotFound)
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        self.record(Effect::Put { path: path.clone(), blob: *blob })?;
        self.set(path, Some(*blob));
        Ok(())
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        let data = keep(&*self.blobs, data)?;
        self.record(Effect::Write { path: path.clone(), data })?;
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
        self.record(Effect::Swap { path: path.clone(), expected, data })?;
        self.set(path, Some(data));
        Ok(())
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.record(Effect::Remove { path: path.clone() })?;
        self.set(path, None);
        Ok(())
    }

    fn tool(&self, tool: &ToolEffect, _stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        self.record(Effect::Tool(tool.clone()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Stage;

    #[test]
    fn a_plan_does_not_grow_without_end() {
        let check = |ask: &dyn Fn(&Recording) -> Result<(), OutletError>, most: usize| {
            let stage = Stage::new();
            let recording = Recording::new(stage.world.clone(), stage.world.clone());
            let refused = (0..=most).find_map(|at| Some((at, ask(&recording).err()?)));
            let Some((at, OutletError::Stop(fault))) = refused else { panic!("{refused:?}") };
            assert_eq!((at, fault.code.as_str()), (most, TOO_MUCH.as_str()), "{fault:?}");
        };
        let path = WorkspacePath::parse("a").unwrap();
        check(&|recording| recording.remove(&path), MOST);
        check(&|recording| recording.read(&path).map(drop).or_else(not_there), MOST);
        let tool = ToolEffect {
            tool: "kubectl".to_owned(),
            args: vec!["x".repeat(1 << 20)],
            env: BTreeMap::new(),
            secrets: Vec::new(),
            stdin: Digest::of(b""),
            root: Digest::of(b""),
            cwd: WorkspacePath::root(),
            expect: vec![0],
        };
        check(&|recording| recording.tool(&tool, &Bytes::new()).map(drop), 31);
    }

    fn not_there(error: OutletError) -> Result<(), OutletError> {
        if matches!(error, OutletError::NotFound) { Ok(()) } else { Err(error) }
    }
}
