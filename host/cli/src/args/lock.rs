//! What every command understands about the lock file.

use clap::Args;

/// How strictly the lock file is held.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false, id = "lock_mode")]
#[expect(clippy::struct_excessive_bools, reason = "three flags, of which at most one is set")]
pub(crate) struct LockArgs {
    /// Refuse to run if the lock file is missing or would change
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// As --locked, and build no plugin with the network [default in CI]
    #[arg(long, global = true)]
    pub(crate) frozen: bool,
    /// Write the lock file even in CI
    #[arg(long, global = true)]
    pub(crate) no_locked: bool,
}
