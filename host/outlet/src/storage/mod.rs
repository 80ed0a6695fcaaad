//! Storage: the place of an environment that holds objects.

#[cfg(feature = "s3")]
mod bucket;
mod folder;
#[cfg(feature = "s3")]
mod transport;

use std::path::Path;

use belljar_model::ports::{OutletError, StoredObject};
use belljar_model::{Fault, WorkspacePath};
use bytes::Bytes;

use crate::place::StoragePlace;
use crate::secret::Secrets;

/// A place that holds objects by path. Every call is durable when it returns.
pub trait Storage: Send + Sync {
    /// Lists the objects that are at or below a prefix of path segments, sorted by path.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError>;

    /// Reads one object of at most [`MAX_ANSWER`](belljar_model::ports::MAX_ANSWER) bytes.
    ///
    /// # Errors
    /// When nothing is there, it is too large, or the storage cannot be asked.
    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError>;

    /// Writes an object of any size. Nobody ever sees a part of it.
    ///
    /// # Errors
    /// When the storage cannot take it; then what was there before stays.
    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError>;

    /// Replaces an object only if it still holds `expected` (`None`: only if nothing is there).
    ///
    /// In a folder this holds among all who go through this crate: they take a lock. In a bucket
    /// it holds among all who write, as far as the service honors `If-Match` and `If-None-Match`
    /// when an object is put. Amazon does. With a service that ignores them, the object is
    /// compared when it is read just before, and who writes in between is overwritten.
    ///
    /// # Errors
    /// [`OutletError::Conflict`] if it does not, or when the storage cannot take it.
    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError>;

    /// Removes an object; that nothing is there is no error.
    ///
    /// # Errors
    /// When the storage cannot do it.
    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError>;
}

/// Opens the storage of an environment. A relative folder lies in `workspace`. Nothing is
/// connected, made or looked at yet.
///
/// # Errors
/// When a secret that it needs was not granted, or it cannot be used as it is described.
pub fn open_storage(
    place: &StoragePlace,
    workspace: &Path,
    secrets: &Secrets,
) -> Result<Box<dyn Storage>, Fault> {
    match place {
        StoragePlace::Folder(folder) => Ok(Box::new(folder::Folder::new(workspace.join(folder)))),
        #[cfg(feature = "s3")]
        StoragePlace::Bucket(place) => Ok(Box::new(bucket::Bucket::new(place, secrets)?)),
        #[cfg(not(feature = "s3"))]
        StoragePlace::Bucket(_) => {
            let _ = secrets;
            Err(crate::place::StorageError::NotBuilt.into())
        }
    }
}
