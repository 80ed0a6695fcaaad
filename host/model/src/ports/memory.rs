//! The smallest forms of some ports: blobs in memory, a blob that is put as a whole, a log that
//! nobody reads. For hosts that keep nothing, and for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::blob_store::{BlobSource, BlobStore, BlobWriter};
use super::executor::LogSink;
use crate::digest::Digest;
use crate::event::LogLine;
use crate::fault::Fault;
use crate::step::StepName;

/// Blobs in memory, for as long as one of its clones lives.
#[derive(Clone, Default, Debug)]
pub struct MemoryBlobs(Arc<Mutex<BTreeMap<Digest, Bytes>>>);

impl MemoryBlobs {
    /// All blobs, by their digest.
    pub fn all(&self) -> BTreeMap<Digest, Bytes> {
        self.with(|blobs| blobs.clone())
    }

    /// Loses a blob, as a store may. Returns whether it was here.
    pub fn lose(&self, digest: &Digest) -> bool {
        self.with(|blobs| blobs.remove(digest).is_some())
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Digest, Bytes>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl BlobSource for MemoryBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.with(|blobs| blobs.get(digest).cloned()))
    }
}

impl BlobStore for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let digest = Digest::of(bytes);
        self.with(|blobs| blobs.insert(digest, Bytes::copy_from_slice(bytes)));
        Ok(digest)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.with(|blobs| blobs.contains_key(digest))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Ok(WholeBlob::new(self.clone()))
    }
}

/// A blob that is gathered in memory and put as a whole, for stores that must see all of it at
/// once.
#[derive(Debug)]
pub struct WholeBlob<S> {
    store: S,
    bytes: Vec<u8>,
}

impl<S: BlobStore> WholeBlob<S> {
    /// An empty blob on its way into a store.
    pub fn new(store: S) -> Box<Self> {
        Box::new(Self { store, bytes: Vec::new() })
    }
}

impl<S: BlobStore> BlobWriter for WholeBlob<S> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Digest, Fault> {
        self.store.put(&self.bytes)
    }
}

/// A log that nobody reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unheard;

impl LogSink for Unheard {
    fn line(&self, _: &StepName, _: &LogLine) {}
}
