//! The storage of an environment, as a deployment uses it.

use super::host::OutletRef;
use super::{StorageError, StorageProblem, Stored};

/// The storage that the environment names: a folder, or a bucket. While a plan is made, what is
/// written is seen by later reads of the same call, and by nobody else.
#[derive(Clone)]
pub struct Storage {
    outlet: OutletRef,
}

impl Storage {
    pub(crate) fn new(outlet: OutletRef) -> Self {
        Self { outlet }
    }

    /// Returns the objects below a prefix of whole segments (empty for all), sorted by path.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    pub fn list(&self, prefix: &str) -> Result<Vec<Stored>, StorageError> {
        self.outlet.list(prefix).map_err(|problem| StorageError::new(prefix, problem))
    }

    /// Returns a whole object of at most 8 MiB.
    ///
    /// # Errors
    /// When nothing is there, or the storage cannot be asked.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, StorageError> {
        self.outlet.read(path).map_err(|problem| StorageError::new(path, problem))
    }

    /// Returns a whole object of at most 8 MiB, or nothing if nothing is there.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    pub fn read_if_there(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match self.outlet.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StorageProblem::NotFound) => Ok(None),
            Err(problem) => Err(StorageError::new(path, problem)),
        }
    }

    /// Puts a shipped file, of any size: its bytes do not move through the plugin.
    ///
    /// # Errors
    /// When there is no such artifact, or the storage does not take it.
    pub fn put(&self, path: &str, artifact: &str) -> Result<(), StorageError> {
        self.outlet.put(path, artifact).map_err(|problem| {
            let wrong = if problem == StorageProblem::InvalidPath { artifact } else { path };
            StorageError::new(wrong, problem)
        })
    }

    /// Writes a small object.
    ///
    /// # Errors
    /// When the storage does not take it.
    pub fn write(&self, path: &str, data: impl AsRef<[u8]>) -> Result<(), StorageError> {
        self.outlet.write(path, data.as_ref()).map_err(|problem| StorageError::new(path, problem))
    }

    /// Replaces a small object, only if it still holds `expected` (`None`: only if nothing is
    /// there). Nobody ever sees a part of it.
    ///
    /// # Errors
    /// [`StorageProblem::Conflict`] if it does not, or when the storage does not take it.
    pub fn swap(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        data: impl AsRef<[u8]>,
    ) -> Result<(), StorageError> {
        self.outlet
            .swap(path, expected, data.as_ref())
            .map_err(|problem| StorageError::new(path, problem))
    }

    /// Removes an object. That nothing is there is no error.
    ///
    /// # Errors
    /// When the storage does not do it.
    pub fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.outlet.remove(path).map_err(|problem| StorageError::new(path, problem))
    }
}
