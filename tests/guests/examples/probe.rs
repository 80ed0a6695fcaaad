//! Does what its configuration says, one operation after another, and writes down each answer.
//!
//! With it a test can play any step: what it reads decides what it may depend on.

#![expect(clippy::print_stdout, reason = "a plugin may do it, so the host must bear it")]

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use belljar_sdk::prelude::*;

/// What to do.
#[belljar_sdk::config]
pub struct Config {
    /// The operations, in order.
    ops: Vec<Op>,
    /// Where the answers go; nowhere if empty.
    #[serde(default)]
    to: String,
    /// Makes two configurations differ without another effect.
    #[serde(default)]
    #[expect(dead_code, reason = "that it is part of the configuration is all its effect")]
    salt: String,
}

/// One operation. Paths are handed on as they are.
#[belljar_sdk::config]
#[serde(tag = "op")]
pub enum Op {
    /// Reads a file through `std::fs`.
    Read {
        /// Which.
        path: String,
    },
    /// Reads a file through the interface `inputs`.
    Input {
        /// Which.
        path: String,
    },
    /// Asks the interface `inputs` what is at a path.
    InputStat {
        /// Which.
        path: String,
    },
    /// Asks the interface `inputs` for a digest.
    InputDigest {
        /// Which.
        path: String,
    },
    /// Lists files by patterns through the interface `inputs`.
    Glob {
        /// Which.
        pattern: String,
    },
    /// Asks `std::fs` for kind and size, following links.
    Stat {
        /// Which.
        path: String,
    },
    /// Asks `std::fs` for kind and size of the link itself.
    LinkStat {
        /// Which.
        path: String,
    },
    /// Asks `std::fs` whether something is there.
    Exists {
        /// Which.
        path: String,
    },
    /// Lists a directory through `std::fs`.
    List {
        /// Which.
        path: String,
    },
    /// Reads where a link points.
    Link {
        /// Which.
        path: String,
    },
    /// Opens a file and closes it again without reading.
    Open {
        /// Which.
        path: String,
    },
    /// Reads an environment variable.
    Env {
        /// Which.
        name: String,
    },
    /// Reads the names of all environment variables.
    EnvNames,
    /// Asks for the arguments of the program.
    Args,
    /// Asks for the wall clock.
    Wall,
    /// Asks for the monotonic clock twice.
    Monotonic,
    /// Asks for randomness, as a hash map does.
    Random,
    /// Asks when a file was modified.
    Modified {
        /// Which.
        path: String,
    },
    /// Asks for the current directory.
    Cwd,
    /// Writes a file through `std::fs`.
    Write {
        /// Which.
        path: String,
        /// With what.
        text: String,
    },
    /// Prints a line.
    Say {
        /// Which.
        text: String,
    },
    /// Reports the project as failed.
    Fail,
}

/// Does what its configuration says.
#[belljar_sdk::step(name = "probe")]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    let mut answers = Vec::new();
    for op in &config.ops {
        if matches!(op, Op::Fail) {
            return Err(StepError::failed("asked", "was asked to fail"));
        }
        answers.push(answer(op, cx));
    }
    if !config.to.is_empty() {
        cx.outputs().write(&config.to, answers.join("\n"))?;
    }
    Ok(Outcome::new(format!("{} answers", answers.len())))
}

fn answer(op: &Op, cx: &Cx) -> String {
    match op {
        Op::Read { path } => told(std::fs::read_to_string(path)),
        Op::Stat { path } => told(std::fs::metadata(path).map(|meta| kind(&meta))),
        Op::LinkStat { path } => told(std::fs::symlink_metadata(path).map(|meta| kind(&meta))),
        Op::Exists { path } => Path::new(path).exists().to_string(),
        Op::List { path } => told(list(path)),
        Op::Link { path } => told(std::fs::read_link(path).map(|to| to.display().to_string())),
        Op::Open { path } => told(std::fs::File::open(path).map(|_| "open")),
        Op::Modified { path } => told(std::fs::metadata(path).map(|meta| {
            let time = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            format!("{time:?}")
        })),
        Op::Write { path, text } => told(std::fs::write(path, text).map(|()| "written")),
        Op::Cwd => told(std::env::current_dir().map(|path| path.display().to_string())),
        Op::Env { name } => std::env::var(name).unwrap_or_else(|_| "unset".to_owned()),
        Op::EnvNames => std::env::vars().map(|(name, _)| name).collect::<Vec<_>>().join(" "),
        Op::Args => std::env::args().collect::<Vec<_>>().join(" "),
        Op::Wall => format!("{:?}", SystemTime::now().duration_since(UNIX_EPOCH).ok()),
        Op::Monotonic => {
            let start = Instant::now();
            format!("{:?}", start.elapsed())
        }
        Op::Random => RandomState::new().build_hasher().finish().to_string(),
        Op::Say { text } => {
            println!("{text}");
            "said".to_owned()
        }
        Op::Fail => "never comes here".to_owned(),
        Op::Input { .. } | Op::InputStat { .. } | Op::InputDigest { .. } | Op::Glob { .. } => {
            through_inputs(op, cx)
        }
    }
}

fn through_inputs(op: &Op, cx: &Cx) -> String {
    match op {
        Op::Input { path } => told(cx.inputs().read_text(path)),
        Op::InputDigest { path } => told(cx.inputs().digest_of(path)),
        Op::InputStat { path } => told(
            cx.inputs()
                .stat(path)
                .map(|entry| format!("{:?} {} {}", entry.kind, entry.size, entry.executable)),
        ),
        Op::Glob { pattern } => {
            let found = cx.inputs().glob(&[pattern]);
            found.into_iter().map(|found| found.path).collect::<Vec<_>>().join(" ")
        }
        _ => "no operation of the interface".to_owned(),
    }
}

fn list(path: &str) -> std::io::Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names.join(" "))
}

fn kind(meta: &std::fs::Metadata) -> String {
    format!("{:?} {}", meta.file_type().is_dir(), meta.len())
}

fn told<T: ToString, E: std::fmt::Display>(result: Result<T, E>) -> String {
    result.map_or_else(|error| format!("error: {error}"), |told| told.to_string())
}
