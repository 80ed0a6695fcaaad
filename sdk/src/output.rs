//! The declared outputs, as a step writes them.

use std::fmt;
use std::io::{self, Write};

use crate::host::{FileMode, HostRef, HostWriter};
use crate::{OutError, StepError};

/// How many bytes a writer gathers before they cross the boundary.
const BUFFER: usize = 64 << 10;

/// The declared outputs of the step. Nothing is visible outside until the step has passed.
#[derive(Clone)]
pub struct Outputs {
    host: HostRef,
}

impl Outputs {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }

    /// Writes a whole file and returns its digest, `blake3:` and 64 digits.
    ///
    /// # Errors
    /// When the path is not declared, or was written before.
    pub fn write(&self, path: &str, data: impl AsRef<[u8]>) -> Result<String, OutputError> {
        self.write_as(path, data, FileMode::Plain)
    }

    /// Writes a whole file that may be a program, and returns its digest.
    ///
    /// # Errors
    /// As [`Outputs::write`].
    pub fn write_as(
        &self,
        path: &str,
        data: impl AsRef<[u8]>,
        mode: FileMode,
    ) -> Result<String, OutputError> {
        self.host
            .write(path, data.as_ref(), mode)
            .map_err(|problem| OutputError { path: path.to_owned(), problem })
    }

    /// Makes an input an output, without moving its bytes, and returns its digest.
    ///
    /// # Errors
    /// As [`Outputs::write`], and when `source` is no declared input file.
    pub fn copy_input(&self, source: &str, dest: &str) -> Result<String, OutputError> {
        self.host.copy_input(source, dest).map_err(|problem| OutputError {
            path: if problem == OutError::NoInput { source } else { dest }.to_owned(),
            problem,
        })
    }

    /// Starts a file that is written piece by piece. Nothing is written unless it is finished.
    ///
    /// # Errors
    /// As [`Outputs::write`].
    pub fn create(&self, path: &str) -> Result<OutputWriter, OutputError> {
        match self.host.create(path) {
            Ok(writer) => {
                Ok(OutputWriter { writer, path: path.to_owned(), buffer: Vec::new(), written: 0 })
            }
            Err(problem) => Err(OutputError { path: path.to_owned(), problem }),
        }
    }
}

/// A file in the making. Made by [`Outputs::create`]; dropped unfinished, it leaves nothing.
pub struct OutputWriter {
    writer: Box<dyn HostWriter>,
    path: String,
    buffer: Vec<u8>,
    written: u64,
}

impl OutputWriter {
    /// Finishes the file and returns its digest.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(self) -> Result<String, StepError> {
        self.finish_as(FileMode::Plain)
    }

    /// Finishes a file that may be a program, and returns its digest.
    ///
    /// # Errors
    /// As [`OutputWriter::finish`].
    pub fn finish_as(mut self, mode: FileMode) -> Result<String, StepError> {
        self.flush()?;
        let Self { writer, path, .. } = self;
        Ok(writer.finish(mode).map_err(|problem| OutputError { path, problem })?)
    }

    /// Returns how many bytes were written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    fn append(&mut self, data: &[u8]) -> io::Result<()> {
        self.writer
            .append(data)
            .map_err(|problem| io::Error::other(OutputError { path: self.path.clone(), problem }))
    }
}

impl Write for OutputWriter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + data.len() > BUFFER {
            self.flush()?;
        }
        if data.len() > BUFFER {
            self.append(data)?;
        } else {
            self.buffer.extend_from_slice(data);
        }
        self.written += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        if buffer.is_empty() { Ok(()) } else { self.append(&buffer) }
    }
}

/// Why an output cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputError {
    /// Which output; when there is nothing to copy, what was to be copied.
    pub path: String,
    /// Why.
    pub problem: OutError,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            OutError::NotDeclared => "is not among the step's outputs",
            OutError::Exists => "was written before, or is a directory",
            OutError::NoInput => "is not a file that can be copied",
            OutError::InvalidPath => "is not a valid path",
        };
        write!(f, "`{}` {problem}", self.path)
    }
}

impl std::error::Error for OutputError {}
