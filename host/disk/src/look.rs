//! Looking at what is there, without reading it.

use std::ffi::OsString;
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use crate::error::{DiskError, is_absent};
use crate::root::Root;
use crate::stat::{Kind, Stat, kind};

/// One entry of a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Listed {
    /// Its name, which need not be text.
    pub name: OsString,
    /// What kind of thing it is.
    pub kind: Kind,
}

impl Root {
    /// How many bytes an ordinary process may still write to this file system.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_bytes(&self) -> Result<u64, DiskError> {
        let failed = |error: Errno| self.failed("ask for the free space of", "", error.into());
        let stat = rustix::fs::fstatvfs(self.dir()).map_err(failed)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// How many more files an ordinary process may make on this file system; `None` where it sets
    /// no number aside for them.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_files(&self) -> Result<Option<u64>, DiskError> {
        let failed = |error: Errno| self.failed("ask for the free files of", "", error.into());
        let stat = rustix::fs::fstatvfs(self.dir()).map_err(failed)?;
        Ok((stat.f_files > 0).then_some(stat.f_favail))
    }

    /// Returns the entries of a directory, sorted by name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self, path: &str) -> Result<Vec<Listed>, DiskError> {
        let failed = |error| self.failed("list", path, error);
        let entries =
            if path.is_empty() { self.dir().entries() } else { self.dir().read_dir(path) };
        let mut listed = Vec::new();
        for entry in entries.map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = kind(entry.file_type().map_err(failed)?);
            listed.push(Listed { name: entry.file_name(), kind });
        }
        listed.sort();
        Ok(listed)
    }

    /// Says what is at `path` without following a link there, or `None` if nothing is.
    ///
    /// # Errors
    /// When the file system does not say, or the path leads out.
    pub fn stat(&self, path: &str) -> Result<Option<Stat>, DiskError> {
        let metadata = if path.is_empty() {
            self.dir().dir_metadata()
        } else {
            self.dir().symlink_metadata(path)
        };
        match metadata {
            Ok(metadata) => Ok(Some(Stat::of(&metadata))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.failed("look at", path, error)),
        }
    }

    /// Says the same as [`Root::stat`] with one system call, for callers who know that no folder
    /// on the way is a link. If one is, it is followed, even out of the root; nothing is opened.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn stat_quick(&self, path: &str) -> Result<Option<Stat>, DiskError> {
        match rustix::fs::statat(self.dir(), path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Stat::of_raw(&stat))),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(self.failed("look at", path, error.into())),
        }
    }

    /// Returns where a symbolic link points, as stored.
    ///
    /// # Errors
    /// When it is no link or cannot be read.
    pub fn link_target(&self, path: &str) -> Result<PathBuf, DiskError> {
        self.dir()
            .read_link_contents(path)
            .map_err(|error| self.failed("read the link", path, error))
    }
}
