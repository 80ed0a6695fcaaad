//! Stat: what the file system says about a path, without reading what is there.

use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::FileType;

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
    /// The widths of these fields differ between platforms.
    #[cfg_attr(
        target_os = "linux",
        expect(
            clippy::useless_conversion,
            clippy::cast_sign_loss,
            clippy::cast_possible_wrap,
            reason = "not useless elsewhere; sizes and fractions are never negative"
        )
    )]
    pub(crate) fn of_raw(stat: &rustix::fs::Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode.into()) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            _ => Kind::Special,
        };
        Self {
            kind,
            size: stat.st_size as u64,
            mtime_ns: nanos(stat.st_mtime.into(), stat.st_mtime_nsec as i64),
            ctime_ns: nanos(stat.st_ctime.into(), stat.st_ctime_nsec as i64),
            inode: stat.st_ino.into(),
            executable: stat.st_mode & 0o100 != 0,
        }
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
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

const fn nanos(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
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
