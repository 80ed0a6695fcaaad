//! Inputs and WriteBack: the user's tree, as it is read and as results go back into it.

use crate::action_result::OutputFile;
use crate::directory::Entry;
use crate::fault::Fault;
use crate::path::WorkspacePath;
use crate::pattern::Patterns;

/// Reads the workspace.
pub trait Inputs: Send + Sync {
    /// Returns every file and link that `patterns` match, sorted by path, with digests.
    ///
    /// Files that version control ignores and the outputs that the pipeline declares are left
    /// out, unless a pattern names an ignored file literally.
    ///
    /// # Errors
    /// When a file cannot be read.
    fn snapshot(&self, patterns: &Patterns) -> Result<Vec<Entry>, Fault>;

    /// Whether something is at `path` now, declared or not. Only for hints in messages.
    fn exists(&self, path: &WorkspacePath) -> bool;
}

/// Writes results into the workspace.
pub trait WriteBack: Send + Sync {
    /// Puts the files in place, each atomically, and returns how many were not there already.
    ///
    /// # Errors
    /// When a file cannot be written, or its place leads out of the workspace.
    fn write_back(&self, outputs: &[OutputFile]) -> Result<usize, Fault>;
}
