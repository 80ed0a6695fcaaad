//! ActionResult: what one execution produced.

use serde::{Deserialize, Serialize};

use crate::class::Class;
use crate::digest::Digest;
use crate::finding::{Coverage, Finding, TestCase};
use crate::path::WorkspacePath;
use crate::tool::{Isolation, ToolResult};

/// Whether a step is content with the project. Both are results, and both are recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All is well.
    Passed,
    /// The project is at fault: the plugin's own code and sentence.
    Failed {
        /// A stable code of the plugin's own, such as `lint-errors`.
        code: String,
        /// A sentence for the user.
        message: String,
    },
}

/// One file that a step made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct OutputFile {
    /// Where it belongs.
    pub path: WorkspacePath,
    /// Its content.
    pub digest: Digest,
    /// Whether it may be executed.
    pub executable: bool,
}

/// What an execution cost. Not part of the result's identity.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// Wall time in microseconds.
    pub wall_us: u64,
    /// The most linear memory at any time, in bytes.
    pub peak_memory: u64,
    /// Files whose content was read.
    pub files_read: u64,
    /// Bytes of content that were read.
    pub bytes_read: u64,
}

/// Whether others may be given a result.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// Anyone who trusts the one that made it.
    #[default]
    Free,
    /// Nobody: it stays in the store of this machine. A secret was within reach of what made it.
    Local,
}

/// Outputs, findings, log, cost and class of one execution.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActionResult {
    /// Whether the step is content.
    pub verdict: Verdict,
    /// One short line for the report.
    pub summary: String,
    /// How much of the world it could touch.
    pub class: Class,
    /// What it made, sorted by path. Empty if it failed.
    pub outputs: Vec<OutputFile>,
    /// What it found, as reported.
    pub findings: Vec<Finding>,
    /// Test cases, as reported.
    pub tests: Vec<TestCase>,
    /// Coverage reports.
    pub coverage: Vec<Coverage>,
    /// The log: the digest of a blob of JSON lines ([`crate::event::LogLine`]); `None` if empty.
    pub log: Option<Digest>,
    /// How its tools were kept apart; `None` if it ran none.
    pub isolation: Option<Isolation>,
    /// What a tool produced, if this is the result of a run of a tool.
    pub tool: Option<ToolResult>,
    /// Whether others may be given it.
    pub sharing: Sharing,
    /// What it cost.
    pub cost: Cost,
}

impl ActionResult {
    /// Whether the verdict is that all is well.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// The blobs without which this result could not be used.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> {
        let outputs = self.outputs.iter().map(|output| output.digest);
        let coverage = self.coverage.iter().map(|coverage| coverage.report);
        let printed = self.tool.iter().flat_map(|tool| [tool.stdout, tool.stderr]);
        outputs.chain(coverage).chain(self.log).chain(printed)
    }
}
