//! The command line: what can be typed, and nothing of what it does.

mod delivery;
mod lock;
mod machine;
mod run;

use std::path::PathBuf;

use belljar_model::TrustLevel;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use delivery::{
    ApprovalsCommand, CarryArgs, DecideArgs, DeployArgs, FindArgs, FreezeArgs, HistoryArgs,
    IncidentCommand, KeyCommand, LedgerCommand, PromoteArgs, ReportArgs, ReportCommand,
    RollbackArgs, SheetFormat, StatusArgs, WatchArgs,
};
pub(crate) use lock::LockArgs;
pub(crate) use machine::{
    AuditArgs, CacheCommand, PluginCommand, Rule, ToolsCommand, TrustCommand, UpdateArgs,
};
pub(crate) use run::{Logs, Progress, RunArgs};

use crate::env::EnvVar;

/// Run sandboxed, cached build steps and see why each ran
///
/// Steps are WebAssembly plugins behind a published interface. A step reaches nothing that was
/// not granted, and everything that it touched is on record: that is what the cache compares.
#[derive(Debug, Parser)]
#[command(name = "belljar", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What every command understands.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person can set alone")]
pub(crate) struct Global {
    /// Work as if started in this directory
    #[arg(short = 'C', long, value_name = "DIR", global = true, env = EnvVar::DIRECTORY)]
    pub(crate) directory: Option<PathBuf>,
    /// The pipeline file, relative to the workspace root
    #[arg(short, long, value_name = "FILE", global = true, env = EnvVar::FILE)]
    pub(crate) file: Option<String>,
    /// The directory of the local store [default: the user's cache directory]
    #[arg(long, value_name = "DIR", global = true, env = EnvVar::STORE)]
    pub(crate) store: Option<PathBuf>,
    /// Use no record of a lower trust level: untrusted, developer, ci or protected [default: the
    /// level of what this machine records, and at least developer]
    #[arg(long, value_name = "LEVEL", global = true, env = EnvVar::MIN_TRUST)]
    pub(crate) min_trust: Option<TrustLevel>,
    /// How strictly the lock file is held
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// Write the answer as JSON to stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colors
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", env = EnvVar::COLOR)]
    pub(crate) color: When,
    /// Say less: only failures and the summary
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more about what the host itself does (can be repeated)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// A choice that can be left to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Decide by the terminal and the environment.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run steps and everything they need
    ///
    /// A step whose result is in the cache is restored instead of executed; every other step
    /// says why it runs. Effect: writes declared outputs, the store and a recording of the run.
    Run(RunArgs),
    /// Show what `run` would do, and why
    ///
    /// Effect: read-only.
    Plan(PlanArgs),
    /// Explain why a step ran, or would run
    ///
    /// Compares with the nearest earlier execution of the step. Effect: read-only.
    Why(WhyArgs),
    /// List steps, plugins or runs
    ///
    /// Effect: read-only.
    Ls(LsArgs),
    /// Check the pipeline file, and every step's configuration against its plugin
    ///
    /// Reports all mistakes at once. Effect: read-only.
    Check,
    /// Show who needs whom
    ///
    /// Effect: read-only.
    Graph(GraphArgs),
    /// Write a JSON Schema of the pipeline file for editors, with `with` typed per plugin
    ///
    /// Effect: read-only, but for the file named with `--output`.
    Schema(SchemaArgs),
    /// Show the log and the findings of a step
    ///
    /// Effect: read-only.
    Logs(LogsArgs),
    /// Execute steps of a recorded run again, and compare with what it recorded
    ///
    /// Pure steps whose inputs are still the same. Exits with 1 if a result differs; then its
    /// record is used no more. Effect: writes into the store.
    Verify(VerifyArgs),
    /// List recorded runs, or show one again
    ///
    /// Effect: read-only.
    Runs(RunsArgs),
    /// Look at the local store, bound it, verify it
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Look at plugins, add them, and accept what they became
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Review plugins: what each is, may do, and did in the latest runs
    ///
    /// What it did comes from the recordings of runs and their observations. Effect: read-only.
    Audit(AuditArgs),
    /// Look at the tools that the pipeline file declares
    #[command(subcommand)]
    Tools(ToolsCommand),
    /// Build what an environment ships, plan its deployment, and carry it out
    ///
    /// Shows all that would leave before anything does. If people must agree, the plan waits for
    /// them (exit code 6), and the same command goes on later; a deployment that was interrupted
    /// goes on where it was. Effect: changes the environment, and writes into the ledger.
    Deploy(DeployArgs),
    /// Make an earlier release live again
    ///
    /// Nothing is built. Effect: changes the environment, and writes into the ledger.
    Rollback(RollbackArgs),
    /// Deploy to an environment what is live in another one
    ///
    /// The same artifacts, by digest; nothing is built. Effect: changes the environment, and
    /// writes into the ledger.
    Promote(PromoteArgs),
    /// Show what is live where, and how it is
    ///
    /// What the ledger says; `watch-env` looks. Effect: read-only.
    Status(StatusArgs),
    /// List the deployments of an environment
    ///
    /// Effect: read-only.
    History(HistoryArgs),
    /// See what waits for approval, and decide
    #[command(subcommand)]
    Approvals(ApprovalsCommand),
    /// Let nothing be deployed to an environment for a while
    ///
    /// Effect: writes into the ledger.
    Freeze(FreezeArgs),
    /// Look at environments again and again
    ///
    /// Writes down when one falls ill or is not what the ledger says, and goes back if the file
    /// says so. Effect: writes into the ledger; changes the environment if `monitor.on-illness`
    /// is `rollback`.
    WatchEnv(WatchArgs),
    /// Write down that something is wrong, or over
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Verify, prove and export the record of all deliveries
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Answer questions about deliveries from the ledger
    #[command(subcommand)]
    Report(ReportCommand),
    /// Find the releases that contain a file, and where they are live
    ///
    /// A file that was shipped, or that a step read to make what was shipped. Effect: read-only.
    Find(FindArgs),
    /// Make and show keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Explain an error code such as E0201
    ///
    /// Effect: read-only.
    Explain(ExplainArgs),
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Steps to plan (can be repeated) [default: all]
    #[arg(value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// Exit with 10 if there is work to do
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The step
    #[arg(value_name = "STEP")]
    pub(crate) step: String,
}

