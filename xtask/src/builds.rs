//! What has to be built, and in which order: guests first, then the binary that embeds them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::shell::{cargo, read, root, run, say, target_dir};

/// What guests are compiled to.
const GUEST_TRIPLE: &str = "wasm32-wasip2";

/// The standard plugins: their package, the file that cargo makes, and their builtin name.
const BUILTINS: &[(&str, &str, &str)] = &[
    ("belljar-plugin-command", "belljar_plugin_command.wasm", "command.wasm"),
    ("belljar-plugin-deploy", "belljar_plugin_deploy.wasm", "deploy.wasm"),
    ("belljar-plugin-lint", "belljar_plugin_lint.wasm", "lint.wasm"),
    ("belljar-plugin-package", "belljar_plugin_package.wasm", "package.wasm"),
    ("belljar-plugin-test", "belljar_plugin_test.wasm", "test.wasm"),
];

/// The environment variable that tells the build of `belljar`, and the tests, where the
/// standard plugins are.
pub(crate) const BUILTINS_VAR: &str = "BELLJAR_BUILTINS";

/// The environment variable that tells the tests where the test guests are.
const GUESTS_VAR: &str = "BELLJAR_GUESTS";

/// The environment variable that tells the tests which binary to run.
const BINARY_VAR: &str = "BELLJAR_BIN";

/// The environment variables that go with what was built.
pub(crate) type Variables = Vec<(&'static str, PathBuf)>;

/// How `belljar` itself is compiled.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run.
    Release,
}

/// Builds the standard plugins and returns the folder that holds them.
///
/// # Errors
/// When the target triple cannot be installed, a build fails, or a file cannot be written.
pub(crate) fn plugins() -> Result<PathBuf> {
    ensure_triple()?;
    let packages = BUILTINS.iter().flat_map(|(package, ..)| ["-p", package]);
    run(cargo().args(guest_build()).args(packages))?;
    let target = target_dir()?;
    let made = guest_dir(&target);
    let builtins = target.join("builtins");
    std::fs::create_dir_all(&builtins).context("cannot make the folder of the builtins")?;
    for (_, file, name) in BUILTINS {
        copy_if_changed(&made.join(file), &builtins.join(name))?;
    }
    Ok(builtins)
}

/// Builds the release binary with the standard plugins inside, and returns its path.
///
/// # Errors
/// When a build fails.
pub(crate) fn binary() -> Result<PathBuf> {
    let builtins = plugins()?;
    let mut command = cargo();
    command.args(["build", "--release", "-p", "belljar-cli"]).env(BUILTINS_VAR, builtins);
    run(&mut command)?;
    Ok(binary_path(&target_dir()?, Profile::Release))
}

/// Builds the test guests, and returns the variables that tell tests and measurements where
/// everything will be once the binary is built with `profile`.
///
/// # Errors
/// When a build fails.
pub(crate) fn guests(profile: Profile) -> Result<Variables> {
    let builtins = plugins()?;
    run(cargo().args(guest_build()).args(["-p", "belljar-guests", "--examples"]))?;
    let target = target_dir()?;
    Ok(vec![
        (BUILTINS_VAR, builtins),
        (GUESTS_VAR, guest_dir(&target).join("examples")),
        (BINARY_VAR, binary_path(&target, profile)),
    ])
}

/// Installs the standard library of the guests' triple, unless it is there.
///
/// # Errors
/// When it is missing and rustup cannot install it.
pub(crate) fn ensure_triple() -> Result<()> {
    let mut rustc = std::process::Command::new("rustc");
    rustc.current_dir(root()).args(["--print", "target-libdir", "--target", GUEST_TRIPLE]);
    let libraries = read(&mut rustc)?;
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    say(&format!("the Rust libraries for {GUEST_TRIPLE} are missing: installing them"));
    let mut rustup = std::process::Command::new("rustup");
    run(rustup.current_dir(root()).args(["target", "add", GUEST_TRIPLE])).with_context(|| {
        format!("plugins need Rust's {GUEST_TRIPLE} libraries, which rustup installs")
    })
}

/// The arguments that every build of guests begins with.
pub(crate) const fn guest_build() -> [&'static str; 5] {
    ["build", "--profile", "plugin", "--target", GUEST_TRIPLE]
}

/// The arguments with which clippy sees the code that only guests compile.
pub(crate) const fn guest_clippy() -> [&'static str; 3] {
    ["clippy", "--target", GUEST_TRIPLE]
}

fn binary_path(target: &Path, profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    target.join(folder).join(format!("belljar{}", std::env::consts::EXE_SUFFIX))
}

fn guest_dir(target: &Path) -> PathBuf {
    target.join(GUEST_TRIPLE).join("plugin")
}

/// Copies a file, but leaves an equal one alone: cargo rebuilds what embeds it by its time.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("cannot read `{}`", from.display()))?;
    if std::fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::write(to, bytes).with_context(|| format!("cannot write `{}`", to.display()))
}
