//! Tail: files that grow at their end or are changed in place, durably. For records that hold
//! their own proof of being whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use cap_std::fs::{OpenOptions, OpenOptionsExt as _};

use crate::error::{DiskError, is_absent};
use crate::root::Root;
use crate::temp::Mode;

impl Root {
    /// Opens a directory, after making it and those above it where they are missing, and returns
    /// when the new directories will survive a power cut.
    ///
    /// # Errors
    /// When it cannot be made, opened or synced.
    pub fn create_durable(path: &Path) -> Result<Self, DiskError> {
        let mut missing = Vec::new();
        for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            match Self::open(folder) {
                Ok(_) => break,
                Err(error) if error.is_absent() => missing.push(folder),
                Err(error) => return Err(error),
            }
        }
        let root = Self::create(path)?;
        for folder in missing {
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
            Self::open(parent.unwrap_or(Path::new(".")))?.sync_folder("")?;
        }
        Ok(root)
    }

    /// Reads a file from `offset` (in bytes) to its end, or returns `None` if nothing is there.
    /// Nothing is read of a file that is shorter.
    ///
    /// # Errors
    /// When something is there but cannot be read.
    pub fn read_tail(&self, path: &str, offset: u64) -> Result<Option<Vec<u8>>, DiskError> {
        match self.read_tail_raw(path, offset) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn read_tail_raw(&self, path: &str, offset: u64) -> io::Result<Vec<u8>> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = self.dir().open(path)?;
        let rest = file.metadata()?.len().saturating_sub(offset);
        let mut bytes = Vec::with_capacity(usize::try_from(rest).unwrap_or(0) + 1);
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Makes a file hold its first `offset` bytes, then `bytes`, and no more, and returns when
    /// this will survive a power cut. The file is made if it is not there; its name is durable
    /// then too. Not atomic: after an error or an interruption, what stands behind `offset` is
    /// unknown, and what stands before it is as it was.
    ///
    /// # Errors
    /// When it cannot be written or synced.
    pub fn write_tail(&self, path: &str, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let is_new = self.stat(path)?.is_none();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(Mode::Plain.bits());
        let file = self.dir().open_with(path, &options).map(cap_std::fs::File::into_std);
        let file = file.map_err(|error| self.failed("write", path, error))?;
        write_and_cut(&file, offset, bytes).map_err(|error| self.failed("write", path, error))?;
        file.sync_data().map_err(|error| self.failed("sync", path, error))?;
        if is_new {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            self.sync_folder(folder)?;
        }
        Ok(())
    }
}

fn write_and_cut(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, offset)?;
    let size = offset + bytes.len() as u64;
    if file.metadata()?.len() == size { Ok(()) } else { file.set_len(size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_an_offset_is_replaced_and_what_is_before_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let check = |offset: u64, bytes: &[u8], expected: &[u8]| {
            root.write_tail("file", offset, bytes).unwrap();
            assert_eq!(root.read("file").unwrap(), expected);
        };
        check(0, b"one\n", b"one\n");
        check(4, b"two\n", b"one\ntwo\n");
        check(4, b"3\n", b"one\n3\n");
        check(4, b"", b"one\n");
        check(0, b"x", b"x");
    }

    #[test]
    fn a_tail_is_read_from_where_it_begins() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        assert_eq!(root.read_tail("file", 0).unwrap(), None);
        root.write_tail("file", 0, b"text").unwrap();
        for (offset, expected) in [(0, "text"), (3, "t"), (4, ""), (9, "")] {
            let read = root.read_tail("file", offset).unwrap();
            assert_eq!(read.as_deref(), Some(expected.as_bytes()), "from {offset}");
        }
    }

    #[test]
    fn folders_are_made_durable_with_those_above_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c");
        for _ in 0..2 {
            let root = Root::create_durable(&path).unwrap();
            assert_eq!(root.list("").unwrap(), []);
        }
        Root::open(folder.path()).unwrap().write_tail("file", 0, b"").unwrap();
        assert!(Root::create_durable(&folder.path().join("file/in")).is_err());
    }
}
