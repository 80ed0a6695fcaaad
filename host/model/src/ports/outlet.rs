//! Outlet: the way out of a deploying plugin. The real one sends; those around it record,
//! compare with a plan, and write down.

use bytes::Bytes;

use crate::delivery::{HttpAnswer, HttpRequest, ToolEffect};
use crate::digest::Digest;
use crate::fault::Fault;
use crate::path::WorkspacePath;

/// One object of an environment's storage.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StoredObject {
    /// Where.
    pub path: WorkspacePath,
    /// Bytes.
    pub size: u64,
}

/// What a run of a tool gave back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolAnswer {
    /// Its exit code.
    pub code: i32,
    /// What it printed to standard output.
    pub stdout: Bytes,
    /// What it printed to standard error.
    pub stderr: Bytes,
}

/// Why a call did not succeed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutletError {
    /// Nothing is there.
    #[error("nothing is there")]
    NotFound,
    /// What is there is not what was expected.
    #[error("it is not what was expected")]
    Conflict,
    /// The other side refused.
    #[error("refused: {0}")]
    Denied(String),
    /// The other side could not be reached, or broke off.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is larger than 8 MiB.
    #[error("the answer is too large")]
    TooLarge,
    /// The status or exit code is none of those that were expected.
    #[error("unexpected: {0}")]
    Unexpected(String),
    /// The plugin must not go on: it deviates from its plan, uses what it was not granted, or the
    /// ledger cannot be written. The plugin is not told; its execution ends.
    #[error("{0}")]
    Stop(Fault),
}

impl OutletError {
    /// The name under which plugins and the ledger know it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Denied(_) => "denied",
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timeout",
            Self::TooLarge => "too-large",
            Self::Unexpected(_) => "unexpected",
            Self::Stop(_) => "stopped",
        }
    }
}

/// The most bytes that one answer carries: 8 MiB.
pub const MAX_ANSWER: u64 = 8 << 20;

/// The way out of a deploying plugin. Called from one thread at a time; each call blocks.
pub trait Outlet: Send + Sync {
    /// Sends one request and returns its answer, whatever its status. Follows no redirect.
    ///
    /// # Errors
    /// When there is no answer.
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError>;

    /// Returns whether a request may leave: whether its host and its secrets were granted.
    /// Nothing is sent.
    ///
    /// # Errors
    /// [`OutletError::Stop`] if it may not.
    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError>;

    /// Lists the objects below a prefix of path segments (the root for all), sorted by path.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError>;

    /// Reads one object of at most [`MAX_ANSWER`] bytes.
    ///
    /// # Errors
    /// When nothing is there, or the storage cannot be asked.
    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError>;

    /// Puts a shipped file, by its digest.
    ///
    /// # Errors
    /// When the storage cannot take it.
    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError>;

    /// Writes a small object.
    ///
    /// # Errors
    /// When the storage cannot take it.
    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError>;

    /// Replaces a small object only if it still holds `expected` (`None`: only if nothing is
    /// there). Nobody ever sees a part of it.
    ///
    /// # Errors
    /// [`OutletError::Conflict`] if it does not, or when the storage cannot take it.
    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError>;

    /// Removes an object; that nothing is there is no error.
    ///
    /// # Errors
    /// When the storage cannot do it.
    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError>;

    /// Runs a tool, whatever its exit code. Its effect is what counts: it is never cached.
    ///
    /// # Errors
    /// When it did not come to an end of its own.
    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError>;
}

/// The way out of an environment that has none: no storage, no hosts, no tools.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutlet;

impl NoOutlet {
    fn none<T>() -> Result<T, OutletError> {
        Err(OutletError::Denied("the environment has no such way out".to_owned()))
    }
}

impl Outlet for NoOutlet {
    fn http(&self, _: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        Self::none()
    }
    fn may_send(&self, _: &HttpRequest) -> Result<(), OutletError> {
        Self::none()
    }
    fn list(&self, _: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        Self::none()
    }
    fn read(&self, _: &WorkspacePath) -> Result<Bytes, OutletError> {
        Self::none()
    }
    fn put(&self, _: &WorkspacePath, _: &Digest) -> Result<(), OutletError> {
        Self::none()
    }
    fn write(&self, _: &WorkspacePath, _: &Bytes) -> Result<(), OutletError> {
        Self::none()
    }
    fn swap(&self, _: &WorkspacePath, _: Option<&Bytes>, _: &Bytes) -> Result<(), OutletError> {
        Self::none()
    }
    fn remove(&self, _: &WorkspacePath) -> Result<(), OutletError> {
        Self::none()
    }
    fn tool(&self, _: &ToolEffect, _: &Bytes) -> Result<ToolAnswer, OutletError> {
        Self::none()
    }
}
