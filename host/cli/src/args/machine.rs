//! The verbs about what this machine has: the store, plugins and tools.

use belljar_model::{TrustLevel, WriterKey};
use clap::{Args, Subcommand, ValueEnum};

use crate::env::EnvVar;

/// The verbs of `cache`.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Show how large the store is, and what is in it
    ///
    /// Effect: read-only.
    Stat,
    /// Remove the results that were not used for longest, until the store fits
    ///
    /// Effect: deletes from the store.
    Gc {
        /// What may stay, such as `500MiB` or `10GiB`
        #[arg(long, value_name = "SIZE", default_value = "10GiB", env = EnvVar::STORE_SIZE)]
        max_size: String,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Read every blob and record again and compare with its digest
    ///
    /// Damaged blobs are moved to quarantine, and rebuilt when they are needed. Exits with 3 if
    /// anything was wrong.
    Verify,
    /// Show actions that had two results, and who recorded them
    ///
    /// Their records are kept and not used. Effect: read-only.
    Disputes,
    /// End a dispute: forget the records of an action, so that its step is executed afresh
    ///
    /// Effect: deletes from the store.
    Settle {
        /// The action: what `cache disputes` shows, or the start of it
        #[arg(value_name = "ACTION")]
        action: String,
    },
    /// Say whose records this machine uses
    #[command(subcommand)]
    Trust(TrustCommand),
}

/// The verbs of `cache trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Use the records of another machine
    ///
    /// Effect: writes the list of known writers, beside the keys of this user.
    Add {
        /// What this machine shall call it
        #[arg(value_name = "NAME")]
        name: String,
        /// Its key, as `belljar key show` says it there
        #[arg(value_name = "KEY")]
        key: WriterKey,
        /// The highest level that it is believed: untrusted, developer, ci or protected
        #[arg(long, value_name = "LEVEL")]
        level: TrustLevel,
        /// The last day on which it is known, such as 2027-01-31
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
    },
    /// List the writers that this machine knows
    ///
    /// Effect: read-only.
    Ls,
    /// Use the records of a writer no more
    ///
    /// Effect: writes the list of known writers.
    Remove {
        /// What this machine calls it
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// The verbs of `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show what a plugin is, and what it could do: its imports by function
    ///
    /// Effect: read-only.
    Inspect {
        /// A plugin of the pipeline file, `builtin:NAME`, or a `.wasm` file
        #[arg(value_name = "PLUGIN")]
        plugin: String,
    },
    /// Show what a plugin can do, and what changed: what is locked against what is there now, or
    /// one plugin against another
    ///
    /// Power that was added comes first. Effect: read-only.
    Diff {
        /// A plugin of the pipeline file, `builtin:NAME`, or a `.wasm` file
        #[arg(value_name = "A")]
        plugin: String,
        /// Another one [default: A as it is there now, against what is locked]
        #[arg(value_name = "B")]
        other: Option<String>,
    },
    /// Add a plugin to the pipeline file, after showing what it can do
    ///
    /// Effect: writes the pipeline file and the lock file.
    Add {
        /// What steps call it
        #[arg(value_name = "NAME")]
        name: String,
        /// `builtin:NAME`, a `.wasm` file, or a folder with its source
        #[arg(value_name = "SOURCE")]
        source: String,
    },
    /// Write down what plugins are now
    ///
    /// One that gained power is written down with --accept only. Effect: writes the lock file.
    Update(UpdateArgs),
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Plugins of the pipeline file (can be repeated) [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) plugins: Vec<String>,
    /// How many of the latest runs are looked at for what was used
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) runs: usize,
    /// Write the findings: `sarif=FILE` (can be repeated)
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',')]
    pub(crate) report: Vec<String>,
    /// Exit with 5 if there are findings of these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) fail_on: Vec<Rule>,
}

/// What an audit finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Rule {
    /// A plugin that has more power than was accepted, or other bytes than were locked.
    NotAccepted,
    /// A plugin that the lock file does not have, or not as it is.
    Unlocked,
    /// A plugin that asks for what its step or environment does not grant.
    AskWithoutGrant,
    /// A grant that no recorded run used.
    UnusedGrant,
    /// A grant that reaches every file or every host.
    BroadGrant,
    /// Plugins with names that look alike.
    LookAlike,
}

/// Arguments of `plugin update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Plugins of the pipeline file (can be repeated) [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) plugins: Vec<String>,
    /// Accept power that was gained
    #[arg(long)]
    pub(crate) accept: bool,
}

/// The verbs of `tools`.
#[derive(Debug, Subcommand)]
pub(crate) enum ToolsCommand {
    /// List the tools, with what each is on this machine
    ///
    /// Effect: read-only.
    Ls,
    /// Show how tools are kept apart here, what is missing for more, and what each may read
    ///
    /// Effect: runs a canary in the sandbox, and the version commands of tools.
    Doctor,
}
