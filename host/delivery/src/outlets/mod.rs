//! Outlets: what a plugin's calls meet before, or instead of, the real way out.
//!
//! ```text
//! preview  → Recording   writes down, sends nothing
//! apply    → Permitting  compares with the plan, writes into the ledger, sends
//! observe  → Observing   reads; what else it does must be in the plan
//! ```

mod observing;
mod permitting;
mod recording;

pub(crate) use observing::{Observing, beyond_reading};
pub(crate) use permitting::{Course, Permitting, Stopped};
pub(crate) use recording::{Recorded, Recording};

use belljar_model::Digest;
use belljar_model::ports::{BlobStore, OutletError, StoredObject};
use bytes::Bytes;

/// Methods that change nothing (RFC 9110, 9.2.1).
pub(crate) fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

/// Keeps bytes as a blob.
pub(crate) fn keep(blobs: &dyn BlobStore, bytes: &[u8]) -> Result<Digest, OutletError> {
    blobs.put(bytes).map_err(OutletError::Stop)
}

/// Reads a blob that must be there.
pub(crate) fn kept(blobs: &dyn BlobStore, digest: &Digest) -> Result<Bytes, OutletError> {
    let lost = || {
        let message = format!("what a plugin was told ({}) is not in the store", digest.short());
        OutletError::Stop(crate::fault::infrastructure(crate::fault::LOST_ANSWER, message))
    };
    blobs.get(digest).map_err(OutletError::Stop)?.ok_or_else(lost)
}

/// A listing as it is kept in a blob: JSON pairs of path and size.
pub(crate) fn encode_listing(objects: &[StoredObject]) -> Vec<u8> {
    let pairs: Vec<_> = objects.iter().map(|object| (&object.path, object.size)).collect();
    serde_json::to_vec(&pairs).expect("a listing has a JSON form")
}

/// Reads what [`encode_listing`] has written.
pub(crate) fn decode_listing(bytes: &[u8]) -> Option<Vec<StoredObject>> {
    let pairs: Vec<(belljar_model::WorkspacePath, u64)> = serde_json::from_slice(bytes).ok()?;
    Some(pairs.into_iter().map(|(path, size)| StoredObject { path, size }).collect())
}
