//! Tools that a deployment runs for what they do outside.

use super::host::OutletRef;
use super::{EffectToolCommand, EffectToolEnded, SecretEnv};
use crate::{Attr, Problem, StepError};

/// How many letters of what a tool printed last a failure shows.
const LETTERS: usize = 300;

/// One run of a tool that the environment was granted. It starts in a folder of all shipped
/// files.
///
/// In arguments and in values of the environment, `{workspace}` stands for the absolute path of
/// that folder as the tool sees it.
///
/// ```
/// use belljar_sdk::deploy::EffectCommand;
///
/// let command = EffectCommand::new("kubectl")
///     .args(["apply", "-f", "{workspace}/dist/app.yaml"])
///     .secret_env("KUBE_TOKEN", "", "cluster-token");
/// assert_eq!(command.as_wire().expect, [0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectCommand {
    wire: EffectToolCommand,
}

impl EffectCommand {
    /// Starts with the tool's name in the pipeline file. The command has no arguments, starts in
    /// the root of the shipped files, and expects the exit code 0.
    pub fn new(tool: impl Into<String>) -> Self {
        Self {
            wire: EffectToolCommand {
                tool: tool.into(),
                args: Vec::new(),
                env: Vec::new(),
                secrets: Vec::new(),
                cwd: String::new(),
                stdin: Vec::new(),
                expect: vec![0],
            },
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.wire.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.wire.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable, over the tool's declaration. Of two with one name, the
    /// later one counts.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.wire.env.retain(|(other, _)| *other != name);
        self.wire.env.push((name, value.into()));
        self
    }

    /// Sets an environment variable to `prefix` and then a secret, by its name in the pipeline
    /// file. The value never enters the plugin.
    #[must_use]
    pub fn secret_env(
        mut self,
        name: impl Into<String>,
        prefix: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        let (name, prefix, secret) = (name.into(), prefix.into(), secret.into());
        self.wire.secrets.push(SecretEnv { name, prefix, secret });
        self
    }

    /// Sets the folder it starts in, from the root of the shipped files.
    #[must_use]
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.wire.cwd = path.into();
        self
    }

    /// Sets what it reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.wire.stdin = bytes.into();
        self
    }

    /// Sets the exit codes that count as success. A plan is made as if the first of them came
    /// back.
    #[must_use]
    pub fn expect(mut self, codes: impl IntoIterator<Item = i32>) -> Self {
        self.wire.expect = codes.into_iter().collect();
        self
    }

    /// Returns the command as it crosses the boundary.
    pub fn as_wire(&self) -> &EffectToolCommand {
        &self.wire
    }

    fn unexpected(&self, ended: &Ended) -> StepError {
        let EffectToolCommand { tool, args, expect, .. } = &self.wire;
        let expected: Vec<String> = expect.iter().map(ToString::to_string).collect();
        let line = std::iter::once(tool).chain(args).map(String::as_str).collect::<Vec<_>>();
        let (line, code, expected) = (line.join(" "), ended.code(), expected.join(" or "));
        let mut message = format!("`{line}` ended with {code}, expected {expected}");
        if let Some(last) = ended.last_line() {
            message.push_str(": ");
            message.push_str(&last);
        }
        StepError::Internal(Problem {
            code: "tool-exit".to_owned(),
            message,
            attrs: vec![Attr::new("tool", tool), Attr::new("code", code.to_string())],
        })
    }
}

/// The tools that the environment was granted. Their runs are never cached.
#[derive(Clone)]
pub struct EffectTools {
    outlet: OutletRef,
}

impl EffectTools {
    pub(crate) fn new(outlet: OutletRef) -> Self {
        Self { outlet }
    }

    /// Runs one command to its end, which must be one that it expects. A tool or secret that was
    /// not granted ends the plugin.
    ///
    /// # Errors
    /// [`StepError::Internal`] with the code `tool-exit` when it ends with another exit code.
    pub fn run(&self, command: &EffectCommand) -> Result<Ended, StepError> {
        let ended = self.run_raw(command);
        if command.wire.expect.contains(&ended.code()) {
            Ok(ended)
        } else {
            Err(command.unexpected(&ended))
        }
    }

    /// Runs one command to its end, whatever its exit code.
    pub fn run_raw(&self, command: &EffectCommand) -> Ended {
        Ended { wire: self.outlet.run(&command.wire) }
    }
}

/// A run of a tool that has ended. Made by [`EffectTools::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    wire: EffectToolEnded,
}

impl Ended {
    /// Returns its exit code.
    pub fn code(&self) -> i32 {
        self.wire.code
    }

    /// Returns what it printed to standard output.
    pub fn stdout(&self) -> &[u8] {
        &self.wire.stdout
    }

    /// Returns what it printed to standard error.
    pub fn stderr(&self) -> &[u8] {
        &self.wire.stderr
    }

    /// Returns the last line that it printed: to standard error, or else to standard output.
    pub fn last_line(&self) -> Option<String> {
        [&self.wire.stderr, &self.wire.stdout].into_iter().find_map(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
            Some(line.chars().take(LETTERS).collect())
        })
    }
}
