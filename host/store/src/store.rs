//! Store: one folder with blobs, records and compiled plugins.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use belljar_disk::{Lock, Root};
use belljar_model::ports::{BlobSource, BlobStore, BlobWriter, Clock};
use belljar_model::{Digest, Fault};
use bytes::Bytes;

use crate::blob_writer::FileBlobWriter;
use crate::blobs::Kept;
use crate::cache::WorkspaceCache;
use crate::error::StoreError;
use crate::flush::Shared;
use crate::trust::Trust;
use crate::{layout, open};

/// The local store. Several processes may use one folder at once.
///
/// Dropped, it writes what is still queued; an error then goes unheard, so call
/// [`Store::flush`] first.
pub struct Store {
    pub(crate) root: Root,
    pub(crate) shared: Arc<Shared>,
    /// Tells other processes that this one uses the store.
    pub(crate) lease: Mutex<Lock>,
    /// Whether garbage was collected because the disk was full: it helps at most once.
    pub(crate) relieved: AtomicBool,
    /// When it was opened, in milliseconds since 1970-01-01 UTC.
    pub(crate) opened: u64,
    /// What was found and mended while it was opened.
    pub(crate) remarks: Vec<String>,
}

impl Store {
    /// Opens the store in a folder, which is made if it is missing. The keys of the machine are
    /// not in it: a store may travel to another machine.
    ///
    /// # Errors
    /// When the folder or the database in it cannot be used, or is of a later version.
    pub fn open(root: &Path, clock: Arc<dyn Clock>, trust: Trust) -> Result<Self, StoreError> {
        open::open(root, clock, trust)
    }

    /// The cache as one workspace sees it: records are shared between workspaces, the history
    /// of steps is not. `workspace` is any text that names the workspace on this machine.
    pub fn for_workspace(&self, workspace: &str) -> WorkspaceCache {
        WorkspaceCache::new(Arc::clone(&self.shared), workspace)
    }

    /// Makes all that was put durable, and returns when it is.
    ///
    /// # Errors
    /// When something could not be written, now or in the background before. Then nothing more
    /// is written by this process, although it can still read what it put.
    pub fn flush(&self) -> Result<(), Fault> {
        self.shared.flush().or_else(|fault| self.relieved(fault, || self.shared.flush()))
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// A folder for compiled plugins, which only the owner can enter.
    pub fn aot_dir(&self) -> PathBuf {
        self.root.path().join(layout::AOT)
    }

    /// A folder for native tools: run folders, what is known of executables, and state.
    pub fn tools_dir(&self) -> PathBuf {
        self.root.path().join(layout::TOOLS)
    }

    /// A secret of this machine, with which compiled plugins are authenticated.
    pub fn machine_key(&self) -> [u8; 32] {
        self.shared.judge.trust.key.compiled()
    }

    /// As whom this process writes, and whose records it uses.
    pub fn trust(&self) -> &Trust {
        &self.shared.judge.trust
    }

    /// What a person should hear about this store: what was damaged and replaced. Empty if there
    /// is nothing to say.
    pub fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }

    /// The blobs that turned out to be damaged while this process read them. They were moved
    /// away, and the steps that made them will run again.
    pub fn damaged(&self) -> Vec<Digest> {
        self.shared.blobs.damaged()
    }
}

impl BlobSource for Store {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.shared.blobs.get(digest).map_err(StoreError::Disk)?)
    }
}

impl BlobStore for Store {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let put =
            || self.shared.blobs.put(bytes).map_err(|error| self.shared.explain(error.into()));
        let (digest, kept) = put().or_else(|fault| self.relieved(fault, put))?;
        if kept == Kept::Now {
            self.shared.wake();
        }
        Ok(digest)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.shared.blobs.contains(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        let start = || FileBlobWriter::new(&self.shared);
        Ok(Box::new(start().or_else(|fault| self.relieved(fault, start))?))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.close();
        // Nobody is left to be told; the next run makes again what is missing.
        let _ = self.shared.flush();
    }
}
