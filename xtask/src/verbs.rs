//! The verbs that are a few commands in a row.

use anyhow::Result;

use crate::args::{BenchArgs, InstallArgs, TestArgs};
use crate::builds::{self, Profile};
use crate::shell::{cargo, run, say};
use crate::{cases, codegen, fuzz, sandboxed};

/// What needs neither a WebAssembly runtime nor a plugin.
const CORE: &[&str] = &[
    "belljar-model",
    "belljar-disk",
    "belljar-pipeline",
    "belljar-runner",
    "belljar-store",
    "belljar-workspace",
    "belljar-ledger",
    "belljar-delivery",
    "belljar-report",
    "belljar-sdk",
    "belljar-sdk-macros",
    "belljar-sdk-testing",
    "belljar-cases",
    "belljar-fire",
    "xtask",
];

/// What is compiled for guests only.
const GUESTS_ONLY: &str = "belljar-guests";

/// Selects all that is compiled for the machine we are on.
const NATIVE: &[&str] = &["--workspace", "--exclude", GUESTS_ONLY];

/// What is compiled for guests as well: clippy looks at it in both forms.
const GUESTS_TOO: &[&str] = &[
    "belljar-sdk",
    "belljar-plugin-command",
    "belljar-plugin-deploy",
    "belljar-plugin-lint",
    "belljar-plugin-package",
    "belljar-plugin-test",
];

/// The variable that names the folder for what the tests could not try on this machine.
const NOT_TRIED: &str = "BELLJAR_NOT_TRIED";

/// Runs all tests, or those of the core. After all of them, it is said what could not be tried
/// here, and every attack of the catalogue must have been answered.
///
/// # Errors
/// When something cannot be built, a test fails, or an attack has no test that ran.
pub(crate) fn test(args: &TestArgs) -> Result<()> {
    let mut test = cargo();
    test.arg("test").env_remove(cases::FOLDER_VAR);
    let all = !args.core && !args.sandboxed && args.rest.is_empty();
    if all {
        test.env(cases::FOLDER_VAR, cases::begin()?);
    }
    if args.core {
        test.args(CORE.iter().flat_map(|package| ["-p", package]));
    } else {
        let variables = build()?;
        if !args.sandboxed && args.rest.is_empty() {
            fuzz::briefly()?;
        }
        test.args(NATIVE).envs(variables);
        if args.sandboxed {
            sandboxed::leave_out(&mut test)?;
        }
    }
    let folder = crate::shell::target_dir()?.join("not-tried");
    let _ = std::fs::remove_dir_all(&folder); // there may be none
    let ended = run(test.args(&args.rest).env(NOT_TRIED, &folder));
    for line in not_tried(&folder)? {
        say(&format!("NOT TRIED on this machine: {line}"));
    }
    ended?;
    if all {
        return cases::end();
    }
    say(
        "not all tests ran, so the catalogue of attacks was not checked: `cargo xtask test` does it",
    );
    Ok(())
}

/// What the tests wrote down as not tried, sorted.
fn not_tried(folder: &std::path::Path) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for entry in entries {
        lines.push(std::fs::read_to_string(entry?.path())?.trim().to_owned());
    }
    lines.sort();
    Ok(lines)
}

/// Builds the guests, the program and all tests, and returns the variables that tell the tests
/// where everything is.
///
/// # Errors
/// When something cannot be built.
pub(crate) fn build() -> Result<builds::Variables> {
    let variables = builds::guests(Profile::Dev)?;
    // The end-to-end tests run the binary. It is built here with the same selection of packages
    // as the tests, because another selection would compile every dependency a second time,
    // with other features.
    let mut build = cargo();
    build.args(["build", "--bins", "--tests"]).args(NATIVE).envs(variables.clone());
    run(&mut build)?;
    Ok(variables)
}

/// Checks what needs no run: format, lints, generated code.
///
/// # Errors
/// When a check does not hold.
pub(crate) fn lint() -> Result<()> {
    builds::ensure_triple()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
    codegen::check()?;
    let deny = ["--all-targets", "--", "-D", "warnings"];
    run(cargo().arg("clippy").args(NATIVE).args(deny))?;
    let packages = GUESTS_TOO.iter().flat_map(|package| ["-p", package]);
    run(cargo().args(builds::guest_clippy()).args(packages).args(["--", "-D", "warnings"]))?;
    let guests = ["-p", GUESTS_ONLY, "--examples", "--", "-D", "warnings"];
    run(cargo().args(builds::guest_clippy()).args(guests))
}

/// Builds the standard plugins and says where they are.
///
/// # Errors
/// When they cannot be built.
pub(crate) fn plugins() -> Result<()> {
    let folder = builds::plugins()?;
    say(&format!("the standard plugins are in {}", folder.display()));
    Ok(())
}

/// Installs the release binary.
///
/// # Errors
/// When it cannot be built or put in place.
pub(crate) fn install(args: &InstallArgs) -> Result<()> {
    let builtins = builds::plugins()?;
    let mut command = cargo();
    command.args(["install", "--locked", "--force", "--path", "host/cli"]);
    command.env(builds::BUILTINS_VAR, builtins);
    // `cargo install` builds in a folder of its own unless it is told where everything else is.
    command.arg("--target-dir").arg(crate::shell::target_dir()?);
    if let Some(root) = &args.root {
        // Commands run in the workspace's root; the user's path counts from where they are.
        command.arg("--root").arg(std::path::absolute(root)?);
    }
    run(&mut command)
}

/// Builds for release and measures. Both programs are built by one command, because another
/// selection of packages would compile every dependency a second time, with other features.
///
/// # Errors
/// When something cannot be built, or a measurement fails.
pub(crate) fn bench(args: &BenchArgs) -> Result<()> {
    let variables = builds::guests(Profile::Release)?;
    let both = ["-p", "belljar-cli", "-p", "belljar-benches"];
    run(cargo().args(["build", "--release"]).args(both).envs(variables.clone()))?;
    let measures = crate::shell::target_dir()?.join("release/belljar-benches");
    let mut command = std::process::Command::new(measures);
    command.args(&args.rest).env("BELLJAR_RESULTS", crate::shell::root().join("benches"));
    run(command.envs(variables).current_dir(crate::shell::root()))
}
