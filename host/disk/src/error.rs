//! DiskError: what was tried, on what, and what the system said.

use std::io;
use std::path::{Path, PathBuf};

/// One failed call to the file system.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} `{}`: {}", path.display(), plain(source))]
pub struct DiskError {
    /// What was tried, as a verb: `read`, `write`, `rename`, …
    pub op: &'static str,
    /// The full path, for people.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl DiskError {
    pub(crate) fn new(op: &'static str, path: PathBuf, source: io::Error) -> Self {
        Self { op, path, source }
    }

    /// The kind of what the system said.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }

    /// Whether there is no space left, on the disk or in the user's quota.
    pub fn is_full(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether the disk itself failed, or too many files are open, or the file system is not for
    /// writing: `EIO`; `EMFILE`, `ENFILE`; `EROFS`.
    pub fn trouble(&self) -> Option<Trouble> {
        if self.kind() == io::ErrorKind::ReadOnlyFilesystem {
            return Some(Trouble::ReadOnly);
        }
        let errno = rustix::io::Errno::from_io_error(&self.source)?;
        match errno {
            rustix::io::Errno::IO => Some(Trouble::Failing),
            rustix::io::Errno::MFILE | rustix::io::Errno::NFILE => Some(Trouble::TooManyFiles),
            _ => None,
        }
    }

    /// Whether nothing is at the path.
    pub fn is_absent(&self) -> bool {
        is_absent(&self.source)
    }

    /// The path that the call was about.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is wrong with the disk below, or with the process, rather than with the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The disk cannot read or write.
    Failing,
    /// The process, or the system, has too many files open.
    TooManyFiles,
    /// The file system is mounted for reading only.
    ReadOnly,
}

/// Whether an error says that nothing is at a path. A file where the path needs a folder means
/// the same.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The system's message without the number that Rust adds, in lower case as all our messages.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        let first = first.to_lowercase().collect::<String>();
        first + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_was_tried_on_what_and_why() {
        let source = io::Error::from_raw_os_error(13);
        let error = DiskError::new("read", PathBuf::from("a/b"), source);
        assert_eq!(error.to_string(), "cannot read `a/b`: permission denied");
    }
}
