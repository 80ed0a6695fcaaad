//! The verbs about what this machine has: the store, plugins and tools.

use belljar_model::{TrustLevel, WriterKey};
use clap::Subcommand;

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