/// Arguments of `ls`.
#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// What to list
    #[arg(value_name = "WHAT", default_value = "steps")]
    pub(crate) what: Listed,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// Steps, with what they are for.
    Steps,
    /// Plugins, with version and class.
    Plugins,
    /// Recorded runs, newest first.
    Runs,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// Only these steps and what they need (can be repeated) [default: all]
    #[arg(value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// The format [default: text, or json with --json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<GraphFormat>,
}

/// A format for graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For people.
    Text,
    /// For Graphviz.
    Dot,
    /// For Markdown pages.
    Mermaid,
    /// For programs.
    Json,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The step
    #[arg(value_name = "STEP")]
    pub(crate) step: String,
    /// The run: an id, the start of one, or `latest`
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// The run to show again: an id, the start of one, or `latest` [default: list all]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The run: an id, the start of one, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// How many of its steps to execute again
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub(crate) share: String,
    /// Which ones: another number chooses others [default: by the run's id]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many steps may run at once [default: one per processor]
    #[arg(short, long, value_name = "N", env = EnvVar::JOBS)]
    pub(crate) jobs: Option<usize>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Two arguments with one id are read as one another, and the program panics.
    #[test]
    fn no_argument_of_a_command_is_called_like_one_that_every_command_has() {
        let ids = |command: &clap::Command, global: bool| -> Vec<String> {
            let all = command.get_arguments().filter(|one| one.is_global_set() == global);
            all.map(|one| one.get_id().to_string()).collect()
        };
        let root = Arguments::command();
        let global = ids(&root, true);
        assert!(global.iter().any(|id| id == "file"), "{global:?}");
        let mut waiting: Vec<_> = root.get_subcommands().collect();
        while let Some(command) = waiting.pop() {
            for id in ids(command, false) {
                assert!(!global.contains(&id), "`{id}` of `{}`", command.get_name());
            }
            waiting.extend(command.get_subcommands());
        }
    }
}
