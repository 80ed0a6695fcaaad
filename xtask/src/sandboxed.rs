//! Sandboxed: which tests cannot run within a sandbox of the operating system, and how they are left
//! out there.
//!
//! Packages are not left out with `--exclude`: another selection of packages compiles every
//! dependency a second time, with other features. They are compiled as always, and not run.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::args::WithinArgs;
use crate::shell::{say, target_dir};

/// What makes such sandboxes, traces others, or listens to sockets.
const PACKAGES: &[&str] = &["belljar-fire", "belljar-outlet", "belljar-tool", "belljar-worker"];

/// Parts of the names of tests that do, or that run programs which are not cargo's.
const NAMES: &[&str] = &[
    "changing::",
    "delivering::",
    "delivery_example::",
    "foreign::our_figures",
    "full_disk::",
    "guides::delivery",
    "guides::native_tools",
    "guides::secrets",
    "hostile::",
    "imports::",
    "native_examples::",
    "ordinary_user::",
    "revision::tests",
    "secrets::a_tool",
    "timeline::the_set_up",
    "tools_are_run_again",
    "what_has_no_content_is_refused",
    "workers::",
];

/// The verb with which cargo is told to run test programs through this one.
pub(crate) const WITHIN: &str = "within";

/// Lets a `cargo test` leave them out. Nothing but arguments for the tests may follow.
///
/// # Errors
/// When it is not known where this program is.
pub(crate) fn leave_out(test: &mut Command) -> Result<()> {
    // Not where this process came from: to build the tests may have replaced that.
    let own = target_dir()?.join("debug/xtask");
    let own = own.to_str().context("the path of the build folder is not UTF-8")?;
    let runner = serde_json::to_string(&[own, WITHIN])?; // an array of strings is the same in TOML
    test.args(["--config", &format!("target.'cfg(all())'.runner = {runner}"), "--"]);
    test.args(NAMES.iter().flat_map(|name| ["--skip", name]));
    Ok(())
}

/// Runs a test program, unless it belongs to a package that is left out. Cargo says which it is.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn run(args: &WithinArgs) -> Result<ExitCode> {
    let package = std::env::var("CARGO_PKG_NAME").context("cargo does not say the package")?;
    if PACKAGES.contains(&package.as_str()) {
        say(&format!("left out within a sandbox: {package}"));
        return Ok(ExitCode::SUCCESS);
    }
    let status = Command::new(&args.program).args(&args.rest).status();
    let status = status.with_context(|| format!("cannot run `{}`", args.program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
