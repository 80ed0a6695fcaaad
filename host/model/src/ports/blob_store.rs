//! BlobStore: digest -> bytes.

use bytes::Bytes;

use crate::digest::Digest;
use crate::event::LogLine;
use crate::fault::Fault;

/// Something that has blobs.
pub trait BlobSource: Send + Sync {
    /// Returns the blob, verified: its digest is the one asked for. `None` if it is not here.
    ///
    /// # Errors
    /// When the blob is here but cannot be read, or is damaged.
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault>;

    /// Returns the blob as [`get`](Self::get) does. The caller will most likely want those of `next`
    /// soon and in this order, so a source that is far away may fetch some of them along.
    ///
    /// # Errors
    /// As [`get`](Self::get). That one of `next` cannot be read is no error.
    fn get_ahead(
        &self,
        digest: &Digest,
        next: &mut dyn Iterator<Item = Digest>,
    ) -> Result<Option<Bytes>, Fault> {
        let _ = next;
        self.get(digest)
    }
}

/// Something that keeps blobs.
pub trait BlobStore: BlobSource {
    /// Keeps a blob and returns its digest.
    ///
    /// # Errors
    /// When the blob cannot be written.
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault>;

    /// Whether the blob is here. Cheap: does not read it.
    fn contains(&self, digest: &Digest) -> bool;

    /// Starts a blob that is written piece by piece.
    ///
    /// # Errors
    /// When nothing can be written.
    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault>;
}

/// Keeps the lines of a log as a blob; `None` if there are none.
///
/// # Errors
/// When the blob cannot be written.
pub fn keep_log(blobs: &dyn BlobStore, lines: &[LogLine]) -> Result<Option<Digest>, Fault> {
    if lines.is_empty() {
        return Ok(None);
    }
    blobs.put(&LogLine::encode(lines)).map(Some)
}

/// A blob in the making. Dropped unfinished, it leaves nothing behind.
pub trait BlobWriter: Send {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When the bytes cannot be written.
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// Finishes the blob and returns its digest.
    ///
    /// # Errors
    /// When the blob cannot be kept.
    fn finish(self: Box<Self>) -> Result<Digest, Fault>;
}
