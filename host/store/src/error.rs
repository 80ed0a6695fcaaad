//! StoreError: why the store cannot do its work, and what the user can do about it.

use std::path::{Path, PathBuf};

use belljar_disk::{self as disk, DiskError, Root};
use belljar_model::text::bytes;
use belljar_model::{Blame, Code, Digest, Fault};
use rusqlite::ErrorCode;

use crate::database::is_damage;

/// Something is wrong with the store or with the disk below it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file of the store cannot be read or written.
    #[error("the store cannot be used: {0}")]
    Disk(#[from] DiskError),
    /// The database cannot be read or written.
    #[error("the store's database cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
    /// There is no room left for what waits to be written.
    #[error("the disk of the store is full: {}: {what}", room(place, (*free, *files), *waiting))]
    Full {
        /// What could not be done.
        what: String,
        /// The folder of the store.
        place: PathBuf,
        /// Bytes that may still be written.
        free: u64,
        /// Files that may still be made, where their number is bounded.
        files: Option<u64>,
        /// Bytes that wait to be written.
        waiting: u64,
    },
    /// The database was written by a later version of Belljar.
    #[error(
        "the store has revision {found}, and this version of Belljar knows revision {known} only"
    )]
    Newer {
        /// The revision of the database.
        found: i64,
        /// The highest revision that this version reads.
        known: i64,
    },
    /// Blobs that must be kept are not in the store.
    #[error("what must be kept is not in the store: {}", list(.0))]
    NotThere(Vec<Digest>),
    /// The file that says what is pinned is not as it was written.
    #[error("the pins in `{}` are damaged", .0.display())]
    DamagedPins(PathBuf),
    /// Another process uses the store, and the work needs it alone.
    #[error("the store `{}` is in use by another Belljar process", .0.display())]
    InUse(PathBuf),
}

/// Bytes that the store needs to do anything at all.
const LEAST: u64 = 128 << 10;

/// Which kind of trouble an error is, as far as a user is concerned.
enum Trouble {
    Full,
    Failing,
    TooManyFiles,
    ReadOnly,
    Unusable,
    Damaged,
    Newer,
    InUse,
    NotThere,
    DamagedPins,
}

impl StoreError {
    /// The code of a full disk.
    pub(crate) const FULL: Code = Code::new("E0620");

    /// Whether there is no space left.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Disk(error) => error.is_full(),
            Self::Database(error) => error.sqlite_error_code() == Some(ErrorCode::DiskFull),
            Self::Full { .. } => true,
            _ => false,
        }
    }

    /// Whether the database met trouble that a disk without any room gives it, too: beside its file
    /// it needs others, and says only that it could not have them.
    fn is_perhaps_full(&self) -> bool {
        use ErrorCode::{CannotOpen, SystemIoFailure};
        let Self::Database(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(CannotOpen | SystemIoFailure))
    }

    /// The same error; if the disk is full, with how much is missing there.
    pub(crate) fn explained(self, root: &Root, waiting: u64) -> Self {
        if !self.is_full() && !self.is_perhaps_full() {
            return self;
        }
        let free = root.free_bytes().unwrap_or(u64::MAX);
        let files = root.free_files().unwrap_or(None);
        if !self.is_full() && free >= LEAST && files.is_none_or(|files| files >= 2) {
            return self;
        }
        let (what, place) = (self.to_string(), root.path().to_owned());
        Self::Full { what, place, free, files, waiting: waiting.max(LEAST) }
    }

    /// Whether what failed can be tried again, because the disk was full before anything was
    /// counted on. After a sync that failed, what is on the disk is not known, and a second sync
    /// would not tell.
    pub(crate) fn left_nothing_behind(&self) -> bool {
        self.is_full() && !matches!(self, Self::Disk(error) if error.op == "sync")
    }

    fn trouble(&self) -> Trouble {
        match self {
            _ if self.is_full() => Trouble::Full,
            Self::Full { .. } => Trouble::Full,
            Self::Database(error) if is_damage(error) => Trouble::Damaged,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::SystemIoFailure) => Trouble::Failing,
                Some(ErrorCode::ReadOnly) => Trouble::ReadOnly,
                _ => Trouble::Unusable,
            },
            Self::Disk(error) => match error.trouble() {
                Some(disk::Trouble::Failing) => Trouble::Failing,
                Some(disk::Trouble::TooManyFiles) => Trouble::TooManyFiles,
                Some(disk::Trouble::ReadOnly) => Trouble::ReadOnly,
                None => Trouble::Unusable,
            },
            Self::Newer { .. } => Trouble::Newer,
            Self::InUse(_) => Trouble::InUse,
            Self::NotThere(_) => Trouble::NotThere,
            Self::DamagedPins(_) => Trouble::DamagedPins,
        }
    }
}

