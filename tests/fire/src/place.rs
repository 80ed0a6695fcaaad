//! Places for stores that are soon gone.

use std::io;
use std::path::Path;

use tempfile::TempDir;

/// A folder in memory where the system has one: a process that is killed loses nothing there
/// that it would keep on a disk, and no sync is waited for.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn quick() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}
