//! Running other programs, visibly: each command is printed before it starts.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result, bail};

/// The root of the cargo workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the root")
}

/// A `cargo` command that runs in the root, with the cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Prints one line on stderr, between the lines of the programs that we run.
pub(crate) fn say(line: &str) {
    // Nobody to tell that nobody can be told.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started, or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// Runs a command to its end and returns how it ended.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    let line = line(command);
    say(&format!("$ {line}"));
    command.status().with_context(|| format!("cannot run `{line}`"))
}

/// Runs a command silently and returns what it wrote to stdout.
///
/// # Errors
/// When it cannot be started, does not succeed, or writes no text.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command.output().with_context(|| format!("cannot run `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no text"))
}

/// Asks cargo where it builds, so that every way to move the target directory is honoured.
///
/// # Errors
/// When cargo does not answer.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let text = read(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cargo metadata")?;
    let dir = metadata["target_directory"].as_str().context("cargo names no target directory")?;
    Ok(PathBuf::from(dir))
}

/// The command as it would be typed: what is set in its environment, then its words. Programs
/// are shown by name, without their folder.
fn line(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value?.to_string_lossy())))
    });
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = command.get_args().map(|word| quoted(&word.to_string_lossy()));
    let program = std::iter::once(program.to_string_lossy().into_owned());
    set.chain(program).chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("/usr/bin/belljar");
        command.args(["why", "a step", "it's"]).env("BELLJAR_STORE", "store");
        assert_eq!(line(&command), r"BELLJAR_STORE=store belljar why 'a step' 'it'\''s'");
    }
}