/// What is there, and what is missing.
fn room(place: &Path, (free, files): (u64, Option<u64>), waiting: u64) -> String {
    let (place, spare) = (place.display(), bytes(free));
    if files.is_some_and(|files| files < 2) && free >= LEAST {
        return format!(
            "`{place}` takes no more files (its file system is out of inodes), although {spare} \
             are free"
        );
    }
    if free > waiting {
        // Not the bytes: a quota, the number of files, or a room that only the system may use.
        // Or a large file: what was half written is removed by now.
        return format!(
            "`{place}` took no more; without what was just being written, {spare} are free there"
        );
    }
    let missing = bytes(waiting - free);
    format!("{spare} are free in `{place}`, and at least {missing} more are needed")
}

/// Digests as a list.
fn list(digests: &[Digest]) -> String {
    digests.iter().map(Digest::to_string).collect::<Vec<_>>().join(", ")
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        let (code, help) = match error.trouble() {
            Trouble::Unusable => {
                (Code::new("E0601"), "make the folder writable, or choose another with --store DIR")
            }
            Trouble::Full => (
                StoreError::FULL,
                "free some space there, for instance with `belljar cache gc --max-size 1GiB`; what \
                 was written before stays valid, and the next run goes on from it",
            ),
            Trouble::Failing => (
                Code::new("E0621"),
                "look at the system's log: the disk may be failing; what was written before stays \
                 valid, and this run's later results count as never recorded",
            ),
            Trouble::TooManyFiles => (
                Code::new("E0622"),
                "raise the limit of open files, for instance with `ulimit -n 4096`, or run with \
                 fewer `--jobs`",
            ),
            Trouble::ReadOnly => (
                Code::new("E0623"),
                "remount the file system for writing, or choose another place with --store DIR",
            ),
            Trouble::InUse => (Code::new("E0604"), "wait until its run has ended, and try again"),
            Trouble::Damaged => (
                Code::new("E0606"),
                "run again: a new database is begun as soon as no other run uses it",
            ),
            Trouble::NotThere => {
                (Code::new("E0602"), "run again: the step that makes it will be executed")
            }
            Trouble::DamagedPins => (
                Code::new("E0606"),
                "remove the file; then what it kept may be deleted, and is no way back any more",
            ),
            Trouble::Newer => (
                Code::new("E0607"),
                "use the newer version of Belljar, or another store with --store DIR",
            ),
        };
        let message = error.to_string();
        Self::new(Blame::Infrastructure, code, message).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: StoreError, code: &str) {
        assert_eq!(Fault::from(error).code.as_str(), code);
    }

    fn disk(errno: i32) -> StoreError {
        let source = std::io::Error::from_raw_os_error(errno);
        StoreError::Disk(DiskError { op: "write", path: PathBuf::from("a"), source })
    }

    fn database(code: i32) -> StoreError {
        StoreError::Database(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    }

    #[test]
    fn a_full_disk_says_of_what_it_is_full() {
        let check = |free, files, expected: &str| {
            let said = room(Path::new("/store"), (free, files), 100);
            assert!(said.contains(expected), "{said}");
        };
        check(40, Some(7), "40 bytes are free in `/store`, and at least 60 bytes more are needed");
        check(40, None, "at least 60 bytes more are needed");
        check(
            4_000,
            None,
            "`/store` took no more; without what was just being written, 3.9 KiB are free",
        );
        check(LEAST, Some(0), "`/store` takes no more files (its file system is out of inodes)");
    }

    #[test]
    fn every_trouble_has_its_own_code() {
        check(disk(13), "E0601");
        check(disk(28), "E0620");
        check(disk(5), "E0621");
        check(disk(24), "E0622");
        check(disk(30), "E0623");
        check(database(rusqlite::ffi::SQLITE_FULL), "E0620");
        check(database(rusqlite::ffi::SQLITE_IOERR), "E0621");
        check(database(rusqlite::ffi::SQLITE_READONLY), "E0623");
        check(StoreError::InUse(PathBuf::from("a")), "E0604");
        check(database(rusqlite::ffi::SQLITE_NOTADB), "E0606");
        check(database(rusqlite::ffi::SQLITE_CORRUPT), "E0606");
        check(StoreError::NotThere(vec![Digest::of(b"")]), "E0602");
        check(StoreError::DamagedPins(PathBuf::from("a")), "E0606");
        check(StoreError::Newer { found: 2, known: 1 }, "E0607");
    }
}
