//! Why a request was not answered, or the storage not reached.

use std::fmt;

use super::{HttpProblem, StorageProblem};

/// Why there is no answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpError {
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Why.
    pub problem: HttpProblem,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            HttpProblem::Unreachable => "could not be reached",
            HttpProblem::Timeout => "did not answer in time",
            HttpProblem::TooLarge => "answered with more than 8 MiB",
        };
        write!(f, "{} {}: the host {problem}", self.method, self.url)
    }
}

impl std::error::Error for HttpError {}

/// Why a call of the storage did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// Which object, or which artifact if it is not shipped.
    pub path: String,
    /// Why.
    pub problem: StorageProblem,
}

impl StorageError {
    pub(crate) fn new(path: &str, problem: StorageProblem) -> Self {
        Self { path: path.to_owned(), problem }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            StorageProblem::NotFound => "is not in the storage",
            StorageProblem::Conflict => "was changed in the storage by somebody else",
            StorageProblem::Denied => "is refused by the storage",
            StorageProblem::Unreachable => "cannot be had: the storage could not be reached",
            StorageProblem::TooLarge => "has more than 8 MiB",
            StorageProblem::InvalidPath => "is not a valid path, or not that of an artifact",
        };
        write!(f, "`{}` {problem}", self.path)
    }
}

impl std::error::Error for StorageError {}
