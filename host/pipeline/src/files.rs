//! Files: the little that parsing needs to know of the workspace.

use belljar_model::WorkspacePath;

/// Answers what a pipeline file asks of the workspace. All paths and patterns start at the
/// workspace root.
pub trait Files {
    /// Returns the text of a file.
    ///
    /// # Errors
    /// When it cannot be read; the text says why, as a lower-case fragment.
    fn read(&self, path: &str) -> Result<String, String>;

    /// Returns the files that match a glob, for `include`.
    fn matching(&self, pattern: &str) -> Vec<String>;

    /// Returns the folders that match a glob, for `for-each`.
    fn folders(&self, pattern: &str) -> Vec<WorkspacePath>;
}

impl<F: Files> Files for &F {
    fn read(&self, path: &str) -> Result<String, String> {
        (**self).read(path)
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        (**self).matching(pattern)
    }

    fn folders(&self, pattern: &str) -> Vec<WorkspacePath> {
        (**self).folders(pattern)
    }
}
