//! Lock: a lock on a file, held by this process until it is dropped.

use std::fs::{File, TryLockError};

use cap_std::fs::{OpenOptions, OpenOptionsExt as _};

use crate::error::DiskError;
use crate::root::Root;

/// An advisory lock. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    /// Closing the file releases the lock.
    file: File,
}

impl Lock {
    /// Waits until no one holds the lock exclusively, and shares it.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn shared(root: &Root, path: &str) -> Result<Self, DiskError> {
        let file = open(root, path)?;
        file.lock_shared().map_err(|error| root.failed("lock", path, error))?;
        Ok(Self { file })
    }

    /// Waits until no one holds the lock, and takes it alone.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn exclusive(root: &Root, path: &str) -> Result<Self, DiskError> {
        let file = open(root, path)?;
        file.lock().map_err(|error| root.failed("lock", path, error))?;
        Ok(Self { file })
    }

    /// Shares the lock, or returns `None` if someone holds it exclusively.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn try_shared(root: &Root, path: &str) -> Result<Option<Self>, DiskError> {
        let file = open(root, path)?;
        let taken = file.try_lock_shared();
        Self::tried(file, taken).map_err(|error| root.failed("lock", path, error))
    }

    /// Takes the lock alone, or returns `None` if someone holds it.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    pub fn try_exclusive(root: &Root, path: &str) -> Result<Option<Self>, DiskError> {
        let file = open(root, path)?;
        let taken = file.try_lock();
        Self::tried(file, taken).map_err(|error| root.failed("lock", path, error))
    }

    /// Takes a lock that is shared alone, or returns false if someone else shares it; then it is
    /// shared again. Not atomic: in between, another process may take it alone, unless a second
    /// lock keeps it from trying.
    ///
    /// # Errors
    /// When the system does not lock.
    pub fn try_upgrade(&mut self) -> std::io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => self.file.lock_shared().map(|()| false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Shares a lock that this process has alone.
    ///
    /// # Errors
    /// When the system does not lock.
    pub fn downgrade(&mut self) -> std::io::Result<()> {
        self.file.lock_shared()
    }

    fn tried(file: File, taken: Result<(), TryLockError>) -> std::io::Result<Option<Self>> {
        match taken {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn open(root: &Root, path: &str) -> Result<File, DiskError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = root.dir().open_with(path, &options);
    file.map(cap_std::fs::File::into_std).map_err(|error| root.failed("open", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_locks_go_together_and_an_exclusive_one_goes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let first = Lock::shared(&root, "lease").unwrap();
        let second = Lock::try_shared(&root, "lease").unwrap();
        assert!(second.is_some());
        assert!(Lock::try_exclusive(&root, "lease").unwrap().is_none());
        drop((first, second));
        let alone = Lock::try_exclusive(&root, "lease").unwrap();
        assert!(alone.is_some());
        assert!(Lock::try_shared(&root, "lease").unwrap().is_none());
        drop(alone);
        drop(Lock::exclusive(&root, "lease").unwrap());
    }

    #[test]
    fn a_shared_lock_becomes_exclusive_only_if_nobody_else_shares_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut first = Lock::shared(&root, "lease").unwrap();
        let second = Lock::shared(&root, "lease").unwrap();
        assert!(!first.try_upgrade().unwrap());
        assert!(Lock::try_exclusive(&root, "lease").unwrap().is_none(), "both are shared still");
        drop(second);
        assert!(first.try_upgrade().unwrap());
        assert!(Lock::try_shared(&root, "lease").unwrap().is_none());
        first.downgrade().unwrap();
        assert!(Lock::try_shared(&root, "lease").unwrap().is_some());
    }
}
