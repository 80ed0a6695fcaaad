//! A blob that is written piece by piece.

use std::sync::Arc;

use belljar_disk::Temp;
use belljar_model::ports::BlobWriter;
use belljar_model::{Digest, Fault};

use crate::flush::Shared;

/// Writes into a temporary file and hashes on the way.
pub(crate) struct FileBlobWriter {
    shared: Arc<Shared>,
    temp: Temp,
    hasher: blake3::Hasher,
}

impl FileBlobWriter {
    pub(crate) fn new(shared: &Arc<Shared>) -> Result<Self, Fault> {
        let temp = shared.blobs.temp().map_err(|error| shared.explain(error.into()))?;
        Ok(Self { shared: Arc::clone(shared), temp, hasher: blake3::Hasher::new() })
    }
}

impl BlobWriter for FileBlobWriter {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let appended = self.temp.append(bytes);
        appended.map_err(|error| self.shared.explain(error.into()))?;
        self.hasher.update(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Digest, Fault> {
        let Self { shared, temp, hasher } = *self;
        let digest = Digest::from_parts(*hasher.finalize().as_bytes(), hasher.count());
        if !shared.blobs.contains(&digest) {
            shared.blobs.adopt(digest, temp);
            shared.wake();
        }
        Ok(digest)
    }
}
