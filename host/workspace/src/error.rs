//! WorkspaceError: why a file of the user cannot be used.

use std::path::{Path, PathBuf};

use belljar_disk::{DiskError, Trouble};
use belljar_model::text::{bytes, short};
use belljar_model::{Blame, Code, Digest, Fault, WorkspacePath};

use crate::walk::MOST_FOLDERS;

/// Something about a file of the workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// It cannot be read or written.
    #[error("{0}")]
    Disk(#[from] DiskError),
    /// It is not any more what the run saw at first.
    #[error("`{0}` changed while the run was reading it")]
    Changed(WorkspacePath),
    /// It is a socket, a pipe or a device.
    #[error("`{0}` is neither a file nor a folder nor a link, so it has no content to work with")]
    Special(WorkspacePath),
    /// Its name is not the same on every platform.
    #[error(
        "`{}` has a name that is not portable: it is not UTF-8, or holds a backslash or a \
         control character",
        .0.escape_debug()
    )]
    Name(String),
    /// It lies in more folders than any project needs.
    #[error("`{}` lies in more than {} folders", short(.0.as_str()), MOST_FOLDERS)]
    Deep(WorkspacePath),
    /// An output cannot be put in its place, because something else is in the way.
    #[error("`{output}` cannot be put in place, because `{obstacle}` is {what}")]
    Blocked {
        /// The output.
        output: WorkspacePath,
        /// What is in the way.
        obstacle: WorkspacePath,
        /// What that is.
        what: &'static str,
    },
    /// There is no room for an output.
    #[error("the disk of the workspace is full: `{output}` cannot be written: {}", room(place, *free, *output_bytes))]
    Full {
        /// The output.
        output: WorkspacePath,
        /// What it takes, in bytes.
        output_bytes: u64,
        /// The folder of the workspace.
        place: PathBuf,
        /// Bytes that may still be written there.
        free: u64,
    },
    /// The blob of an output is not there.
    #[error("the content of `{output}` is not in the store any more ({digest})")]
    NoBlob {
        /// The output.
        output: WorkspacePath,
        /// Its content.
        digest: Digest,
    },
}

/// What is there, and what is missing.
fn room(place: &Path, free: u64, needed: u64) -> String {
    let place = place.display();
    if free > needed {
        // Not the bytes: a quota, the number of files, or a room that only the system may use.
        return format!("`{place}` took no more, although {} are free", bytes(free));
    }
    format!("it takes {}, and {} are free in `{place}`", bytes(needed), bytes(free))
}

impl From<WorkspaceError> for Fault {
    fn from(error: WorkspaceError) -> Self {
        let (code, help) = match &error {
            WorkspaceError::Disk(cause) if cause.is_full() => ("E0603", "free some space"),
            WorkspaceError::Full { .. } => {
                ("E0603", "free some space; what the step made is in the store, so it is not lost")
            }
            WorkspaceError::Disk(cause) if cause.trouble() == Some(Trouble::ReadOnly) => {
                ("E0608", "remount the file system of the workspace for writing")
            }
            WorkspaceError::Disk(_) => ("E0608", "check the permissions of the file"),
            WorkspaceError::Changed(_) => ("E0605", "run again when the file has settled"),
            WorkspaceError::Special(_) | WorkspaceError::Name(_) | WorkspaceError::Deep(_) => {
                ("E0609", "rename or remove it, add it to .gitignore, or exclude it with `!`")
            }
            WorkspaceError::Blocked { .. } => ("E0701", "remove it, or declare another output"),
            WorkspaceError::NoBlob { .. } => ("E0602", "run again: the step will be executed"),
        };
        let blame = match &error {
            WorkspaceError::Special(_)
            | WorkspaceError::Name(_)
            | WorkspaceError::Deep(_)
            | WorkspaceError::Blocked { .. } => Blame::Configuration,
            _ => Blame::Infrastructure,
        };
        Self::new(blame, Code::new(code), error.to_string()).help(help)
    }
}
