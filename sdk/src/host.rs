//! The boundary between the SDK and whoever runs the step: the sandbox, or a test.

use crate::OutError;
#[cfg(not(target_arch = "wasm32"))]
use crate::{
    Attr, Entry, Finding, FsError, Level, Match, TestCase, ToolCommand, ToolFile, ToolLink,
};

/// Whoever runs the step. In a component every call is a static one, so that the linker drops
/// the imports that the step does not use; elsewhere a test supplies the answers.
#[cfg(target_arch = "wasm32")]
pub(crate) type HostRef = crate::component::Component;
/// Whoever runs the step: here, a test.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type HostRef = std::rc::Rc<dyn Host>;

/// A run of a tool that has ended: in a component a handle, so that only what the step asks of
/// it is imported.
#[cfg(target_arch = "wasm32")]
pub(crate) type RanRef = crate::bindings::belljar::step::tool::Ran;
/// A run of a tool that has ended: here, what a test made of it.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type RanRef = Box<dyn HostRan>;

/// A secret: in a component a handle, so that only who asks for its value imports that.
#[cfg(target_arch = "wasm32")]
pub(crate) type SecretRef = crate::bindings::belljar::step::secrets::Secret;
/// A secret: here its name.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type SecretRef = String;

/// Whether a written file may be executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileMode {
    /// An ordinary file.
    #[default]
    Plain,
    /// A program.
    Executable,
}

/// What a step can ask of its host, one method for each function of `wit/step.wit`.
///
/// A step never sees this trait: it uses [`Cx`](crate::Cx). A test implements it.
#[cfg(not(target_arch = "wasm32"))]
pub trait Host {
    /// Returns whether lines of this level are kept.
    fn log_enabled(&self, at: Level) -> bool;
    /// Keeps one line of the log.
    fn log(&self, at: Level, message: &str, attrs: &[Attr]);
    /// Keeps many lines of the log.
    fn log_lines(&self, at: Level, lines: &[String]);
    /// Returns whether the step should stop.
    fn cancelled(&self) -> bool;
    /// Returns how long the step may run, in milliseconds.
    fn time_limit_ms(&self) -> u64;
    /// Keeps findings.
    fn findings(&self, batch: &[Finding]);
    /// Keeps test cases.
    fn tests(&self, batch: &[TestCase]);
    /// Keeps a coverage report.
    fn coverage(&self, format: &str, data: &[u8]);
    /// Returns the declared files that match, sorted.
    fn glob(&self, patterns: &[String], except: &[String]) -> Vec<Match>;
    /// Returns what is at a path.
    ///
    /// # Errors
    /// When nothing is there, or the path is not declared or not valid.
    fn stat(&self, path: &str) -> Result<Entry, FsError>;
    /// Returns the digest of a file.
    ///
    /// # Errors
    /// As [`Host::stat`], and when there is no file.
    fn digest_of(&self, path: &str) -> Result<String, FsError>;
    /// Returns a whole file.
    ///
    /// # Errors
    /// As [`Host::digest_of`], and when the file is too large for one call.
    fn read(&self, path: &str) -> Result<Vec<u8>, FsError>;
    /// Returns a part of a file.
    ///
    /// # Errors
    /// As [`Host::digest_of`].
    fn read_range(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, FsError>;
    /// Returns several files, in the order of the paths.
    fn read_many(&self, paths: &[String]) -> Vec<Result<Vec<u8>, FsError>>;
    /// Writes a whole file and returns its digest.
    ///
    /// # Errors
    /// When the path is not declared, not valid, or taken.
    fn write(&self, path: &str, data: &[u8], mode: FileMode) -> Result<String, OutError>;
    /// Makes an input an output and returns its digest.
    ///
    /// # Errors
    /// As [`Host::write`], and when there is no such input.
    fn copy_input(&self, source: &str, dest: &str) -> Result<String, OutError>;
    /// Starts a file.
    ///
    /// # Errors
    /// As [`Host::write`].
    fn create(&self, path: &str) -> Result<Box<dyn HostWriter>, OutError>;
    /// Returns the names of the granted tools, sorted.
    fn granted(&self) -> Vec<String>;
    /// Runs all commands, and returns what came of them in the same order.
    fn run_tools(&self, batch: &[ToolCommand]) -> Vec<Box<dyn HostRan>>;
    /// Runs one command with secrets in its environment: names of variables and of secrets.
    fn run_with_secrets(
        &self,
        run: &ToolCommand,
        secrets: &[(String, &String)],
    ) -> Box<dyn HostRan>;
    /// Returns the names of the granted secrets, sorted.
    fn granted_secrets(&self) -> Vec<String>;
    /// Returns a secret: its name. One that was not granted ends the step.
    fn open_secret(&self, name: &str) -> String;
    /// Returns the value of a secret.
    fn reveal(&self, secret: &str) -> Vec<u8>;
}

/// A run of a tool that has ended.
#[cfg(not(target_arch = "wasm32"))]
pub trait HostRan {
    /// Returns its exit code.
    fn code(&self) -> i32;
    /// Returns a part of what it printed to standard output.
    fn stdout(&self, offset: u64, len: u32) -> Vec<u8>;
    /// Returns a part of what it printed to standard error.
    fn stderr(&self, offset: u64, len: u32) -> Vec<u8>;
    /// Returns the files that it made, sorted by path.
    fn files(&self) -> Vec<ToolFile>;
    /// Returns the symbolic links that it made, sorted by path.
    fn links(&self) -> Vec<ToolLink>;
    /// Returns a part of a file that it made.
    ///
    /// # Errors
    /// When it made no such file.
    fn read(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, FsError>;
    /// Makes a file of the run a file of the step and returns its digest.
    ///
    /// # Errors
    /// When the destination is not declared, not valid, or taken, or it made no such file.
    fn keep(&self, path: &str, dest: &str) -> Result<String, OutError>;
}

/// A file in the making.
pub trait HostWriter {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// When the file cannot be written any more.
    fn append(&mut self, data: &[u8]) -> Result<(), OutError>;
    /// Finishes the file and returns its digest.
    ///
    /// # Errors
    /// When the file cannot be written any more.
    fn finish(self: Box<Self>, mode: FileMode) -> Result<String, OutError>;
}
