//! What the user writes in the `with` table, and which of it is refused.

use std::collections::BTreeMap;

use belljar_sdk::{ConfigProblem, StepError};

/// What to run, what it sees, and what is kept of what it makes.
#[belljar_sdk::config]
pub struct Config {
    /// The command: a list of the tool and its arguments, or a text for the shell `sh`. Give
    /// either this or `commands`.
    pub run: Option<Line>,
    /// Several commands, one after the other. The first that fails ends the step.
    pub commands: Option<Vec<Line>>,
    /// Environment variables of the commands, over those of the tool's declaration.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Environment variables that hold secrets: the name of each variable, and of the secret in
    /// the step's `grants.secrets`. Neither this plugin nor the cache sees a value.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The folder in which the commands start. By default the workspace root.
    #[serde(default)]
    pub cwd: String,
    /// Globs of the files that the commands see: of the step's inputs, and of the outputs that
    /// earlier commands made. By default all of them.
    #[serde(default = "everything")]
    pub reads: Vec<String>,
    /// Globs of the files that are kept of what the commands make. They must be among the
    /// step's `outputs` as well. By default nothing is kept.
    #[serde(default)]
    pub writes: Vec<String>,
    /// What each command reads from standard input. By default nothing.
    #[serde(default)]
    pub stdin: String,
    /// The exit codes of a command that did what it should.
    #[serde(default = "zero")]
    pub success_codes: Vec<i32>,
    /// The line of the report when the step has passed. By default it names the command.
    pub summary: Option<String>,
    /// How many processors one command keeps busy.
    #[serde(default = "one")]
    pub cpus: u32,
}

/// One command.
#[belljar_sdk::config]
#[serde(untagged)]
pub enum Line {
    /// The tool's name in `[tools]`, then its arguments.
    Words(Vec<String>),
    /// A script of the shell `sh`, which stops at the first command that fails.
    Script(String),
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}

fn zero() -> Vec<i32> {
    vec![0]
}

const fn one() -> u32 {
    1
}

impl Config {
    /// Returns the commands in order, each with the JSON pointer to its place.
    pub fn lines(&self) -> Vec<(String, &Line)> {
        let run = self.run.iter().map(|line| ("/run".to_owned(), line));
        let commands = self.commands.iter().flatten().enumerate();
        run.chain(commands.map(|(at, line)| (format!("/commands/{at}"), line))).collect()
    }

    /// Checks what the schema cannot say, and reports all mistakes at once. `granted` are the
    /// names of the tools that the step may run, `secrets` those of the secrets that it may use.
    ///
    /// # Errors
    /// `invalid-config` with a pointer to each mistake.
    pub fn check(&self, granted: &[String], secrets: &[String]) -> Result<(), StepError> {
        let mut problems = Vec::new();
        let mut refuse = |pointer: &str, problem: &str| {
            problems.push(ConfigProblem::new(pointer, problem));
        };
        match (&self.run, &self.commands) {
            (None, None) => refuse("", "says neither `run` nor `commands`"),
            (Some(_), Some(_)) => {
                refuse("/commands", "cannot stand beside `run`: make that the first of them");
            }
            (None, Some(commands)) if commands.is_empty() => {
                refuse("/commands", "names no command");
            }
            _ => {}
        }
        for (pointer, line) in self.lines() {
            if let Some(problem) = line.problem(granted) {
                refuse(&line.place_of_tool(&pointer), &problem);
            }
        }
        for (name, patterns) in [("reads", &self.reads), ("writes", &self.writes)] {
            for (at, pattern) in patterns.iter().enumerate() {
                if let Some(problem) = pattern_problem(pattern) {
                    refuse(&format!("/{name}/{at}"), problem);
                }
            }
        }
        for name in self.env.keys().filter(|name| !is_variable(name)) {
            let pointer = format!("/env/{}", escape(name));
            refuse(&pointer, "is not the name of an environment variable");
        }
        for (name, secret) in &self.secrets {
            let pointer = format!("/secrets/{}", escape(name));
            if !is_variable(name) {
                refuse(&pointer, "is not the name of an environment variable");
            } else if self.env.contains_key(name) {
                refuse(&pointer, "is a variable that `env` sets, too");
            } else if !secrets.contains(secret) {
                refuse(&pointer, "names a secret that the step's `grants.secrets` does not");
            }
        }
        if let Some(problem) = folder_problem(&self.cwd) {
            refuse("/cwd", problem);
        }
        if self.success_codes.is_empty() {
            refuse("/success-codes", "lets nothing pass");
        }
        if problems.is_empty() { Ok(()) } else { Err(StepError::InvalidConfig(problems)) }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Escapes a key for a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn folder_problem(path: &str) -> Option<&'static str> {
    let bad = |segment: &str| matches!(segment, "" | "." | "..");
    if path.is_empty() {
        None
    } else if path.starts_with('/') {
        Some("must be relative, without a leading `/`")
    } else if path.split('/').any(bad) {
        Some("must not have empty, `.` or `..` segments")
    } else {
        None
    }
}

fn pattern_problem(pattern: &str) -> Option<&'static str> {
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.is_empty() {
        Some("must not be empty")
    } else if body.starts_with('/') {
        Some("must be relative, without a leading `/`")
    } else if body.split('/').any(|segment| segment == "..") {
        Some("must not have `..` segments")
    } else {
        None
    }
}
