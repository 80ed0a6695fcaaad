//! Native tools, as a step runs them.

use std::fmt;

use crate::host::{HostRef, RanRef};
use crate::{Command, FsError, OutError, OutputError, Secret, ToolFile, ToolLink};

/// How many bytes one crossing asks for: few crossings, and little memory at once.
const RANGE: u32 = 1 << 20;

/// The tools that the user granted to the step. Each run is cached on its own: an equal command
/// over equal files is not run again, whichever step asks.
#[derive(Clone)]
pub struct Tools {
    host: HostRef,
}

impl Tools {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }

    /// Returns the names of the granted tools, sorted.
    pub fn granted(&self) -> Vec<String> {
        self.host.granted()
    }

    /// Runs one command to its end. What it prints goes to the step's log by itself.
    ///
    /// A tool that was not granted, that dies of a signal, or that reaches a limit, ends the
    /// step: there is nothing for the plugin to decide.
    pub fn run(&self, command: &Command) -> Ran {
        let mut ran = self.host.run_tools(std::slice::from_ref(command.as_wire()));
        Ran { ran: ran.pop().expect("the host answers each command") }
    }

    /// Runs one command with secrets in its environment: the name of each variable, and what the
    /// host puts there. The values never enter the plugin, and what the tool prints is masked.
    pub fn run_with_secrets(&self, command: &Command, secrets: &[(&str, &Secret)]) -> Ran {
        let secrets: Vec<_> =
            secrets.iter().map(|(name, secret)| ((*name).to_owned(), &secret.held)).collect();
        Ran { ran: self.host.run_with_secrets(command.as_wire(), &secrets) }
    }

    /// Runs all commands, at once as far as the machine allows, and returns when the last has
    /// ended. The answers are in the order of the commands.
    pub fn run_all(&self, commands: impl IntoIterator<Item = Command>) -> Vec<Ran> {
        let commands: Vec<_> = commands.into_iter().map(Command::into_wire).collect();
        if commands.is_empty() {
            return Vec::new();
        }
        self.host.run_tools(&commands).into_iter().map(|ran| Ran { ran }).collect()
    }
}

/// A run of a tool that has ended. Made by [`Tools::run`].
pub struct Ran {
    ran: RanRef,
}

impl Ran {
    /// Returns its exit code.
    pub fn code(&self) -> i32 {
        self.ran.code()
    }

    /// Returns whether its exit code is 0.
    pub fn success(&self) -> bool {
        self.code() == 0
    }

    /// Returns what it printed to standard output. The user has seen it already.
    pub fn stdout(&self) -> Vec<u8> {
        whole(|offset| Ok::<_, FsError>(self.ran.stdout(offset, RANGE))).unwrap_or_default()
    }

    /// Returns what it printed to standard output, with a replacement for what is not UTF-8.
    pub fn stdout_text(&self) -> String {
        text(self.stdout())
    }

    /// Returns what it printed to standard error. The user has seen it already.
    pub fn stderr(&self) -> Vec<u8> {
        whole(|offset| Ok::<_, FsError>(self.ran.stderr(offset, RANGE))).unwrap_or_default()
    }

    /// Returns what it printed to standard error, with a replacement for what is not UTF-8.
    pub fn stderr_text(&self) -> String {
        text(self.stderr())
    }

    /// Returns the files that it made where [`Command::write`] allows, sorted by path.
    pub fn files(&self) -> Vec<ToolFile> {
        self.ran.files()
    }

    /// Returns the symbolic links that it made there, sorted by path. They cannot be kept.
    pub fn links(&self) -> Vec<ToolLink> {
        self.ran.links()
    }

    /// Returns a whole file that it made, of any size.
    ///
    /// # Errors
    /// When it made no such file where [`Command::write`] allows.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, RanError> {
        whole(|offset| self.ran.read(path, offset, RANGE))
            .map_err(|error| RanError::new(path, error))
    }

    /// Returns a whole text file that it made.
    ///
    /// # Errors
    /// As [`Ran::read`], and when the file is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<String, RanError> {
        String::from_utf8(self.read(path)?)
            .map_err(|_| RanError { path: path.to_owned(), problem: RanProblem::NotText })
    }

    /// Makes a file of the run a file of the step, without moving its bytes, and returns its
    /// digest. `dest` is a declared output, or lies below `.scratch/` for a later command.
    ///
    /// # Errors
    /// When `dest` is not declared or was written before, or the run made no file `path`.
    pub fn keep(&self, path: &str, dest: &str) -> Result<String, OutputError> {
        self.ran.keep(path, dest).map_err(|problem| OutputError {
            path: if problem == OutError::NoInput { path } else { dest }.to_owned(),
            problem,
        })
    }

    /// Keeps every file of the run that is a declared output, at its own path, and returns the
    /// files that are not declared, so that nothing disappears in silence.
    ///
    /// # Errors
    /// When an output was written before.
    pub fn keep_all(&self) -> Result<Vec<ToolFile>, OutputError> {
        let mut left = Vec::new();
        for file in self.files() {
            match self.keep(&file.path, &file.path) {
                Ok(_) => {}
                Err(error) if error.problem == OutError::NotDeclared => left.push(file),
                Err(error) => return Err(error),
            }
        }
        Ok(left)
    }
}

/// Asks for one part after the other, until one is not full.
fn whole<E>(mut part: impl FnMut(u64) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let mut whole = Vec::new();
    loop {
        let part = part(whole.len() as u64)?;
        whole.extend_from_slice(&part);
        if part.len() < RANGE as usize {
            return Ok(whole);
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Why a file of a run cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RanError {
    /// Which file.
    pub path: String,
    /// Why.
    pub problem: RanProblem,
}

/// Why a file of a run cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RanProblem {
    /// The run made no such file where [`Command::write`] allows.
    NotMade,
    /// The path is not a valid path.
    InvalidPath,
    /// The file is not UTF-8.
    NotText,
}

impl RanError {
    fn new(path: &str, error: FsError) -> Self {
        let problem = match error {
            FsError::InvalidPath => RanProblem::InvalidPath,
            FsError::NotFound | FsError::NotDeclared | FsError::NotAFile | FsError::TooLarge => {
                RanProblem::NotMade
            }
        };
        Self { path: path.to_owned(), problem }
    }
}

impl fmt::Display for RanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            RanProblem::NotMade => "is not among the files that the tool made",
            RanProblem::InvalidPath => "is not a valid path",
            RanProblem::NotText => "is not UTF-8 text",
        };
        write!(f, "`{}` {problem}", self.path)
    }
}

impl std::error::Error for RanError {}
