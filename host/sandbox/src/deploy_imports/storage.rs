//! `belljar:step/storage`: the place that the environment names as its storage.

use belljar_model::WorkspacePath;
use belljar_model::ports::{MAX_ANSWER, OutletError, StoredObject};
use bytes::Bytes;
use wasmtime::Result;

use crate::bindings::deploy::belljar::step::storage as wit;
use crate::bindings::deploy::belljar::step::storage::StorageError;
use crate::state::State;

type Told<T> = Result<std::result::Result<T, StorageError>>;

const fn error(error: &OutletError) -> StorageError {
    match error {
        OutletError::NotFound => StorageError::NotFound,
        OutletError::Conflict => StorageError::Conflict,
        OutletError::Denied(_) => StorageError::Denied,
        OutletError::TooLarge => StorageError::TooLarge,
        OutletError::Unreachable(_)
        | OutletError::TimedOut
        | OutletError::Unexpected(_)
        | OutletError::Stop(_) => StorageError::Unreachable,
    }
}

/// Whether so much may be read or written at once.
const fn fits(data: &[u8]) -> bool {
    data.len() as u64 <= MAX_ANSWER
}

impl wit::Host for State {
    fn list(&mut self, prefix: String) -> Told<Vec<wit::Stored>> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let at = if prefix.is_empty() { Some(WorkspacePath::root()) } else { Self::path(&prefix) };
        let Some(at) = at else { return Ok(Err(StorageError::InvalidPath)) };
        let objects = self.answered(&format!("list {at}"), outlet.list(&at), error)?;
        let stored = |object: StoredObject| wit::Stored {
            path: object.path.as_str().to_owned(),
            size: object.size,
        };
        Ok(objects.map(|objects| objects.into_iter().map(stored).collect()))
    }

    fn read(&mut self, path: String) -> Told<Vec<u8>> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let Some(path) = Self::path(&path) else { return Ok(Err(StorageError::InvalidPath)) };
        let read = outlet
            .read(&path)
            .and_then(|bytes| if fits(&bytes) { Ok(bytes) } else { Err(OutletError::TooLarge) });
        Ok(self.answered(&format!("read {path}"), read, error)?.map(Vec::from))
    }

    fn put(&mut self, path: String, artifact: String) -> Told<()> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let artifacts = self.deployment.as_ref().map(|deployment| &deployment.artifacts);
        let digest = Self::path(&artifact).and_then(|path| artifacts?.get(&path).copied());
        let (Some(path), Some(digest)) = (Self::path(&path), digest) else {
            return Ok(Err(StorageError::InvalidPath));
        };
        self.answered(&format!("put {path}"), outlet.put(&path, &digest), error)
    }

    fn write(&mut self, path: String, data: Vec<u8>) -> Told<()> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let Some(path) = Self::path(&path) else { return Ok(Err(StorageError::InvalidPath)) };
        if !fits(&data) {
            return Ok(Err(StorageError::TooLarge));
        }
        self.answered(&format!("write {path}"), outlet.write(&path, &Bytes::from(data)), error)
    }

    fn swap(&mut self, path: String, expected: Option<Vec<u8>>, data: Vec<u8>) -> Told<()> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let Some(path) = Self::path(&path) else { return Ok(Err(StorageError::InvalidPath)) };
        if !fits(&data) {
            return Ok(Err(StorageError::TooLarge));
        }
        let (expected, data) = (expected.map(Bytes::from), Bytes::from(data));
        let swapped = outlet.swap(&path, expected.as_ref(), &data);
        self.answered(&format!("switch {path}"), swapped, error)
    }

    fn remove(&mut self, path: String) -> Told<()> {
        let outlet = self.outlet();
        let outlet = self.or_end(outlet)?;
        let Some(path) = Self::path(&path) else { return Ok(Err(StorageError::InvalidPath)) };
        self.answered(&format!("remove {path}"), outlet.remove(&path), error)
    }
}
