//! Files: the folder of a ledger, and the one place that touches it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use belljar_disk::{DiskError, Lock, Mode, Root};
use belljar_model::Fault;

use crate::fault;

/// The lines.
pub(crate) const LINES: &str = "ledger.jsonl";

/// The two places of the checkpoint. They are written in turn, so that one is always whole.
pub(crate) const SLOTS: [&str; 2] = ["checkpoint.0", "checkpoint.1"];

/// What the two places hold.
pub(crate) type Slots = [Option<Vec<u8>>; 2];

const LOCK: &str = "lock";
const EVIDENCE: &str = "evidence";
const ROTATION: (&str, &str) = ("rotation-", ".checkpoint");

/// How long a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who else may use the folder at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sharing {
    /// Others who read.
    Readers,
    /// Nobody.
    Nobody,
}

/// The name of the file that keeps the checkpoint of this size, made when the key changed.
pub(crate) fn rotation(size: u64) -> String {
    format!("{}{size}{}", ROTATION.0, ROTATION.1)
}

/// The size that a name made by [`rotation`] tells.
pub(crate) fn rotation_size(name: &str) -> Option<u64> {
    let size = name.strip_prefix(ROTATION.0)?.strip_suffix(ROTATION.1)?.parse().ok()?;
    (rotation(size) == name).then_some(size)
}

/// The place of evidence.
pub(crate) fn evidence(sha256: &str) -> String {
    format!("{EVIDENCE}/{sha256}")
}

/// What a ledger asks of its folder. Names are relative to it.
pub(crate) trait Files: Send + Sync + std::fmt::Debug {
    /// Makes the folders, durably.
    fn prepare(&self) -> Result<(), DiskError>;

    /// Waits until the folder can be used in this way. `None` where locking is not possible or
    /// not needed.
    fn lock(&self, sharing: Sharing) -> Result<Option<Lock>, Fault>;

    /// The names of what is there.
    fn names(&self) -> Result<Vec<String>, DiskError>;

    /// A file from an offset (in bytes) on, or `None` if it is not there.
    fn read(&self, name: &str, offset: u64) -> Result<Option<Vec<u8>>, DiskError>;

    /// Replaces all behind an offset (in bytes), durably. Not atomic.
    fn write_tail(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), DiskError>;

    /// Writes a whole file at once, durably.
    fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;
}

/// What the two slots hold.
pub(crate) fn slots(files: &dyn Files) -> Result<Slots, DiskError> {
    Ok([files.read(SLOTS[0], 0)?, files.read(SLOTS[1], 0)?])
}

/// A folder on a disk.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    patience: Duration,
}

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), patience: PATIENCE }
    }

    fn root(&self) -> Result<Option<Root>, DiskError> {
        match Root::open(&self.path) {
            Ok(root) => Ok(Some(root)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks again and again: a process that was stopped while it held the lock must not stop
    /// the others for ever.
    fn wait(
        &self,
        mut ask: impl FnMut() -> Result<Option<Lock>, DiskError>,
    ) -> Result<Lock, Fault> {
        let (mut waited, mut pause) = (Duration::ZERO, Duration::from_micros(200));
        loop {
            if let Some(lock) = ask().map_err(fault::disk)? {
                return Ok(lock);
            }
            if waited >= self.patience {
                return Err(fault::locked());
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}

impl Files for Folder {
    fn prepare(&self) -> Result<(), DiskError> {
        Root::create_durable(&self.path.join(EVIDENCE)).map(drop)
    }

    fn lock(&self, sharing: Sharing) -> Result<Option<Lock>, Fault> {
        let Some(root) = self.root().map_err(fault::disk)? else { return Ok(None) };
        if sharing == Sharing::Nobody {
            return self.wait(|| Lock::try_exclusive(&root, LOCK)).map(Some);
        }
        // One who reads changes nothing, not even in a copy that may not be written.
        if root.stat(LOCK).map_err(fault::disk)?.is_none() {
            return Ok(None);
        }
        let mut is_readable = true;
        let lock = self.wait(|| match Lock::try_shared(&root, LOCK) {
            Err(error) if is_unwritable(&error) => {
                is_readable = false;
                Err(error)
            }
            asked => asked,
        });
        if is_readable { lock.map(Some) } else { Ok(None) }
    }

    fn names(&self) -> Result<Vec<String>, DiskError> {
        let Some(root) = self.root()? else { return Ok(Vec::new()) };
        let listed = root.list("")?;
        Ok(listed.into_iter().filter_map(|listed| listed.name.into_string().ok()).collect())
    }

    fn read(&self, name: &str, offset: u64) -> Result<Option<Vec<u8>>, DiskError> {
        match self.root()? {
            Some(root) => root.read_tail(name, offset),
            None => Ok(None),
        }
    }

    fn write_tail(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        Root::open(&self.path)?.write_tail(name, offset, bytes)
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        Root::open(&self.path)?.write_durable(name, bytes, Mode::Plain)
    }
}

fn is_unwritable(error: &DiskError) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_released_is_an_error_and_no_endless_wait() {
        let folder = tempfile::tempdir().unwrap();
        let patient = Folder::new(folder.path());
        let hasty = Folder { patience: Duration::ZERO, ..Folder::new(folder.path()) };
        let held = patient.lock(Sharing::Nobody).unwrap();
        assert!(held.is_some());
        for sharing in [Sharing::Readers, Sharing::Nobody] {
            let fault = hasty.lock(sharing).unwrap_err();
            assert_eq!(fault.code.as_str(), "E0907", "{sharing:?}");
        }
        drop(held);
        let one = hasty.lock(Sharing::Readers).unwrap();
        let other = hasty.lock(Sharing::Readers).unwrap();
        assert!(one.is_some() && other.is_some());
    }

    #[test]
    fn one_who_reads_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("none")] {
            let files = Folder::new(&path);
            assert!(files.lock(Sharing::Readers).unwrap().is_none());
            assert_eq!(files.read(LINES, 0).unwrap(), None);
            assert_eq!(files.names().unwrap(), [""; 0]);
        }
    }

    #[test]
    fn the_names_of_kept_checkpoints_are_read_only_as_written() {
        assert_eq!(rotation_size(&rotation(17)), Some(17));
        for name in ["rotation-017.checkpoint", "rotation-.checkpoint", "checkpoint.0"] {
            assert_eq!(rotation_size(name), None, "{name}");
        }
    }
}
