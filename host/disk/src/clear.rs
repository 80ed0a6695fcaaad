//! Clear: removing a tree that others made, however deep it is and whatever its modes are.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode as Bits, OFlags};
use rustix::io::Errno;

use crate::error::DiskError;
use crate::root::Root;

impl Root {
    /// Removes what is directly in this directory under `name`, with all below it. Folders that
    /// may not be entered are made enterable first; no link is followed. Uses few descriptors
    /// and little stack, however deep the tree is. Returns whether it was there.
    ///
    /// Nobody may be at work in the tree.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn clear(&self, name: &str) -> Result<bool, DiskError> {
        clear(self.dir(), OsStr::new(name)).map_err(|error| self.failed("remove", name, error))
    }
}

/// Folders that are found within folders are moved up beside their parents, so that no path is
/// ever longer than two names.
fn clear(dir: &Dir, name: &OsStr) -> io::Result<bool> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) => return Ok(true),
        Err(Errno::NOENT) => return Ok(false),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let top = enter(dir, name)?;
    let mut moved = 0_u64;
    loop {
        let mut folders = Vec::new();
        for entry in entries(&top)? {
            if !unlinked(&top, &entry)? {
                folders.push(entry);
            }
        }
        if folders.is_empty() {
            break;
        }
        for folder in folders {
            let inner = enter(&top, &folder)?;
            for entry in entries(&inner)? {
                if unlinked(&inner, &entry)? {
                    continue;
                }
                enter(&inner, &entry)?; // a folder is moved only by who may write to it
                moved += 1;
                move_up(&inner, &entry, &top, moved)?;
            }
            drop(inner);
            rustix::fs::unlinkat(&top, &folder, AtFlags::REMOVEDIR)?;
        }
    }
    rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR)?;
    Ok(true)
}

/// Gives a folder a name in `top` that nothing has.
fn move_up(inner: &Dir, entry: &OsStr, top: &Dir, mut number: u64) -> io::Result<()> {
    loop {
        let name = format!(".belljar-clear-{number}");
        let flags = rustix::fs::RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(inner, entry, top, &name, flags) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => number += 1 << 32,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes what is not a folder. Returns whether that is done.
fn unlinked(dir: &Dir, name: &OsStr) -> io::Result<bool> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder, after giving its owner all rights to it where they are missing.
fn enter(dir: &Dir, name: &OsStr) -> io::Result<Dir> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::Directory {
        return Err(Errno::NOTDIR.into());
    }
    if stat.st_mode & 0o700 != 0o700 {
        rustix::fs::chmodat(dir, name, Bits::from_raw_mode(0o700), AtFlags::empty())?;
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(dir, name, flags, Bits::empty())?;
    Ok(Dir::from_std_file(std::fs::File::from(opened)))
}

fn entries(dir: &Dir) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_tree_without_rights_is_removed_and_what_links_name_stays() {
        belljar_cases::case!("C09");
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        root.create_dir_all("tree/a/b").unwrap();
        root.create_dir_all("kept").unwrap();
        root.place_file("kept/file", b"", crate::Mode::Plain, 0).unwrap();
        root.place_file("tree/a/b/file", b"", crate::Mode::Plain, 0).unwrap();
        root.place_link("../kept", "tree/link").unwrap();
        for place in ["tree/a/b", "tree/a", "tree"] {
            let path = folder.path().join(place);
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o0)).unwrap();
        }
        assert!(root.clear("tree").unwrap());
        assert!(!root.clear("tree").unwrap());
        assert_eq!(root.list("").unwrap().len(), 1);
        assert_eq!(root.list("kept").unwrap().len(), 1);
    }

    #[test]
    fn a_tree_deeper_than_any_path_is_removed() {
        belljar_cases::case!("C09");
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let name = "a-folder-with-quite-a-long-name";
        root.place_folder("tree").unwrap();
        let mut inner = root.folder_itself("tree").unwrap();
        for _ in 0..3_000 {
            inner.place_folder(name).unwrap();
            inner.place_folder("beside").unwrap();
            inner = inner.folder_itself(name).unwrap();
        }
        drop(inner);
        assert!(root.clear("tree").unwrap());
        assert_eq!(root.list("").unwrap(), []);
    }
}
