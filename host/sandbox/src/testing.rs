//! Doubles for the tests of this crate.

use belljar_model::ports::{BlobSource, BlobStore, BlobWriter};
use belljar_model::{Digest, Fault};
use bytes::Bytes;

/// A store without blobs that takes none.
pub(crate) struct NoBlobs;

impl BlobSource for NoBlobs {
    fn get(&self, _digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(None)
    }
}

impl BlobStore for NoBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        Ok(Digest::of(bytes))
    }

    fn contains(&self, _digest: &Digest) -> bool {
        false
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Err(crate::fault::sandbox("no blobs are kept"))
    }
}
