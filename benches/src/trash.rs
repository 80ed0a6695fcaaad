//! Trash: what a measurement must not find any more is moved away, and deleted when all is measured.
//!
//! ext4 goes around the inodes of files that were deleted within the last minutes, so whoever makes
//! files after a thousand others were deleted looks for room first, and that would be measured.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// The folder, and how many things are in it.
static TRASH: Mutex<Option<(tempfile::TempDir, usize)>> = Mutex::new(None);

/// Moves a file or a folder away, if it is there.
pub(crate) fn away(path: &Path) -> Result<()> {
    let mut trash = TRASH.lock().unwrap_or_else(PoisonError::into_inner);
    let (folder, count) = match &mut *trash {
        Some(trash) => trash,
        none => none.insert((tempfile::tempdir()?, 0)),
    };
    *count += 1;
    match fs::rename(path, folder.path().join(count.to_string())) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot move {} away", path.display()))
        }
        _ => Ok(()),
    }
}

/// Deletes all that was moved away.
pub(crate) fn empty() {
    *TRASH.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_away_is_not_there_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        for _ in 0..2 {
            fs::create_dir_all(&path).unwrap();
            away(&folder.path().join("a")).unwrap();
            assert!(!path.exists());
            away(&path).unwrap();
        }
        empty();
    }
}
