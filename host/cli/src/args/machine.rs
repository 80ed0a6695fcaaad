//! The verbs about what this machine has: the store, plugins and tools.

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
