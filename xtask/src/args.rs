//! The arguments of `cargo xtask`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Builds, tests and shows Belljar
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs, in the order in which a newcomer meets them.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Build everything for release and run an example twice
    ///
    /// The example is copied first. The second run is served from the cache; then one file is
    /// edited, and the third run says which step ran again, and why.
    Demo,
    /// Build the program and all tests, for development
    Build,
    /// Run all tests
    Test(TestArgs),
    /// Compare the page of attacks with what the last run of all tests has shown
    Cases(CasesArgs),
    /// Check the format, the lints and the generated code
    Lint,
    /// Build the standard plugins and print where they are
    Plugins,
    /// Build for release and put the `belljar` binary in place
    Install(InstallArgs),
    /// Print the measurements of `benches/`
    Bench(BenchArgs),
    /// Look for the rare: the long forms of the tests of the store, one after another
    Soak(SoakArgs),
    /// Feed random bytes to everything that reads what others wrote
    Fuzz(FuzzArgs),
    /// Write the SDK's bindings anew from the interface
    Codegen,
    /// Run a test program, if it can run within a sandbox: cargo is told to do so
    #[command(hide = true)]
    Within(WithinArgs),
}

/// Arguments of `cargo xtask within`.
#[derive(clap::Args)]
pub(crate) struct WithinArgs {
    /// The test program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<std::ffi::OsString>,
}

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a person can set alone")]
pub(crate) struct TestArgs {
    /// Only the crates that need no WebAssembly runtime and no plugin: a minute instead of ten
    #[arg(long)]
    pub(crate) core: bool,
    /// Leave out the tests that make a sandbox of the operating system: within one, they cannot
    #[arg(long, conflicts_with = "core")]
    pub(crate) sandboxed: bool,
    /// Passed on to `cargo test`, such as a part of a test's name
    #[arg(last = true, value_name = "ARG")]
    pub(crate) rest: Vec<String>,
}

/// Arguments of `cargo xtask cases`.
#[derive(clap::Args)]
pub(crate) struct CasesArgs {
    /// Write the page anew
    #[arg(long)]
    pub(crate) write: bool,
}

/// Arguments of `cargo xtask install`.
#[derive(clap::Args)]
pub(crate) struct InstallArgs {
    /// Folder whose `bin` receives the binary [default: where `cargo install` puts programs]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// Passed on to the measuring program
    #[arg(last = true, value_name = "ARG")]
    pub(crate) rest: Vec<String>,
}

/// Arguments of `cargo xtask soak`.
#[derive(clap::Args)]
pub(crate) struct SoakArgs {
    /// How long the searches without an end of their own take together
    #[arg(long, default_value_t = 60)]
    pub(crate) minutes: u64,
    /// How much each search that has an end of its own tries at most [default: everything]
    #[arg(long, value_name = "COUNT")]
    pub(crate) most: Option<u64>,
    /// Only one search, such as `kills`
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
    /// What decides everything that is random [default: another one each time]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct FuzzArgs {
    /// Programs of `fuzz/fuzz_targets` [default: all]
    #[arg(value_name = "PROGRAM")]
    pub(crate) programs: Vec<String>,
    /// How long each runs
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Start from this number and the inputs of the tree alone, not from what earlier runs found:
    /// the same inputs in the same order wherever it runs
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u32>,
    /// Run nothing, but add what earlier runs found to the inputs in the tree
    #[arg(long, conflicts_with = "seed")]
    pub(crate) keep: bool,
}
