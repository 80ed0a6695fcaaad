//! Body: the bytes of a file that a guest is writing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::ports::{BlobStore, BlobWriter};
use belljar_model::{Digest, Fault};

use crate::bindings::ambient::wasi::filesystem::types::ErrorCode;
use crate::fault;

/// A file up to this size stays in memory while it is open.
const MEMORY: u64 = 16 << 20;
/// A file over this size moves to the store when it is closed.
const MEMORY_CLOSED: usize = 64 << 10;
/// The largest file that can be changed in its middle.
const RANDOM_ACCESS: u64 = 256 << 20;

/// A written file, shared by the output layer and the descriptors that have it open.
#[derive(Clone)]
pub(crate) struct SharedFile(Arc<Mutex<Body>>);

/// The bytes of one file.
pub(crate) struct Body {
    kept: Kept,
    len: u64,
}

/// Where the bytes are.
enum Kept {
    /// Here; every change is possible.
    Memory(Vec<u8>),
    /// On the way into the store; bytes can only be added.
    Growing(Box<dyn BlobWriter>),
    /// In the store.
    Stored(Digest),
}

/// Why a file cannot be changed.
pub(crate) enum BodyError {
    /// The guest is told.
    Code(ErrorCode),
    /// The step ends.
    Fault(Fault),
}

impl From<Fault> for BodyError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl SharedFile {
    /// A file with the given body.
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// The body. One execution has one thread, so this never waits.
    pub(crate) fn body(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody else holds the file.
    pub(crate) fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether both are the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Body {
    /// An empty file.
    pub(crate) const fn empty() -> Self {
        Self { kept: Kept::Memory(Vec::new()), len: 0 }
    }

    /// A file whose bytes are in the store.
    pub(crate) const fn stored(digest: Digest) -> Self {
        Self { kept: Kept::Stored(digest), len: digest.size() }
    }

    /// How many bytes it has.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// Returns up to `len` bytes from `offset` on.
    pub(crate) fn read(
        &mut self,
        offset: u64,
        len: u64,
        store: &dyn BlobStore,
    ) -> Result<Vec<u8>, Fault> {
        if matches!(self.kept, Kept::Growing(_)) {
            self.digest(store)?;
        }
        match &self.kept {
            Kept::Memory(bytes) => Ok(piece(bytes, offset, len)),
            Kept::Growing(_) => unreachable!("it was just stored"),
            Kept::Stored(digest) => Ok(piece(&stored(store, digest)?, offset, len)),
        }
    }

    /// Writes bytes at `offset`; a gap before it is filled with zeros.
    pub(crate) fn write(
        &mut self,
        offset: u64,
        bytes: &[u8],
        store: &dyn BlobStore,
    ) -> Result<(), BodyError> {
        let end =
            offset.checked_add(bytes.len() as u64).ok_or(BodyError::Code(ErrorCode::Overflow))?;
        if offset == self.len && end > MEMORY {
            self.append(bytes, store)?;
        } else {
            let start =
                usize::try_from(offset).map_err(|_| BodyError::Code(ErrorCode::Overflow))?;
            let kept = self.memory(end, store)?;
            if kept.len() < start + bytes.len() {
                kept.resize(start + bytes.len(), 0);
            }
            kept[start..start + bytes.len()].copy_from_slice(bytes);
        }
        self.len = self.len.max(end);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], store: &dyn BlobStore) -> Result<(), BodyError> {
        if !matches!(self.kept, Kept::Growing(_)) {
            let mut writer = store.writer()?;
            match &self.kept {
                Kept::Memory(kept) => writer.append(kept)?,
                Kept::Stored(digest) => writer.append(&stored(store, digest)?)?,
                Kept::Growing(_) => {}
            }
            self.kept = Kept::Growing(writer);
        }
        if let Kept::Growing(writer) = &mut self.kept {
            writer.append(bytes)?;
        }
        Ok(())
    }

    /// Cuts the file, or fills it up with zeros.
    pub(crate) fn set_len(&mut self, len: u64, store: &dyn BlobStore) -> Result<(), BodyError> {
        if len == 0 {
            *self = Self::empty();
        } else if len != self.len {
            let size = usize::try_from(len).map_err(|_| BodyError::Code(ErrorCode::Overflow))?;
            self.memory(len, store)?.resize(size, 0);
            self.len = len;
        }
        Ok(())
    }

    /// Brings all bytes into memory, to be changed there.
    fn memory(&mut self, wanted: u64, store: &dyn BlobStore) -> Result<&mut Vec<u8>, BodyError> {
        if wanted.max(self.len) > RANDOM_ACCESS {
            return Err(BodyError::Code(ErrorCode::FileTooLarge));
        }
        if !matches!(self.kept, Kept::Memory(_)) {
            let digest = self.digest(store)?;
            self.kept = Kept::Memory(stored(store, &digest)?.to_vec());
        }
        match &mut self.kept {
            Kept::Memory(bytes) => Ok(bytes),
            Kept::Growing(_) | Kept::Stored(_) => unreachable!("it was just brought here"),
        }
    }

    /// Moves a large file into the store, because nobody has it open.
    pub(crate) fn settle(&mut self, store: &dyn BlobStore) -> Result<(), Fault> {
        match &self.kept {
            Kept::Memory(bytes) if bytes.len() <= MEMORY_CLOSED => Ok(()),
            Kept::Stored(_) => Ok(()),
            Kept::Memory(_) | Kept::Growing(_) => self.digest(store).map(drop),
        }
    }

    /// Moves the file into the store and returns its digest.
    pub(crate) fn digest(&mut self, store: &dyn BlobStore) -> Result<Digest, Fault> {
        let digest = match std::mem::replace(&mut self.kept, Kept::Memory(Vec::new())) {
            Kept::Memory(bytes) => store.put(&bytes)?,
            Kept::Growing(writer) => writer.finish()?,
            Kept::Stored(digest) => digest,
        };
        self.kept = Kept::Stored(digest);
        Ok(digest)
    }
}

fn stored(store: &dyn BlobStore, digest: &Digest) -> Result<bytes::Bytes, Fault> {
    store.get(digest)?.ok_or_else(|| {
        fault::sandbox(format!("blob {} was just written and is not in the store", digest.short()))
    })
}

/// Up to `len` bytes from `offset` on; fewer, or none, at the end.
pub(crate) fn piece(bytes: &[u8], offset: u64, len: u64) -> Vec<u8> {
    let clamp = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
    bytes[clamp(offset)..clamp(offset.saturating_add(len))].to_vec()
}
