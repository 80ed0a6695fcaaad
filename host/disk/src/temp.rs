//! Temp: a file in the making, that gets its name when it is complete.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{File, OpenOptions, OpenOptionsExt as _};

use crate::error::DiskError;
use crate::root::Root;

/// How the names of files in the making begin. They never belong to a user.
pub const TEMP_PREFIX: &str = ".belljar-tmp-";

/// Who may do what with a new file. The process's mask takes away more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Its owner reads and writes it.
    Private,
    /// Everyone reads it, its owner writes it.
    Plain,
    /// Everyone reads and executes it, its owner writes it.
    Executable,
    /// Everyone reads it, nobody writes it.
    Sealed,
}

impl Mode {
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Plain => 0o644,
            Self::Executable => 0o755,
            Self::Sealed => 0o444,
        }
    }
}

/// Whether a file must be on the disk before it gets its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// The system writes it when it likes: a power cut may leave an empty file.
    Cached,
    /// Content first, then the name, then the folder: it survives a power cut, and costs
    /// milliseconds.
    Synced,
}

/// A file without its final name. Dropped before [`Temp::persist`], it is removed.
#[derive(Debug)]
pub struct Temp {
    root: Root,
    file: File,
    name: TempName,
}

/// The path of a temporary file; `None` once it has its final name.
#[derive(Debug)]
struct TempName(Option<String>);

impl Temp {
    /// Starts a file in `folder`, which must be there.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(root: &Root, folder: &str, mode: Mode) -> Result<Self, DiskError> {
        loop {
            let path = fresh(folder);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(mode.bits());
            match root.dir().open_with(&path, &options) {
                Ok(file) => {
                    return Ok(Self { root: root.clone(), file, name: TempName(Some(path)) });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(root.failed("write", &path, error)),
            }
        }
    }

    /// Where the file is now, relative to its root.
    pub fn path(&self) -> &str {
        self.name.0.as_deref().unwrap_or_default()
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When they cannot be written, for instance because the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all(bytes).map_err(|error| self.root.failed("write", self.path(), error))
    }

    /// Closes the file and leaves it under its temporary name, which is returned. Whoever keeps
    /// the name answers for the file.
    pub fn keep(mut self) -> String {
        self.name.0.take().unwrap_or_default()
    }

    /// Gives the file its name. What was there is replaced, never followed.
    ///
    /// # Errors
    /// When it cannot be synced or renamed; then it is removed.
    pub fn persist(mut self, path: &str, durability: Durability) -> Result<(), DiskError> {
        if durability == Durability::Synced {
            self.file.sync_all().map_err(|error| self.root.failed("sync", path, error))?;
        }
        self.root.rename(self.path(), path)?;
        self.name.0 = None;
        if durability == Durability::Synced {
            let parent = Path::new(path).parent().and_then(Path::to_str).unwrap_or_default();
            self.root.sync_folder(parent)?;
        }
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if let Some(path) = self.name.0.take() {
            // Whoever dropped it already has an error to report; a stray file is found later.
            let _ = self.root.dir().remove_file(path);
        }
    }
}

/// A path that no other process or thread uses.
fn fresh(folder: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let separator = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{separator}{TEMP_PREFIX}{}-{number}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_dropped_unfinished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let mut temp = Temp::new(&root, "", Mode::Plain).unwrap();
        temp.append(b"half").unwrap();
        assert_eq!(root.list("").unwrap().len(), 1);
        drop(temp);
        assert_eq!(root.list("").unwrap(), []);
    }

    #[test]
    fn a_finished_file_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        for durability in [Durability::Cached, Durability::Synced] {
            root.create_dir_all("a").unwrap();
            root.write_atomic("a/b", b"old", Mode::Sealed).unwrap();
            let mut temp = Temp::new(&root, "a", Mode::Sealed).unwrap();
            temp.append(b"new").unwrap();
            temp.persist("a/b", durability).unwrap();
            assert_eq!(root.read("a/b").unwrap(), b"new");
            assert_eq!(root.list("a").unwrap().len(), 1);
        }
    }
}
