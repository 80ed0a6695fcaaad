//! Tools in memory: a closure of the test stands in for each.

use std::collections::BTreeMap;

use belljar_model::Digest;
use belljar_model::path::WorkspacePath;
use belljar_model::pattern::Patterns;
use belljar_sdk::deploy::EffectToolEnded;
use belljar_sdk::{FileMode, FsError, HostRan, OutError, ToolCommand, ToolFile, ToolLink};

use crate::outlet::{Outlet, OutputFile};

/// What stands in for a tool.
pub(crate) type Tool = Box<dyn Fn(&ToolCall) -> ToolAnswer>;

/// One run of a tool, as the tool sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The command.
    pub command: ToolCommand,
    /// The files that it finds in the workspace, by path: the inputs that the command reads,
    /// and over them what the step has written so far.
    pub files: BTreeMap<String, OutputFile>,
}

impl ToolCall {
    /// Returns the arguments, separated by blanks: easy to compare.
    pub fn line(&self) -> String {
        self.command.args.join(" ")
    }

    /// Returns the text of a file that it must find.
    ///
    /// # Panics
    /// When it does not, or it is no text.
    #[track_caller]
    pub fn text(&self, path: &str) -> &str {
        let Some(file) = self.files.get(path) else {
            panic!("`{}` does not see `{path}`, but {:?}", self.command.tool, self.files.keys());
        };
        std::str::from_utf8(&file.bytes).expect("the file is UTF-8 text")
    }
}

/// What a tool does when it is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolAnswer {
    code: i32,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    files: BTreeMap<String, OutputFile>,
    links: BTreeMap<String, String>,
}

impl ToolAnswer {
    /// Starts with an exit code. The tool prints nothing and makes nothing.
    pub fn exit(code: i32) -> Self {
        Self { code, ..Self::default() }
    }

    /// Prints to standard output.
    #[must_use]
    pub fn stdout(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdout.extend_from_slice(bytes.as_ref());
        self
    }

    /// Prints to standard error.
    #[must_use]
    pub fn stderr(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stderr.extend_from_slice(bytes.as_ref());
        self
    }

    /// Makes a file. As with a real tool, it is dropped unless the command's `writes` match.
    #[must_use]
    pub fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.make(path, bytes.as_ref(), FileMode::Plain)
    }

    /// Makes a file that may be executed.
    #[must_use]
    pub fn executable(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.make(path, bytes.as_ref(), FileMode::Executable)
    }

    /// Makes a symbolic link.
    #[must_use]
    pub fn link(mut self, path: &str, target: &str) -> Self {
        self.links.insert(path.to_owned(), target.to_owned());
        self
    }

    fn make(mut self, path: &str, bytes: &[u8], mode: FileMode) -> Self {
        let executable = mode == FileMode::Executable;
        self.files.insert(path.to_owned(), OutputFile { bytes: bytes.to_vec(), executable });
        self
    }

    /// Returns it as the end of a run that a deployment started.
    pub(crate) fn into_ended(self) -> EffectToolEnded {
        EffectToolEnded { code: self.code, stdout: self.stdout, stderr: self.stderr }
    }

    /// Drops what `writes` does not name.
    fn kept(mut self, writes: &[String]) -> Self {
        let writes = parse(writes);
        self.files.retain(|path, _| writes.matches(path));
        self.links.retain(|path, _| writes.matches(path));
        self
    }
}

/// A run that has ended.
pub(crate) struct Ended {
    answer: ToolAnswer,
    outlet: Outlet,
}

impl Ended {
    /// Runs a tool.
    pub(crate) fn of(tool: &Tool, call: &ToolCall, outlet: Outlet) -> Self {
        Self { answer: tool(call).kept(&call.command.writes), outlet }
    }
}

impl HostRan for Ended {
    fn code(&self) -> i32 {
        self.answer.code
    }

    fn stdout(&self, offset: u64, len: u32) -> Vec<u8> {
        part(&self.answer.stdout, offset, len)
    }

    fn stderr(&self, offset: u64, len: u32) -> Vec<u8> {
        part(&self.answer.stderr, offset, len)
    }

    fn files(&self) -> Vec<ToolFile> {
        let file = |(path, file): (&String, &OutputFile)| ToolFile {
            path: path.clone(),
            digest: Digest::of(&file.bytes).to_string(),
            size: file.bytes.len() as u64,
            executable: file.executable,
        };
        self.answer.files.iter().map(file).collect()
    }

    fn links(&self) -> Vec<ToolLink> {
        let links = self.answer.links.iter();
        links
            .map(|(path, target)| ToolLink { path: path.clone(), target: target.clone() })
            .collect()
    }

    fn read(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, FsError> {
        let file = self.answer.files.get(path).ok_or(FsError::NotFound)?;
        Ok(part(&file.bytes, offset, len))
    }

    fn keep(&self, path: &str, dest: &str) -> Result<String, OutError> {
        let file = self.answer.files.get(path).ok_or(OutError::NoInput)?;
        self.outlet.keep(dest, file.clone())
    }
}

/// Returns the bytes from `offset` on, at most `len` of them.
pub(crate) fn part(bytes: &[u8], offset: u64, len: u32) -> Vec<u8> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    let end = start.saturating_add(len as usize).min(bytes.len());
    bytes[start..end].to_vec()
}

/// The patterns of a command.
pub(crate) struct Selected(Patterns);

impl Selected {
    /// Returns whether a path is valid and matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        WorkspacePath::parse(path).is_ok_and(|path| self.0.matches(&path))
    }
}

/// Returns the patterns of a command. As in the real host, a wrong one ends the step.
pub(crate) fn parse(texts: &[String]) -> Selected {
    match Patterns::parse(texts) {
        Ok(patterns) => Selected(patterns),
        Err(error) => panic!("the step ran a tool with a pattern that is not valid: {error}"),
    }
}
