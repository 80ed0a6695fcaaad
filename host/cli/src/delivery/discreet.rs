//! Discreet: a store that keeps what tools print, without the values of secrets in it.

use std::sync::Arc;

use belljar_model::ports::{BlobSource, BlobStore, BlobWriter};
use belljar_model::{Digest, Fault};
use belljar_outlet::Secrets;
use bytes::Bytes;

/// A store in which the values of secrets are replaced before anything is kept.
#[derive(Clone)]
pub(crate) struct Discreet {
    inner: Arc<dyn BlobStore>,
    secrets: Arc<Secrets>,
}

impl Discreet {
    pub(crate) fn new(inner: Arc<dyn BlobStore>, secrets: Arc<Secrets>) -> Self {
        Self { inner, secrets }
    }
}

impl BlobSource for Discreet {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        self.inner.get(digest)
    }
}

impl BlobStore for Discreet {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        self.inner.put(&self.secrets.mask(Bytes::copy_from_slice(bytes)))
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.inner.contains(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Ok(Box::new(Whole { store: self.clone(), bytes: Vec::new() }))
    }
}

/// A blob that is put as a whole, since a value may lie across two pieces. What tools print is
/// limited by `limits.log-bytes`.
struct Whole {
    store: Discreet,
    bytes: Vec<u8>,
}

impl BlobWriter for Whole {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Digest, Fault> {
        self.store.put(&self.bytes)
    }
}
