//! The user's tree: what steps may read of it, and how results go back into it.
//!
//! ```text
//! Patterns → walk (each folder once a run) → stat (each file once a run) → index → Entry
//!                                                                           ↘ hash, if new
//! ```
//!
//! **Invariant:** within one run a file has one digest. Whoever reads it later gets those bytes
//! or a fault, never others.
//! **Invariant:** no symbolic link is followed, neither for reading nor for writing.
//! **Invariant:** nothing that a repository configures is executed.
//! **Invariant:** the stat index only saves time: deleting it changes no result.

mod error;
mod fresh;
mod ignored;
mod index;
mod outputs;
mod revision;
mod seen;
mod snapshot;
mod walk;
mod watched;
mod workspace;
mod write_back;

#[cfg(test)]
mod testing;

pub use error::WorkspaceError;
pub use revision::{MOST_COMMITS, commits, revision};
pub use watched::{Change, ChangeKind, Looked, Watched};
pub use workspace::{Options, STATE, Workspace};
