//! World: a storage, a service and blobs; and the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::delivery::{Body, HttpAnswer, HttpRequest, ToolEffect};
use belljar_model::ledger::Entry;
use belljar_model::ports::{
    BlobSource, BlobStore, BlobWriter, Clock as _, Ledger, Outlet, OutletError, StoredObject,
    ToolAnswer,
};
use belljar_model::{Digest, Fault, LedgerEvent, WorkspacePath};
use bytes::Bytes;

use super::{FakeClock, Life};
use crate::Pins;

/// The pointer to the live release.
pub(crate) const POINTER: &str = "current";

/// What is outside.
pub(crate) struct World {
    life: Arc<Life>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) storage: BTreeMap<String, Bytes>,
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
    pub(crate) pins: BTreeMap<String, Vec<Digest>>,
    /// Requests that change something, as `METHOD URL`.
    pub(crate) sent: Vec<String>,
    /// Runs of tools.
    pub(crate) ran: Vec<String>,
    /// Releases, by id, that answer with an error.
    pub(crate) ill: BTreeSet<String>,
    /// Whether the service answers at all.
    pub(crate) vanished: bool,
}

impl World {
    pub(crate) fn new(life: Arc<Life>) -> Self {
        Self { life, state: Mutex::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The release that the pointer names.
    pub(crate) fn pointer(&self) -> Option<String> {
        let state = self.state();
        state.storage.get(POINTER).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, OutletError> {
        self.life.call(|| change(&mut self.state())).map_err(OutletError::Stop)
    }
}

impl Outlet for World {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        if request.method != "GET" {
            let line = format!("{} {}", request.method, request.url);
            self.change(|state| state.sent.push(line))?;
            return Ok(HttpAnswer { status: 201, headers: Vec::new(), body: Bytes::from("ok") });
        }
        let live = self.pointer().unwrap_or_default();
        let state = self.state();
        if state.vanished {
            return Err(OutletError::Unreachable("connection refused".to_owned()));
        }
        let status = if state.ill.contains(&live) { 500 } else { 200 };
        Ok(HttpAnswer { status, headers: Vec::new(), body: Bytes::from(live) })
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        let granted = request.url.starts_with("http://service/");
        let refused = || {
            let message = format!("{} was not granted", request.url);
            OutletError::Stop(crate::fault::policy(crate::fault::DEVIATES, message))
        };
        if granted { Ok(()) } else { Err(refused()) }
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let state = self.state();
        let all = state.storage.iter().filter_map(|(path, bytes)| {
            let path = WorkspacePath::parse(path).ok()?;
            path.is_within(prefix).then(|| StoredObject { path, size: bytes.len() as u64 })
        });
        Ok(all.collect())
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        self.state().storage.get(path.as_str()).cloned().ok_or(OutletError::NotFound)
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        let bytes = self.get(blob).ok().flatten().ok_or(OutletError::NotFound)?;
        self.change(|state| drop(state.storage.insert(path.to_string(), bytes)))
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        self.change(|state| drop(state.storage.insert(path.to_string(), data.clone())))
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        self.change(|state| {
            if state.storage.get(path.as_str()) != expected {
                return Err(OutletError::Conflict);
            }
            state.storage.insert(path.to_string(), data.clone());
            Ok(())
        })?
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.change(|state| drop(state.storage.remove(path.as_str())))
    }

    fn tool(&self, tool: &ToolEffect, _: &Bytes) -> Result<ToolAnswer, OutletError> {
        let line = format!("{} {}", tool.tool, tool.args.join(" "));
        self.change(|state| state.ran.push(line))?;
        Ok(ToolAnswer { code: 0, stdout: Bytes::new(), stderr: Bytes::new() })
    }
}

impl BlobSource for World {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.state().blobs.get(digest).cloned())
    }
}

impl BlobStore for World {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let digest = Digest::of(bytes);
        self.state().blobs.insert(digest, Bytes::copy_from_slice(bytes));
        Ok(digest)
    }
    fn contains(&self, digest: &Digest) -> bool {
        self.state().blobs.contains_key(digest)
    }
    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        unreachable!("delivering writes whole blobs")
    }
}

impl Pins for World {
    fn pin(&self, owner: &str, blobs: &[Digest]) -> Result<(), Fault> {
        self.life.call(|| drop(self.state().pins.insert(owner.to_owned(), blobs.to_vec())))
    }
    fn unpin(&self, owner: &str) -> Result<(), Fault> {
        self.life.call(|| drop(self.state().pins.remove(owner)))
    }
    fn damaged(&self, blobs: &[Digest]) -> Result<Vec<Digest>, Fault> {
        let state = self.state();
        Ok(blobs.iter().filter(|blob| !state.blobs.contains_key(blob)).copied().collect())
    }
}

/// A ledger in memory.
pub(crate) struct MemoryLedger {
    life: Arc<Life>,
    clock: Arc<FakeClock>,
    entries: Mutex<Vec<Entry>>,
}

impl MemoryLedger {
    pub(crate) fn new(life: Arc<Life>, clock: Arc<FakeClock>) -> Self {
        Self { life, clock, entries: Mutex::default() }
    }

    /// The events, without who and when.
    pub(crate) fn events(&self) -> Vec<LedgerEvent> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.event.clone()).collect()
    }
}

impl Ledger for MemoryLedger {
    fn append_if(
        &self,
        events: Vec<LedgerEvent>,
        may: &mut dyn FnMut(&[Entry]) -> Result<(), Fault>,
    ) -> Result<Vec<Entry>, Fault> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        may(&entries)?;
        let at = self.clock.now_ms();
        let first = entries.len() as u64;
        let made: Vec<Entry> = (first..)
            .zip(events)
            .map(|(seq, event)| Entry {
                seq,
                at,
                actor: "rita".to_owned(),
                host: "here".to_owned(),
                event,
            })
            .collect();
        self.life.call(|| entries.extend(made.iter().cloned()))?;
        Ok(made)
    }

    fn read(&self, read: &mut dyn FnMut(&[Entry])) -> Result<(), Fault> {
        read(&self.entries.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

/// What a request carries, for the plugin of the tests.
pub(crate) fn empty() -> Body {
    Body::Bytes(Bytes::new())
}
