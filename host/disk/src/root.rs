//! Root: an open directory, and all that can be done below it.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, OpenOptions, OpenOptionsExt as _};
use cap_std::fs::{Permissions, PermissionsExt as _};

use crate::error::{DiskError, is_absent};
use crate::temp::{Durability, Mode, Temp};

/// An open directory. Paths are relative to it and `/`-separated; `""` is the directory itself.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Root {
    dir: Arc<Dir>,
    path: Arc<Path>,
}

impl Root {
    /// Opens a directory that is there.
    ///
    /// # Errors
    /// When it is not there, or may not be opened.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let dir = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|error| DiskError::new("open", path.to_owned(), error))?;
        Ok(Self { dir: Arc::new(dir), path: Arc::from(path) })
    }

    /// Opens a directory, after making it and those above it where they are missing.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn create(path: &Path) -> Result<Self, DiskError> {
        match Dir::open_ambient_dir(path, ambient_authority()) {
            Ok(dir) => return Ok(Self { dir: Arc::new(dir), path: Arc::from(path) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(DiskError::new("open", path.to_owned(), error)),
        }
        Dir::create_ambient_dir_all(path, ambient_authority())
            .map_err(|error| DiskError::new("create", path.to_owned(), error))?;
        Self::open(path)
    }

    /// Opens a directory below this one.
    ///
    /// # Errors
    /// When it is not there, may not be opened, or lies outside.
    pub fn folder(&self, path: &str) -> Result<Self, DiskError> {
        let dir = self.dir.open_dir(path).map_err(|error| self.failed("open", path, error))?;
        Ok(Self { dir: Arc::new(dir), path: Arc::from(self.path.join(path)) })
    }

    /// The path by which the directory was opened: for messages, and for libraries that open
    /// files by themselves.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn within(&self, name: &str, dir: Dir) -> Self {
        Self { dir: Arc::new(dir), path: Arc::from(self.path.join(name)) }
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn failed(&self, op: &'static str, path: &str, source: io::Error) -> DiskError {
        let path = if path.is_empty() { self.path.to_path_buf() } else { self.path.join(path) };
        DiskError::new(op, path, source)
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, DiskError> {
        self.read_raw(path).map_err(|error| self.failed("read", path, error))
    }

    /// Reads a whole file, or returns `None` if nothing is there.
    ///
    /// # Errors
    /// When something is there but cannot be read.
    pub fn read_if_there(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        match self.read_raw(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn read_raw(&self, path: &str) -> io::Result<Vec<u8>> {
        let file = self.dir.open(path)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        let mut bytes = Vec::with_capacity(size + 1); // one more: the last read finds the end
        // The file itself would ask for its size once more.
        file.take(u64::MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes a file at once: readers see what was there before, or all of it.
    ///
    /// # Errors
    /// When it cannot be written; then what was there before stays.
    pub fn write_atomic(&self, path: &str, bytes: &[u8], mode: Mode) -> Result<(), DiskError> {
        self.write_with(path, bytes, mode, Durability::Cached)
    }

    /// Writes a file at once, and returns when it will survive a power cut.
    ///
    /// # Errors
    /// When it cannot be written; then what was there before stays.
    pub fn write_durable(&self, path: &str, bytes: &[u8], mode: Mode) -> Result<(), DiskError> {
        self.write_with(path, bytes, mode, Durability::Synced)
    }

    fn write_with(
        &self,
        path: &str,
        bytes: &[u8],
        mode: Mode,
        durability: Durability,
    ) -> Result<(), DiskError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut temp = Temp::new(self, folder, mode)?;
        temp.append(bytes)?;
        temp.persist(path, durability)
    }

    /// Writes a file at once unless something is there already. Returns whether it was written:
    /// of several processes that try, exactly one succeeds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_new(&self, path: &str, bytes: &[u8], mode: Mode) -> Result<bool, DiskError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut temp = Temp::new(self, folder, mode)?;
        temp.append(bytes)?;
        match self.dir.hard_link(temp.path(), &self.dir, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(self.failed("write", path, error)),
        }
    }

    /// Adds bytes at the end of a file, and makes the file if it is not there.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(Mode::Plain.bits());
        let written = self.dir.open_with(path, &options).and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| self.failed("write", path, error))
    }

    /// Opens a file for writing piece by piece, after making it or emptying it. Not atomic: for
    /// records that grow while they are read.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_file(&self, path: &str) -> Result<std::fs::File, DiskError> {
        let file = self.dir.create(path).map_err(|error| self.failed("write", path, error))?;
        Ok(file.into_std())
    }

    /// Makes a directory, and those above it.
    ///
    /// # Errors
    /// When it cannot be made, or something else is there.
    pub fn create_dir_all(&self, path: &str) -> Result<(), DiskError> {
        self.dir.create_dir_all(path).map_err(|error| self.failed("create", path, error))
    }

    /// Makes a directory that only its owner can enter, unless it is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create_private_dir(&self, path: &str) -> Result<(), DiskError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        self.dir.create_dir_with(path, &builder).map_err(|error| self.failed("create", path, error))
    }

    /// Lets only its owner enter a directory, whatever its mode was.
    ///
    /// # Errors
    /// When it cannot be changed.
    pub fn keep_private(&self, path: &str) -> Result<(), DiskError> {
        self.dir
            .set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|error| self.failed("set the mode of", path, error))
    }

    /// Removes a file or a link. Returns whether it was there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, path: &str) -> Result<bool, DiskError> {
        match self.dir.remove_file(path) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(self.failed("remove", path, error)),
        }
    }

    /// Removes a directory and all that is in it. Returns whether it was there.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove_dir_all(&self, path: &str) -> Result<bool, DiskError> {
        match self.dir.remove_dir_all(path) {
            Ok(()) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(self.failed("remove", path, error)),
        }
    }

    /// Gives something another name; what had that name is replaced.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        self.dir.rename(from, &self.dir, to).map_err(|error| self.failed("rename to", to, error))
    }

    /// Moves something to a place below another directory of the same file system; what was
    /// there is replaced.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn rename_into(&self, from: &str, folder: &Self, to: &str) -> Result<(), DiskError> {
        let renamed = self.dir.rename(from, &folder.dir, to);
        renamed.map_err(|error| folder.failed("rename to", to, error))
    }

    /// Sets who may do what with a file.
    ///
    /// # Errors
    /// When it cannot be set.
    pub fn set_mode(&self, path: &str, mode: Mode) -> Result<(), DiskError> {
        self.dir
            .set_permissions(path, Permissions::from_mode(mode.bits()))
            .map_err(|error| self.failed("set the mode of", path, error))
    }

    pub(crate) fn sync_folder(&self, path: &str) -> Result<(), DiskError> {
        let synced = self.open_to_sync(path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| self.failed("sync", path, error))
    }

    /// Opens a directory for a sync. The handles of `cap-std` are for looking up names only.
    pub(crate) fn open_to_sync(&self, path: &str) -> io::Result<std::fs::File> {
        let path = if path.is_empty() { "." } else { path };
        self.dir.open(path).map(cap_std::fs::File::into_std)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::Kind;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::create(&folder.path().join("in")).unwrap();
        (folder, root)
    }

    #[test]
    fn what_was_written_is_read_and_its_mode_is_kept() {
        let (_folder, root) = root();
        for (mode, executable) in [(Mode::Plain, false), (Mode::Executable, true)] {
            root.write_durable("file", b"text", mode).unwrap();
            assert_eq!(root.read("file").unwrap(), b"text");
            let stat = root.stat("file").unwrap().unwrap();
            assert_eq!((stat.kind, stat.size, stat.executable), (Kind::File, 4, executable));
        }
        root.append("file", b"s").unwrap();
        assert_eq!(root.read("file").unwrap(), b"texts");
    }

    #[test]
    fn of_two_new_files_of_one_name_the_first_stays() {
        let (_folder, root) = root();
        assert!(root.write_new("key", b"1", Mode::Private).unwrap());
        assert!(!root.write_new("key", b"2", Mode::Private).unwrap());
        assert_eq!(root.read("key").unwrap(), b"1");
        assert_eq!(root.list("").unwrap().len(), 1, "no temporary file is left");
    }

    #[test]
    fn a_listing_is_sorted_and_knows_links() {
        let (_folder, root) = root();
        root.create_dir_all("b/c").unwrap();
        root.write_atomic("a", b"", Mode::Plain).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("c")).unwrap();
        let listed: Vec<_> =
            root.list("").unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
        let expected = [("a", Kind::File), ("b", Kind::Directory), ("c", Kind::Symlink)];
        assert_eq!(listed, expected.map(|(name, kind)| (OsString::from(name), kind)));
        assert_eq!(root.link_target("c").unwrap(), Path::new("nowhere"));
    }

    #[test]
    fn absent_is_no_error_where_it_is_an_answer() {
        let (_folder, root) = root();
        root.write_atomic("file", b"", Mode::Plain).unwrap();
        for path in ["none", "none/below", "file/below"] {
            assert_eq!(root.stat(path).unwrap(), None, "{path}");
            assert_eq!(root.stat_quick(path).unwrap(), None, "{path}");
            assert_eq!(root.read_if_there(path).unwrap(), None, "{path}");
            assert!(!root.remove(path).unwrap(), "{path}");
        }
    }

    #[test]
    fn both_ways_to_look_at_a_path_see_the_same() {
        let (_folder, root) = root();
        root.create_dir_all("b/c").unwrap();
        root.write_atomic("b/a", b"text", Mode::Executable).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("b/link")).unwrap();
        for path in ["b", "b/a", "b/c", "b/link"] {
            let stat = root.stat(path).unwrap();
            assert!(stat.is_some(), "{path}");
            assert_eq!(root.stat_quick(path).unwrap(), stat, "{path}");
        }
    }

    #[test]
    fn no_link_leads_out_of_a_root() {
        belljar_cases::case!("C01", "C02");
        let (folder, root) = root();
        let outside = folder.path().join("out");
        Root::create(&outside).unwrap().write_atomic("secret", b"s", Mode::Plain).unwrap();
        std::os::unix::fs::symlink(&outside, root.path().join("absolute")).unwrap();
        std::os::unix::fs::symlink("../out", root.path().join("upwards")).unwrap();
        for link in ["absolute", "upwards"] {
            let inner = format!("{link}/secret");
            assert!(root.read(&inner).is_err(), "{link}");
            assert!(root.stat(&inner).is_err(), "{link}");
            assert!(root.hash(&inner).is_err(), "{link}");
            assert!(root.list(link).is_err(), "{link}");
            assert!(root.folder(link).is_err(), "{link}");
            assert!(root.write_atomic(&inner, b"x", Mode::Plain).is_err(), "{link}");
            assert!(root.append(&inner, b"x").is_err(), "{link}");
            assert!(root.create_file(&inner).is_err(), "{link}");
            assert!(root.remove(&inner).is_err(), "{link}");
            assert!(root.create_dir_all(&format!("{link}/new")).is_err(), "{link}");
            assert!(root.rename(&inner, "stolen").is_err(), "{link}");
        }
        assert!(root.read("../out/secret").is_err());
        let outside = Root::open(&outside).unwrap();
        assert_eq!(outside.read("secret").unwrap(), b"s");
        assert_eq!(outside.list("").unwrap().len(), 1);
    }

    #[test]
    fn a_directory_that_turns_into_a_link_all_the_time_leads_nowhere() {
        belljar_cases::case!("C03");
        let (folder, root) = root();
        let outside = Root::create(&folder.path().join("out")).unwrap();
        outside.write_atomic("file", b"outside", Mode::Plain).unwrap();
        root.create_dir_all("place").unwrap();
        root.write_atomic("place/file", b"inside", Mode::Plain).unwrap();
        std::os::unix::fs::symlink("../out", root.path().join("link")).unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            scope.spawn(|| {
                let at = rustix::fs::CWD;
                let names = ["place", "link"].map(|name| root.path().join(name));
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(at, &names[0], at, &names[1], flags).unwrap();
                }
            });
            let mut seen = std::collections::BTreeSet::new();
            // Four ways to meet the link in each round.
            for _ in 0..25_000 {
                seen.extend(root.read("place/file").ok());
                let _ = root.stat("place/file");
                let _ = root.write_atomic("place/new", b"x", Mode::Plain);
                let _ = root.remove("place/new");
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            seen
        });
        assert!(seen.iter().all(|bytes| bytes == b"inside"), "{seen:?}");
        assert!(!seen.is_empty(), "the directory was seen, too");
        assert_eq!(outside.read("file").unwrap(), b"outside");
        assert_eq!(outside.list("").unwrap().len(), 1, "nothing was written outside");
    }
}
