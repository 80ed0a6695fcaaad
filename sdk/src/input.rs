//! The declared inputs, as a step sees them.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use crate::host::HostRef;
use crate::{Entry, FsError, Match};

/// How many bytes one `read-range` asks for: few crossings, and little memory at once.
const RANGE: u32 = 1 << 20;
/// How many files one `read-many` asks for.
const MANY: usize = 256;

/// The declared inputs of the step. Every call is an observation that decides whether the
/// step's result may be used again, so ask only for what matters.
#[derive(Clone)]
pub struct Inputs {
    host: HostRef,
}

impl Inputs {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }

    /// Returns the declared files that match any of `patterns`, sorted by path.
    pub fn glob<P: AsRef<str>>(&self, patterns: &[P]) -> Vec<Match> {
        self.glob_except(patterns, &[] as &[&str])
    }

    /// Returns the declared files that match any of `patterns` and none of `except`, sorted by
    /// path.
    pub fn glob_except<P: AsRef<str>, E: AsRef<str>>(
        &self,
        patterns: &[P],
        except: &[E],
    ) -> Vec<Match> {
        self.host.glob(&owned(patterns), &owned(except))
    }

    /// Returns what is at `path`, following symbolic links.
    ///
    /// # Errors
    /// When nothing is there, or the path is not declared.
    pub fn stat(&self, path: &str) -> Result<Entry, InputError> {
        self.host.stat(path).map_err(|error| InputError::new(path, error))
    }

    /// Returns the digest of a file, `blake3:` and 64 digits, without reading it.
    ///
    /// # Errors
    /// When there is no file, or the path is not declared.
    pub fn digest_of(&self, path: &str) -> Result<String, InputError> {
        self.host.digest_of(path).map_err(|error| InputError::new(path, error))
    }

    /// Returns a whole file of any size.
    ///
    /// # Errors
    /// When there is no file, or the path is not declared.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, InputError> {
        match self.host.read(path) {
            Err(FsError::TooLarge) => self.read_in_ranges(path),
            answer => answer.map_err(|error| InputError::new(path, error)),
        }
    }

    /// Returns a whole text file of any size.
    ///
    /// # Errors
    /// As [`Inputs::read`], and when the file is not UTF-8.
    pub fn read_text(&self, path: &str) -> Result<String, InputError> {
        String::from_utf8(self.read(path)?)
            .map_err(|_| InputError { path: path.to_owned(), problem: InputProblem::NotText })
    }

    /// Returns up to `len` bytes, at most 8 MiB, from `offset` on; fewer at the end of the file.
    ///
    /// # Errors
    /// When there is no file, or the path is not declared.
    pub fn read_range(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, InputError> {
        self.host.read_range(path, offset, len).map_err(|error| InputError::new(path, error))
    }

    /// Reads many files with few crossings of the boundary: yields each path with its bytes, in
    /// the order given. Holds at most about 8 MiB at a time, unless one file is larger.
    pub fn read_many<P: Into<String>>(&self, paths: impl IntoIterator<Item = P>) -> ReadMany {
        let waiting = paths.into_iter().map(|path| (path.into(), None)).collect();
        ReadMany { inputs: self.clone(), waiting }
    }

    /// Opens a file for reading piece by piece.
    pub fn open(&self, path: &str) -> InputReader {
        InputReader {
            inputs: self.clone(),
            path: path.to_owned(),
            buffer: Vec::new(),
            used: 0,
            offset: 0,
            ended: false,
        }
    }

    fn read_in_ranges(&self, path: &str) -> Result<Vec<u8>, InputError> {
        let mut whole = Vec::new();
        loop {
            let part = self.read_range(path, whole.len() as u64, RANGE)?;
            whole.extend_from_slice(&part);
            if part.len() < RANGE as usize {
                return Ok(whole);
            }
        }
    }
}

fn owned<T: AsRef<str>>(texts: &[T]) -> Vec<String> {
    texts.iter().map(|text| text.as_ref().to_owned()).collect()
}

/// The answer to one file, once it is there.
type Answer = Option<Result<Vec<u8>, FsError>>;

/// Files with their bytes. Made by [`Inputs::read_many`].
pub struct ReadMany {
    inputs: Inputs,
    waiting: VecDeque<(String, Answer)>,
}

impl ReadMany {
    /// Asks for the next files. What is too large for this crossing stays to be asked again.
    fn ask(&mut self) {
        let open = || self.waiting.iter().take(MANY).filter(|(_, answer)| answer.is_none());
        let paths: Vec<String> = open().map(|(path, _)| path.clone()).collect();
        let answers = self.inputs.host.read_many(&paths);
        let open = self.waiting.iter_mut().take(MANY).filter(|(_, answer)| answer.is_none());
        for ((_, slot), answer) in open.zip(answers) {
            *slot = Some(answer).filter(|answer| *answer != Err(FsError::TooLarge));
        }
    }
}

impl Iterator for ReadMany {
    type Item = (String, Result<Vec<u8>, InputError>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.waiting.front()?.1.is_none() {
            self.ask();
        }
        let (path, answer) = self.waiting.pop_front()?;
        let bytes = match answer {
            Some(answer) => answer.map_err(|error| InputError::new(&path, error)),
            // First of its crossing, and yet too large: it is larger than any crossing.
            None => self.inputs.read_in_ranges(&path),
        };
        Some((path, bytes))
    }
}

/// A file that is read piece by piece, in constant memory. Made by [`Inputs::open`].
pub struct InputReader {
    inputs: Inputs,
    path: String,
    buffer: Vec<u8>,
    used: usize,
    offset: u64,
    ended: bool,
}

impl io::Read for InputReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.used == self.buffer.len() && !self.ended {
            let part = self.inputs.read_range(&self.path, self.offset, RANGE);
            self.buffer = part.map_err(io::Error::other)?;
            self.offset += self.buffer.len() as u64;
            self.ended = self.buffer.len() < RANGE as usize;
            self.used = 0;
        }
        let count = into.len().min(self.buffer.len() - self.used);
        into[..count].copy_from_slice(&self.buffer[self.used..self.used + count]);
        self.used += count;
        Ok(count)
    }
}

/// Why an input cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// Which input.
    pub path: String,
    /// Why.
    pub problem: InputProblem,
}

/// Why an input cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputProblem {
    /// The path is declared, but nothing is there.
    NotFound,
    /// The path is not among the step's `inputs`.
    NotDeclared,
    /// Something is there, but not a file.
    NotAFile,
    /// The path is not a valid path.
    InvalidPath,
    /// More bytes were asked for than one call may carry.
    TooLarge,
    /// The file is not UTF-8.
    NotText,
}

impl InputError {
    fn new(path: &str, error: FsError) -> Self {
        let problem = match error {
            FsError::NotFound => InputProblem::NotFound,
            FsError::NotDeclared => InputProblem::NotDeclared,
            FsError::NotAFile => InputProblem::NotAFile,
            FsError::InvalidPath => InputProblem::InvalidPath,
            FsError::TooLarge => InputProblem::TooLarge,
        };
        Self { path: path.to_owned(), problem }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            InputProblem::NotFound => "does not exist",
            InputProblem::NotDeclared => "is not among the step's inputs",
            InputProblem::NotAFile => "is not a file",
            InputProblem::InvalidPath => "is not a valid path",
            InputProblem::TooLarge => "is larger than one call may carry",
            InputProblem::NotText => "is not UTF-8 text",
        };
        write!(f, "`{}` {problem}", self.path)
    }
}

impl std::error::Error for InputError {}
