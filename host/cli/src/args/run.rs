//! The arguments of `run`.

use clap::{Args, ValueEnum};

use crate::env::EnvVar;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person can set alone")]
pub(crate) struct RunArgs {
    /// Steps to run: a name, `folder:step`, `:step` or a glob (can be repeated) [default: all]
    #[arg(value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// How many steps may run at once [default: one per processor]
    #[arg(short, long, value_name = "N", env = EnvVar::JOBS)]
    pub(crate) jobs: Option<usize>,
    /// Execute the named steps even if the cache could serve them
    #[arg(long)]
    pub(crate) force: bool,
    /// Afterwards execute each pure step again, usually and varied (another clock, other random
    /// numbers, listings from behind); fail if a result differs
    #[arg(long)]
    pub(crate) verify: bool,
    /// Say the least grants that the steps need, and keep nothing of what they make
    #[arg(long, conflicts_with_all = ["force", "verify", "report", "events"])]
    pub(crate) audit_only: bool,
    #[command(flatten)]
    pub(crate) on_failure: OnFailureArgs,
    /// How to show progress
    #[arg(long, value_name = "HOW", default_value = "auto", env = EnvVar::PROGRESS)]
    pub(crate) progress: Progress,
    /// Whose log lines to show while they run
    #[arg(long, value_name = "WHICH", default_value = "failed")]
    pub(crate) logs: Logs,
    /// Write a report: `sarif=FILE` or `junit=FILE` (can be repeated)
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',')]
    pub(crate) report: Vec<String>,
    /// Write the event stream as JSON lines to a file, or to stdout with `-`
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<String>,
    /// Write what was done when, for Perfetto (ui.perfetto.dev) and other readers of trace events
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<String>,
}

/// What to do after a failure.
#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "two flags, of which at most one is set")]
pub(crate) struct OnFailureArgs {
    /// After a failure, go on with every step that does not need the failed one [default]
    #[arg(short, long)]
    pub(crate) keep_going: bool,
    /// After a failure, start no further step
    #[arg(long)]
    pub(crate) fail_fast: bool,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// A bar on a terminal, plain lines elsewhere.
    Auto,
    /// Running steps below the lines of finished ones.
    Bar,
    /// One line per finished step.
    Plain,
    /// Only failures and the summary.
    None,
}

/// Whose log lines to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Logs {
    /// Of steps that failed, at the end.
    Failed,
    /// Of all steps, as they come.
    All,
    /// Of none.
    None,
}
