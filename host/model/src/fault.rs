//! Fault: why something did not work, and who must act.

use serde::{Deserialize, Serialize};

use crate::code::Code;

/// Who must act. It decides the heading of the message and the exit code, so that the project's
/// fault, the plugin's fault and the infrastructure's fault never look alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The project: red tests, lint errors. Exit code 1.
    Project,
    /// The pipeline file, a flag or a setting. Exit code 2.
    Configuration,
    /// The plugin: it trapped, broke a limit or lied. Exit code 3.
    Plugin,
    /// The machine, the store or the host itself. Exit code 3.
    Infrastructure,
    /// Nobody: a policy or a missing grant said no. Exit code 5.
    Policy,
    /// Nobody: someone pressed Ctrl-C. Exit code 130.
    Cancelled,
}

/// One mistake in the configuration of a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConfigProblem {
    /// Where: a JSON pointer (RFC 6901) into the step's `with`.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// One failure: what failed and why, what else is known, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Who must act.
    pub blame: Blame,
    /// The stable code.
    pub code: Code,
    /// What failed and why: one sentence, lower-case, without a final period.
    pub message: String,
    /// Places in the step's `with` that are wrong, if that is what failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config_problems: Vec<ConfigProblem>,
    /// More lines: the guest's last words, a backtrace, where a limit is set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What to do, if the host knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Fault {
    /// Makes a fault without notes and help.
    pub fn new(blame: Blame, code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { blame, code, message, config_problems: Vec::new(), notes: Vec::new(), help: None }
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
