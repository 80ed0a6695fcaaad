//! Place: putting things exactly where they belong, and looking at what others left, without
//! ever following a link.

use std::fs::File;
use std::io::{self, Write as _};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{AtFlags, Mode as Bits, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use crate::error::DiskError;
use crate::root::Root;
use crate::temp::Mode;

const NANOS: i64 = 1_000_000_000;

impl Root {
    /// Writes a file that is not there yet, and sets its time (nanoseconds since 1970-01-01
    /// UTC). Not atomic: for folders that nobody else looks at.
    ///
    /// # Errors
    /// When something is there, or it cannot be written.
    pub fn place_file(
        &self,
        path: &str,
        bytes: &[u8],
        mode: Mode,
        mtime_ns: i64,
    ) -> Result<(), DiskError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode.bits());
        let written = self.dir().open_with(path, &options).and_then(|mut file| {
            file.write_all(bytes)?;
            Ok(rustix::fs::futimens(&file, &times(mtime_ns))?)
        });
        written.map_err(|error| self.failed("write", path, error))
    }

    /// Makes a symbolic link with this text. Where it leads does not matter: it is not followed.
    ///
    /// # Errors
    /// When something is there, or it cannot be made.
    pub fn place_link(&self, text: &str, path: &str) -> Result<(), DiskError> {
        rustix::fs::symlinkat(text, self.dir(), path)
            .map_err(|error| self.failed("link", path, error.into()))
    }

    /// Makes one directory, unless one is there.
    ///
    /// # Errors
    /// When something else is there, or it cannot be made.
    pub fn place_folder(&self, path: &str) -> Result<(), DiskError> {
        match self.dir().create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(self.failed("create", path, error))
            }
            _ => self.folder_itself(path).map(drop),
        }
    }

    /// Sets the time of what is at `path`, in nanoseconds since 1970-01-01 UTC. A link in the
    /// last place is not followed.
    ///
    /// # Errors
    /// When it cannot be set.
    pub fn set_mtime(&self, path: &str, mtime_ns: i64) -> Result<(), DiskError> {
        let place = if path.is_empty() { "." } else { path };
        rustix::fs::utimensat(self.dir(), place, &times(mtime_ns), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| self.failed("set the time of", path, error.into()))
    }

    /// Gives what is at `path` the time that it is now, by the clock of the system that stamps
    /// files. A link in the last place is not followed.
    ///
    /// # Errors
    /// When it is not there, or its time cannot be set.
    pub fn touch(&self, path: &str) -> Result<(), DiskError> {
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        rustix::fs::utimensat(self.dir(), path, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| self.failed("set the time of", path, error.into()))
    }

    /// Opens a directory that is directly in this one, unless it is a link.
    ///
    /// # Errors
    /// When it is not there, is no directory, or may not be opened.
    pub fn folder_itself(&self, name: &str) -> Result<Self, DiskError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.dir(), name, flags, Bits::empty())
            .map_err(|error| self.failed("open", name, error.into()))?;
        Ok(self.within(name, Dir::from_std_file(File::from(opened))))
    }

    /// Opens a regular file that is directly in this directory for reading. It is not waited
    /// for, and no link is followed.
    ///
    /// # Errors
    /// When it is not there, is something else than a regular file, or may not be opened.
    pub fn file_itself(&self, name: &str) -> Result<File, DiskError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.dir(), name, flags, Bits::empty());
        let opened = opened.map_err(io::Error::from).map(File::from).and_then(|file| {
            if file.metadata()?.is_file() {
                return Ok(file);
            }
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
        });
        opened.map_err(|error| self.failed("open", name, error))
    }

    /// Lets the owner read a file that is directly in this directory, or enter a folder and
    /// change it, whatever its mode was. It must not be a link.
    ///
    /// # Errors
    /// When its mode cannot be changed.
    pub fn unlock_mode(&self, name: &str) -> Result<(), DiskError> {
        rustix::fs::chmodat(self.dir(), name, Bits::from_raw_mode(0o700), AtFlags::empty())
            .map_err(|error| self.failed("set the mode of", name, error.into()))
    }
}

fn times(mtime_ns: i64) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: mtime_ns.div_euclid(NANOS),
            tv_nsec: mtime_ns.rem_euclid(NANOS) as _,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placed_file_has_its_bytes_mode_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        root.place_file("a", b"text", Mode::Executable, 1_500_000_000_000_000_007).unwrap();
        let stat = root.stat("a").unwrap().unwrap();
        assert_eq!((stat.size, stat.executable), (4, true));
        assert_eq!(stat.mtime_ns, 1_500_000_000_000_000_007);
        assert!(root.place_file("a", b"", Mode::Plain, 0).is_err(), "nothing is replaced");
        root.set_mtime("a", 5).unwrap();
        assert_eq!(root.stat("a").unwrap().unwrap().mtime_ns, 5);
    }

    #[test]
    fn links_are_never_followed() {
        belljar_cases::case!("C05");
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        root.place_folder("folder").unwrap();
        root.place_file("file", b"", Mode::Plain, 0).unwrap();
        root.place_link("folder", "to-folder").unwrap();
        root.place_link("file", "to-file").unwrap();
        root.place_link("/nowhere", "to-nowhere").unwrap();
        assert!(root.folder_itself("folder").is_ok());
        assert!(root.folder_itself("to-folder").is_err());
        assert!(root.place_folder("to-folder").is_err());
        assert!(root.file_itself("file").is_ok());
        for name in ["to-file", "to-nowhere", "folder"] {
            assert!(root.file_itself(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        belljar_cases::case!("C08");
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(root.dir(), "fifo", fifo, Bits::from_raw_mode(0o600), 0).unwrap();
        assert!(root.file_itself("fifo").is_err());
    }
}
