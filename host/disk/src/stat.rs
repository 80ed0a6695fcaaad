//! Stat: what the file system says about a path, without reading what is there.

use cap_std::fs::{Metadata, MetadataExt};

/// What kind of thing is at a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; not followed.
    Symlink,
    /// A socket, a pipe or a device.
    Special,
}

/// What is at a path. No link was followed to find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// What kind of thing.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// When its content last changed, in nanoseconds since 1970-01-01 UTC. Programs can set it.
    pub mtime_ns: i64,
    /// When content, name or mode last changed, in the same unit. Programs cannot set it.
    pub ctime_ns: i64,
    /// The number of the file on its file system.
    pub inode: u64,
    /// Whether its owner may execute it.
    pub executable: bool,
}

impl Stat {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let nanos = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000) + rest;
        Self {
            kind: kind(metadata.file_type()),
            size: metadata.len(),
            mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            executable: metadata.mode() & 0o100 != 0,
        }
    }
}

pub(crate) fn kind(file_type: cap_std::fs::FileType) -> Kind {
    if file_type.is_file() {
        Kind::File
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Special
    }
}
