//! Stores that no value of a secret gets into.

use std::sync::Arc;

use belljar_model::mask::Scan;
use belljar_model::ports::{BlobSource, BlobStore, BlobWriter, WholeBlob};
use belljar_model::{Digest, Fault, Veil};
use bytes::Bytes;

use super::leak;

/// A store that refuses what holds a value: for the files that steps and tools make. It must stay
/// what it is, so nothing can stand in the value's place.
pub struct SealedBlobs {
    inner: Arc<dyn BlobStore>,
    veil: Veil,
}

impl SealedBlobs {
    /// Puts a store behind a veil.
    pub const fn new(inner: Arc<dyn BlobStore>, veil: Veil) -> Self {
        Self { inner, veil }
    }
}

impl BlobSource for SealedBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        self.inner.get(digest)
    }
}

impl BlobStore for SealedBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        if self.veil.mask().finds(bytes) {
            return Err(leak("a file that would be kept"));
        }
        self.inner.put(bytes)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.inner.contains(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        let scan = Scan::new(self.veil.mask());
        Ok(Box::new(Sealed { inner: self.inner.writer()?, scan }))
    }
}

/// A blob in the making. Dropped when a value is found, it leaves nothing behind.
struct Sealed {
    inner: Box<dyn BlobWriter>,
    scan: Scan,
}

impl BlobWriter for Sealed {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.scan.finds(bytes) {
            return Err(leak("a file that would be kept"));
        }
        self.inner.append(bytes)
    }

    fn finish(self: Box<Self>) -> Result<Digest, Fault> {
        self.inner.finish()
    }
}

/// A store that keeps what is printed, with `***` in the place of every value.
#[derive(Clone)]
pub struct MaskedBlobs {
    inner: Arc<dyn BlobStore>,
    veil: Veil,
}

impl MaskedBlobs {
    /// Puts a store behind a veil.
    pub const fn new(inner: Arc<dyn BlobStore>, veil: Veil) -> Self {
        Self { inner, veil }
    }
}

impl BlobSource for MaskedBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        self.inner.get(digest)
    }
}

impl BlobStore for MaskedBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        self.inner.put(&self.veil.mask().bytes(Bytes::copy_from_slice(bytes)))
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.inner.contains(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        if self.veil.mask().is_empty() {
            return self.inner.writer();
        }
        // As a whole, since a value may lie across two pieces. What tools print is limited by
        // `limits.log-bytes`.
        Ok(WholeBlob::new(self.clone()))
    }
}
