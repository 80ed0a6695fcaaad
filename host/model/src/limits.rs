//! Limits: how much of the machine one Action may use.
//!
//! No limit is part of a key: reaching one ends the step, and a step that was ended is never
//! recorded. So a result that is recorded would have been the same under wider limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One limit and where it was set, so that the message which ends a step can say both.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limit<T> {
    /// How much.
    pub value: T,
    /// `file:line` of the setting; `None` when it is the default.
    pub set_at: Option<String>,
}

impl<T> Limit<T> {
    /// A limit that nobody has set.
    pub const fn default_of(value: T) -> Self {
        Self { value, set_at: None }
    }

    /// `the default`, or the place of the setting.
    pub fn place(&self) -> String {
        let set_at = self.set_at.as_deref();
        set_at.map_or_else(|| "the default".to_owned(), |place| format!("set at {place}"))
    }

    /// The note of a fault: how much it is, as `shown`, under which key, and where that is set.
    pub fn note(&self, key: &str, shown: &str) -> String {
        format!("`{key}` is {shown} ({})", self.place())
    }
}

/// Everything that is limited. All sizes are in bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time of the whole execution (`timeout`).
    pub time: Limit<Duration>,
    /// Linear memory, summed over all memories of the guest (`limits.memory`).
    pub memory: Limit<u64>,
    /// Bytes written as outputs and scratch files together (`limits.output-bytes`).
    pub output_bytes: Limit<u64>,
    /// Files written as outputs and scratch files together (`limits.output-files`).
    pub output_files: Limit<u64>,
    /// Bytes of log, stdout and stderr together (`limits.log-bytes`). What is over is dropped
    /// with a notice, it does not end the step.
    pub log_bytes: Limit<u64>,
    /// Findings and test cases together (`limits.findings`).
    pub findings: Limit<u64>,
    /// Bytes of memory of all processes of one run of a tool (`limits.tool-memory`).
    pub tool_memory: Limit<u64>,
    /// Processes and threads of one run of a tool (`limits.tool-processes`).
    pub tool_processes: Limit<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Limit::default_of(Duration::from_secs(600)),
            memory: Limit::default_of(512 << 20),
            output_bytes: Limit::default_of(4 << 30),
            output_files: Limit::default_of(5_000),
            log_bytes: Limit::default_of(4 << 20),
            findings: Limit::default_of(100_000),
            tool_memory: Limit::default_of(8 << 30),
            tool_processes: Limit::default_of(1_000),
        }
    }
}
