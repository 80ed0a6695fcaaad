//! Shipped files, read when they leave.

use belljar_model::ports::{BlobSource, OutletError};
use belljar_model::{Blame, Digest, Fault};
use bytes::Bytes;

use crate::code::NO_BLOB;

/// Reads a shipped file; the source has compared it with its digest.
pub(crate) fn shipped(blobs: &dyn BlobSource, digest: &Digest) -> Result<Bytes, OutletError> {
    let missing = || {
        let message = format!("the shipped file {} is not in the store", digest.short());
        Fault::new(Blame::Infrastructure, NO_BLOB, message)
            .note(format!("its digest is {digest}"))
            .help("run the pipeline again, so that the file is made and kept, and plan again")
    };
    blobs.get(digest).map_err(OutletError::Stop)?.ok_or_else(|| OutletError::Stop(missing()))
}
