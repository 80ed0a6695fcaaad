//! Finding and TestCase: what a step has to say about the project.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::path::WorkspacePath;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Should be mended.
    Warning,
    /// Must be mended.
    Error,
}

/// A region of a text file. Lines and columns count from 1, columns in Unicode scalar values;
/// the end is exclusive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: WorkspacePath,
    /// First line.
    pub start_line: u32,
    /// First column.
    pub start_col: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last one.
    pub end_col: u32,
}

/// A mechanical change that mends a finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Edit {
    /// What to replace.
    pub at: Span,
    /// The new text.
    pub replacement: String,
}

/// One remark about the project.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's stable name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// A sentence for the user.
    pub message: String,
    /// Where; `None` when it concerns the whole project.
    pub at: Option<Span>,
    /// Edits that would mend it, to be applied together.
    pub fixes: Vec<Edit>,
    /// More values, for tools.
    pub attrs: BTreeMap<String, String>,
}

/// What became of one test.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestStatus {
    /// As expected.
    Passed,
    /// An assertion did not hold.
    Failed,
    /// Not run, on purpose.
    Skipped,
    /// Could not be run.
    Errored,
}

/// One test case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TestCase {
    /// The group it belongs to.
    pub suite: String,
    /// Its name within the group.
    pub name: String,
    /// What became of it.
    pub status: TestStatus,
    /// How long it took, in microseconds; 0 if unknown.
    pub duration_us: u64,
    /// What it said when it did not pass.
    pub message: String,
    /// Where it is written.
    pub at: Option<Span>,
    /// More values, for tools.
    pub attrs: BTreeMap<String, String>,
}

/// A coverage report that a step handed over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Coverage {
    /// `lcov` or `cobertura`.
    pub format: String,
    /// The report: the digest of a blob.
    pub report: crate::digest::Digest,
}
