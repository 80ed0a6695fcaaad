//! Usage: how many bytes a tool has written below a folder.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};

/// Folders within folders that are still looked into.
pub(super) const DEEPEST: usize = 128;

/// A tree that is nested deeper than any that is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooDeep;

/// The bytes that all files below a folder occupy. The tree may change meanwhile, so it is walked
/// by descriptor and no link is followed; what is gone again is left out.
pub(super) fn bytes_below(folder: &Path) -> Result<u64, TooDeep> {
    const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);
    openat(CWD, folder, FOLDER, Mode::empty()).map_or(Ok(0), |folder| walk(&folder, 0))
}

fn walk(folder: &OwnedFd, depth: usize) -> Result<u64, TooDeep> {
    if depth > DEEPEST {
        return Err(TooDeep);
    }
    let Ok(entries) = Dir::read_from(folder) else { return Ok(0) };
    let mut bytes = 0_u64;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        bytes = bytes.saturating_add(entry_bytes(folder, name, depth)?);
    }
    Ok(bytes)
}

fn entry_bytes(folder: &OwnedFd, name: &CStr, depth: usize) -> Result<u64, TooDeep> {
    let Ok(found) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(0) };
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return Ok(u64::try_from(found.st_blocks).unwrap_or(0).saturating_mul(512));
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(inner) => walk(&inner, depth + 1),
        Err(_) => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_and_links_are_not_followed() {
        belljar_cases::case!("C10");
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("large"), vec![1; 1 << 20]).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("inner/file"), vec![1; 100_000]).unwrap();
        let bytes = bytes_below(folder.path()).unwrap();
        assert!((100_000..300_000).contains(&bytes), "{bytes}");
        assert_eq!(bytes_below(&folder.path().join("absent")), Ok(0));
    }

    #[test]
    fn an_endless_nest_of_folders_is_not_walked_to_its_end() {
        belljar_cases::case!("C09");
        let folder = tempfile::tempdir().unwrap();
        let deep = "d/".repeat(DEEPEST + 2);
        std::fs::create_dir_all(folder.path().join(deep)).unwrap();
        assert_eq!(bytes_below(folder.path()), Err(TooDeep));
    }
}
