//! One run of a tool, as a step asks for it.

use std::time::Duration;

use crate::ToolCommand;

/// One run of a tool that the step was granted. It sees nothing of the workspace but what
/// [`read`](Self::read) names, and nothing is kept of what it makes but what
/// [`write`](Self::write) names.
///
/// In arguments and in values of the environment, `{workspace}` stands for the absolute path of
/// the workspace as the tool sees it.
///
/// ```
/// use belljar_sdk::Command;
///
/// let command = Command::new("cargo")
///     .args(["build", "--release"])
///     .env("CARGO_TERM_COLOR", "never")
///     .read(["Cargo.*", "src/**"])
///     .write(["target/release/app"]);
/// assert_eq!(command.as_wire().args, ["build", "--release"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    wire: ToolCommand,
}

impl Command {
    /// Starts with the tool's name in the pipeline file. The command has no arguments, starts
    /// in the workspace's root, reads nothing, keeps nothing, and may take what is left of the
    /// step's time.
    pub fn new(tool: impl Into<String>) -> Self {
        Self {
            wire: ToolCommand {
                tool: tool.into(),
                label: String::new(),
                args: Vec::new(),
                env: Vec::new(),
                cwd: String::new(),
                reads: Vec::new(),
                writes: Vec::new(),
                stdin: Vec::new(),
                cpus: 1,
                time_limit_ms: 0,
                attrs: Vec::new(),
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

    /// Sets the directory it starts in, from the workspace's root.
    #[must_use]
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.wire.cwd = path.into();
        self
    }

    /// Adds patterns of the files that it sees: of the step's inputs, and over them what the
    /// step has written so far. Each file is an observation of the step, so name what matters.
    #[must_use]
    pub fn read<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.wire.reads.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Adds patterns of the files that the host keeps of what it makes. They become outputs of
    /// the step by [`Ran::keep`](crate::Ran::keep) or [`Ran::keep_all`](crate::Ran::keep_all).
    #[must_use]
    pub fn write<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.wire.writes.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Sets what it reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.wire.stdin = bytes.into();
        self
    }

    /// Says what this run is for, when the step runs several: the prefix of its lines.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.wire.label = label.into();
        self
    }

    /// Says how many processors it keeps busy, so that the host does not start too much at once.
    /// 1 unless told otherwise.
    #[must_use]
    pub fn cpus(mut self, count: u32) -> Self {
        self.wire.cpus = count;
        self
    }

    /// Limits how long it may take, to the millisecond. A run that takes longer ends the step.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        // 0 would mean no limit of its own.
        self.wire.time_limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        self
    }

    /// Returns the command as it crosses the boundary.
    pub fn as_wire(&self) -> &ToolCommand {
        &self.wire
    }

    pub(crate) fn into_wire(self) -> ToolCommand {
        self.wire
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_variables_with_one_name_counts() {
        let command = Command::new("x").env("A", "1").env("B", "2").env("A", "3");
        let texts = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(command.as_wire().env, [texts("B", "2"), texts("A", "3")]);
    }

    #[test]
    fn a_limit_of_no_time_is_still_a_limit() {
        let check = |limit: Duration, ms: u64| {
            assert_eq!(Command::new("x").time_limit(limit).as_wire().time_limit_ms, ms);
        };
        check(Duration::ZERO, 1);
        check(Duration::from_secs(2), 2000);
        check(Duration::MAX, u64::MAX);
    }
}
