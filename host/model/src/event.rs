//! Event: a fact about a run. Console, JSON lines, recordings and reports read this one stream.

use serde::{Deserialize, Serialize};

use crate::action::ActionDigest;
use crate::action_result::{Cost, OutputFile};
use crate::class::Class;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::finding::{Finding, TestCase};
use crate::miss::MissReason;
use crate::step::StepName;
use crate::tool::{Isolation, ToolCost};
use crate::trust::{Dispute, Origin, Verification};

/// The schema of the stream. Fields are only ever added under one name.
pub const SCHEMA: &str = "belljar.events/v1";

/// How important a log line is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Step-by-step detail.
    Trace,
    /// Detail for the plugin's author.
    Debug,
    /// What a user may want to follow; also the guest's stdout.
    Info,
    /// Deserves a look; also the guest's stderr.
    Warn,
    /// The reason for a failure.
    Error,
}

/// One line of a step's log. The text is free of terminal control sequences.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// How important it is.
    pub level: LogLevel,
    /// The line, without its end.
    pub text: String,
}

impl LogLine {
    /// Writes lines as they are kept in a blob: one JSON object each.
    pub fn encode(lines: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut bytes, line).expect("a log line has a JSON form");
            bytes.push(b'\n');
        }
        bytes
    }

    /// Reads what [`LogLine::encode`] has written; `None` if it is something else.
    pub fn decode(bytes: &[u8]) -> Option<Vec<Self>> {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// Where a step's result came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// It was executed.
    Executed,
    /// The cache held the very same Action.
    ExactHit,
    /// The cache held an Action whose Observations have the same answers today.
    ObservedHit,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its outputs are in place.
    Passed,
    /// The project is at fault.
    Failed,
    /// The plugin, the machine or a policy is at fault: there is no result.
    Errored,
    /// A step that it needs did not pass, or the run stopped before it.
    Skipped,
    /// It was running when the run was cancelled.
    Cancelled,
}

/// A planned step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name.
    pub name: StepName,
    /// What it waits for.
    pub needs: Vec<StepName>,
    /// How long it took the last time it was executed, in microseconds.
    pub expected_us: Option<u64>,
}

/// All that is known when a step has ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepReport {
    /// Which step.
    pub step: StepName,
    /// How it ended.
    pub status: Status,
    /// Where the result came from; `None` if there is none.
    pub source: Option<Source>,
    /// One short line.
    pub summary: String,
    /// The plugin as `name@version`.
    pub plugin: String,
    /// How much of the world it could touch.
    pub class: Class,
    /// The key; `None` if the step was never resolved.
    pub action: Option<ActionDigest>,
    /// Why the cache did not serve it, the likeliest cause first. Empty for a hit.
    pub miss: Vec<MissReason>,
    /// How often it was executed; 0 for a hit.
    pub attempts: u32,
    /// From the start of its lookup to its end, in microseconds.
    pub wall_us: u64,
    /// What the execution cost, then or now.
    pub cost: Cost,
    /// What it made.
    pub outputs: Vec<OutputFile>,
    /// The log: a blob of JSON lines.
    pub log: Option<Digest>,
    /// What went wrong, if anything did.
    pub fault: Option<Fault>,
    /// The failed step because of which this one was skipped.
    pub skipped_for: Option<StepName>,
    /// How its tools were kept apart, then or now; `None` if it ran none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Who wrote the record, for a hit in a cache whose records say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The runs of tools of this execution, in the order in which they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolReport>,
}

/// One run of a tool by a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolReport {
    /// The tool's name in the pipeline file.
    pub tool: String,
    /// What the run was for; may be empty.
    pub label: String,
    /// The arguments, without the program's own name.
    pub args: Vec<String>,
    /// The key of the run.
    pub action: ActionDigest,
    /// Where the result came from.
    pub source: Source,
    /// Its exit code.
    pub code: i32,
    /// How it was kept apart.
    pub isolation: Isolation,
    /// What it cost, then or now.
    pub cost: ToolCost,
}

/// Totals of a run.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Totals {
    /// Steps in the plan.
    pub steps: u32,
    /// Steps that passed, cached ones included.
    pub passed: u32,
    /// Steps that were served from the cache, failures included.
    pub cached: u32,
    /// Steps with the status failed.
    pub failed: u32,
    /// Steps with the status errored.
    pub errored: u32,
    /// Steps with the status skipped.
    pub skipped: u32,
    /// Steps with the status cancelled.
    pub cancelled: u32,
    /// Wall time of the executions that hits made unnecessary, in microseconds.
    pub saved_us: u64,
}

/// A fact about a run. `at` is in milliseconds since 1970-01-01 UTC.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first event of a run.
    RunStarted {
        /// [`SCHEMA`].
        schema: String,
        /// The run's id.
        run: String,
        /// When.
        at: u64,
        /// The host's version.
        host: String,
        /// The steps that were asked for, as typed; empty for all.
        asked: Vec<String>,
    },
    /// What will be done.
    Planned {
        /// The steps, in an order in which each follows what it needs.
        steps: Vec<PlannedStep>,
    },
    /// A step was not in the cache and is being executed.
    StepStarted {
        /// Which step.
        step: StepName,
        /// When.
        at: u64,
        /// The plugin as `name@version`.
        plugin: String,
        /// Why the cache did not serve it.
        miss: Vec<MissReason>,
        /// 1 for the first try.
        attempt: u32,
    },
    /// A running step wrote a line.
    StepLog {
        /// Which step.
        step: StepName,
        /// The line.
        line: LogLine,
    },
    /// A step that ended had found something.
    StepFinding {
        /// Which step.
        step: StepName,
        /// What it found.
        finding: Finding,
    },
    /// A step that ended had run a test.
    StepTest {
        /// Which step.
        step: StepName,
        /// The test.
        test: TestCase,
    },
    /// A step was executed, and an earlier record of the same action has another result: it is
    /// not deterministic, or one of the two was tampered with.
    RecordDisputed {
        /// Which step.
        step: StepName,
        /// Who said what.
        dispute: Box<Dispute>,
    },
    /// A step was executed again after the run, for comparison.
    StepVerified {
        /// Which step.
        step: StepName,
        /// What came of it.
        verification: Box<Verification>,
    },
    /// A step ended. Its findings and tests came before.
    StepFinished {
        /// When.
        at: u64,
        /// Everything about it.
        report: Box<StepReport>,
    },
    /// For all steps that this run does not plan, nothing changed since an earlier run, in which
    /// each of them passed: it would be a hit, and its outputs are in place.
    Unchanged {
        /// The id of that run.
        since: String,
    },
    /// The last event of a run.
    RunFinished {
        /// When.
        at: u64,
        /// Wall time of the run in microseconds.
        wall_us: u64,
        /// Totals.
        totals: Totals,
        /// The exit code that follows.
        exit_code: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_kept_are_read_again_and_others_are_not() {
        let line = |text: &str| LogLine { level: LogLevel::Warn, text: text.to_owned() };
        let lines = [line("a\nb"), line("")];
        assert_eq!(LogLine::decode(&LogLine::encode(&lines)).as_deref(), Some(&lines[..]));
        assert_eq!(LogLine::decode(b""), Some(Vec::new()));
        assert_eq!(LogLine::decode(b"{}\n"), None);
    }
}
