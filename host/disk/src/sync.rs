//! Barrier: one wait for many files, until everything written so far is on the disk.

use std::fs::File;

use crate::error::DiskError;
use crate::root::Root;

/// A place of a file system, opened before anything is written there: errors of writes that
/// happen later are then sure to be reported.
#[derive(Debug)]
pub struct Barrier {
    folder: File,
    root: Root,
}

impl Barrier {
    /// Prepares for a later [`Barrier::wait`].
    ///
    /// # Errors
    /// When the folder cannot be opened.
    pub fn new(root: &Root) -> Result<Self, DiskError> {
        let folder = root.open_to_sync("").map_err(|error| root.failed("open", "", error))?;
        Ok(Self { folder, root: root.clone() })
    }

    /// Waits until all that was written to this file system is on the disk. Much cheaper than
    /// one `fsync` a file.
    ///
    /// # Errors
    /// When something could not be written. What was written since the last barrier may be
    /// lost, and asking again would not tell: treat it as never written.
    pub fn wait(&self) -> Result<(), DiskError> {
        let failed = |error| self.root.failed("sync", "", error);
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.folder).map_err(|error| failed(error.into()))?;
        #[cfg(not(target_os = "linux"))]
        {
            self.folder.sync_all().map_err(failed)?;
            rustix::fs::sync();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barrier_works_on_a_fresh_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let barrier = Barrier::new(&root).unwrap();
        root.write_atomic("file", b"text", crate::Mode::Plain).unwrap();
        barrier.wait().unwrap();
    }
}
