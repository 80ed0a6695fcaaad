//! The verbs of delivery, as they are typed.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

use crate::delivery::DeploymentId;

/// What `deploy`, `rollback` and `promote` have in common.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person can set alone")]
pub(crate) struct CarryArgs {
    /// Only show the plan; write nothing down, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Set rules aside, for this deployment only, with a reason that the ledger keeps for ever
    #[arg(long, value_name = "REASON")]
    pub(crate) break_glass: Option<String>,
    /// Which rules to set aside (can be repeated) [default: those that are in the way]
    #[arg(long, value_name = "RULE", requires = "break_glass")]
    pub(crate) skip: Vec<Rule>,
    /// The incident that this mends: the team's own id for it
    #[arg(long, value_name = "ID")]
    pub(crate) incident: Option<String>,
    /// Go on although another process holds the environment: it is fenced off
    #[arg(long)]
    pub(crate) take_over: bool,
}

/// A rule that can be set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rule {
    /// Enough people must agree.
    Approvals,
    /// Nothing is deployed during a freeze.
    Freeze,
    /// A release must be live in other environments first.
    Order,
}

impl Rule {
    /// The name of the rule in the ledger.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::Freeze => "freeze",
            Self::Order => "order",
        }
    }
}

/// Arguments of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
    #[command(flatten)]
    pub(crate) carry: CarryArgs,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
    /// The deployment whose release is made live again [default: the release before this one]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to: Option<u64>,
    #[command(flatten)]
    pub(crate) carry: CarryArgs,
}

/// Arguments of `promote`.
#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// The environment whose live release is taken
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// The environment that it goes to
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) carry: CarryArgs,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Only this environment [default: all]
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
}

/// The verbs of `approvals`.
#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// List the plans that wait
    ///
    /// Effect: read-only.
    Ls,
    /// Show a plan as a whole: what it would do, and who has agreed
    ///
    /// Effect: read-only.
    Show {
        /// `ENVIRONMENT#NUMBER`, or `ENVIRONMENT` for the plan that waits
        #[arg(value_name = "ID")]
        id: DeploymentId,
    },
    /// Sign that a plan may be applied
    ///
    /// Signs the digest of the plan with the key of this user. It holds for this plan in this
    /// environment, until it expires or anything changes. Effect: writes into the ledger.
    Approve {
        /// `ENVIRONMENT#NUMBER`, or `ENVIRONMENT` for the plan that waits
        #[arg(value_name = "ID")]
        id: DeploymentId,
        #[command(flatten)]
        how: DecideArgs,
    },
    /// Sign that a plan must not be applied
    ///
    /// Effect: writes into the ledger.
    Reject {
        /// `ENVIRONMENT#NUMBER`, or `ENVIRONMENT` for the plan that waits
        #[arg(value_name = "ID")]
        id: DeploymentId,
        #[command(flatten)]
        how: DecideArgs,
    },
    /// Take a decision that was signed elsewhere with `--output`
    ///
    /// Effect: writes into the ledger.
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        decision: PathBuf,
    },
}

/// How a decision is made.
#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Why
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    pub(crate) message: String,
    /// How long it holds, such as `8h` [default: as the environment says, and never longer]
    #[arg(long, value_name = "DURATION")]
    pub(crate) expires: Option<String>,
    /// Write the signed decision to a file, and not into the ledger
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `freeze`.
#[derive(Debug, Args)]
pub(crate) struct FreezeArgs {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environment: String,
    /// How long, such as `2h` or `3d` [default: until it is lifted]
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "lift")]
    pub(crate) length: Option<String>,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: String,
    /// End the freeze
    #[arg(long)]
    pub(crate) lift: bool,
}

/// Arguments of `watch-env`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The environments (can be repeated) [default: all]
    #[arg(value_name = "ENVIRONMENT")]
    pub(crate) environments: Vec<String>,
    /// Look once, and exit with 1 if anything is ill or not what the ledger says
    #[arg(long)]
    pub(crate) once: bool,
    /// Offer the state of all environments as Prometheus text at this address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    pub(crate) metrics: Option<std::net::SocketAddr>,
}

/// The verbs of `incident`.
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Write down that something is wrong in an environment
    ///
    /// Effect: writes into the ledger.
    Open {
        /// The team's own id for it
        #[arg(value_name = "ID")]
        id: String,
        /// `ENVIRONMENT#NUMBER` of the deployment that caused it, or `ENVIRONMENT`
        #[arg(value_name = "WHERE")]
        place: DeploymentId,
        /// What is wrong
        #[arg(short, long, value_name = "TEXT")]
        message: String,
    },
    /// Write down that it is over
    ///
    /// Effect: writes into the ledger.
    Close {
        /// The team's own id for it
        #[arg(value_name = "ID")]
        id: String,
        /// The environment
        #[arg(value_name = "ENVIRONMENT")]
        environment: String,
    },
}

/// The verbs of `ledger`.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Read the whole ledger again, and compare it with its signed checkpoint
    ///
    /// Exits with 3 if anything is wrong. Effect: read-only.
    Verify {
        /// An older checkpoint: the ledger must go on from there
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// The key that must have signed it [default: `key` in `[ledger]`]
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Prove that an event is in the ledger, to someone who does not have it
    ///
    /// Effect: read-only.
    Prove {
        /// The event, such as `e12`
        #[arg(value_name = "EVENT")]
        event: String,
    },
    /// Check a proof that `prove` has written
    ///
    /// Effect: read-only.
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        proof: PathBuf,
        /// The key that must have signed it [default: `key` in `[ledger]`]
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
    },
    /// Write the events as JSON lines to stdout
    ///
    /// Effect: read-only.
    Export {
        /// Only events of this type, such as `finished` (can be repeated)
        #[arg(long = "type", value_name = "TYPE")]
        types: Vec<String>,
        /// Only events of this environment
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: Option<String>,
    },
    /// Write the signed checkpoint to stdout, to be kept elsewhere
    ///
    /// Effect: read-only.
    Checkpoint,
}

/// The verbs of `report`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// The five DORA metrics of an environment
    ///
    /// Effect: read-only, but for the file named with `--output`.
    Dora {
        /// The environment [default: the only one that no other one needs]
        #[arg(long, value_name = "ENVIRONMENT")]
        environment: Option<String>,
        #[command(flatten)]
        how: ReportArgs,
    },
    /// Every deployment, with who asked, who agreed and what came of it
    ///
    /// Effect: read-only, but for the file named with `--output`.
    Releases {
        #[command(flatten)]
        how: ReportArgs,
    },
    /// What a reviewer asks: approvals, evidence, classes of steps, rules that were set aside
    ///
    /// Effect: read-only, but for the file named with `--output`.
    Risk {
        #[command(flatten)]
        how: ReportArgs,
    },
}

/// How a report is made.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// From when on: a time ago, such as `30d`
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub(crate) since: String,
    /// The format [default: text, or json with --json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<SheetFormat>,
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SheetFormat {
    /// For the terminal.
    Text,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// For pages.
    Md,
    /// For browsers.
    Html,
}

/// Arguments of `find`.
#[derive(Debug, Args)]
pub(crate) struct FindArgs {
    /// The file: `PATH`, or `PATH@` and the first digits of its digest
    #[arg(value_name = "PATH[@DIGEST]")]
    pub(crate) path: String,
    /// The format [default: text, or json with --json]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<SheetFormat>,
}

/// The verbs of `key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key to approve with
    ///
    /// Effect: writes a file that only this user can read.
    New,
    /// Show the public keys of this user
    ///
    /// Effect: read-only; the keys that sign ledgers and records are made if there are none.
    Show,
}
