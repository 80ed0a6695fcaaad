//! StoreError: why the store cannot do its work, and what the user can do about it.

use std::path::PathBuf;

use belljar_disk::DiskError;
use belljar_model::{Blame, Code, Digest, Fault};
use rusqlite::ErrorCode;

/// Something is wrong with the store or with the disk below it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file of the store cannot be read or written.
    #[error("the store cannot be used: {0}")]
    Disk(#[from] DiskError),
    /// The database cannot be read or written.
    #[error("the store's database cannot be used: {0}")]
    Database(#[from] rusqlite::Error),
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

/// Which kind of trouble an error is, as far as a user is concerned.
enum Trouble {
    Full,
    Unusable,
    Damaged,
    Newer,
    InUse,
    NotThere,
    DamagedPins,
}

impl StoreError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Disk(error) if error.is_full() => Trouble::Full,
            Self::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Trouble::Full,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Damaged,
                _ => Trouble::Unusable,
            },
            Self::Disk(_) => Trouble::Unusable,
            Self::Newer { .. } => Trouble::Newer,
            Self::InUse(_) => Trouble::InUse,
            Self::NotThere(_) => Trouble::NotThere,
            Self::DamagedPins(_) => Trouble::DamagedPins,
        }
    }
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
                Code::new("E0603"),
                "free some space, for instance with `belljar cache gc --max-size 1GiB`",
            ),
            Trouble::InUse => (Code::new("E0604"), "wait until its run has ended, and try again"),
            Trouble::Damaged => {
                (Code::new("E0606"), "move the store's folder away; the next run fills a new one")
            }
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
        let message = match error.trouble() {
            Trouble::Full => format!("the disk is full: {error}"),
            _ => error.to_string(),
        };
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
    fn every_trouble_has_its_own_code() {
        check(disk(13), "E0601");
        check(disk(28), "E0603");
        check(database(rusqlite::ffi::SQLITE_FULL), "E0603");
        check(StoreError::InUse(PathBuf::from("a")), "E0604");
        check(database(rusqlite::ffi::SQLITE_NOTADB), "E0606");
        check(database(rusqlite::ffi::SQLITE_CORRUPT), "E0606");
        check(StoreError::NotThere(vec![Digest::of(b"")]), "E0602");
        check(StoreError::DamagedPins(PathBuf::from("a")), "E0606");
        check(StoreError::Newer { found: 2, known: 1 }, "E0607");
    }
}
