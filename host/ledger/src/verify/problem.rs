//! Problem: one thing in a ledger that is not as it was written.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of problem.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A line is no entry, or not the one that belongs there.
    Line,
    /// The lines are not those that a checkpoint covers.
    Content,
    /// Lines that a checkpoint covers are gone.
    Truncated,
    /// Lines at the end are covered by no checkpoint: an append was interrupted, or they were
    /// added by hand. The next append sets them aside.
    Unconfirmed,
    /// A checkpoint is missing, unreadable or not signed: writing it was interrupted, or it was
    /// changed.
    Checkpoint,
    /// The key is not the expected one, or its change is not proved.
    Key,
    /// An older checkpoint of the same key shows another history.
    Fork,
}

/// One thing that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The line of `ledger.jsonl`, counted from 1, if it is known.
    pub line: Option<u64>,
    /// What kind.
    pub kind: ProblemKind,
    /// What is wrong, for people.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { line: None, kind, message: message.into() }
    }

    pub(crate) fn at(line: u64, kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { line: Some(line), kind, message: message.into() }
    }

    /// The files agree with each other, but not with what this process has seen before.
    pub(crate) fn rewritten(size: u64) -> Self {
        let message = format!(
            "the first {size} lines or their checkpoint were replaced while this process ran"
        );
        Self::new(ProblemKind::Fork, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(out, "line {line}: ")?;
        }
        out.write_str(&self.message)
    }
}
