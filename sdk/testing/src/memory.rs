//! A host in memory: answers as the real one does, and keeps a record.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use belljar_model::Digest;
use belljar_model::path::WorkspacePath;
use belljar_model::pattern::Patterns;
use belljar_sdk::{
    Attr, Entry, FileMode, Finding, FsError, Host, HostRan, HostWriter, Kind, Level, Match,
    OutError, TestCase, ToolCommand,
};

use crate::outlet::{Outlet, OutputFile};
use crate::tool::{self, Ended, Tool, ToolCall};

/// How many symbolic links are followed in a row.
const LINKS: usize = 16;

/// What is at an input path.
pub(crate) enum Input {
    File { bytes: Vec<u8>, executable: bool },
    Link(String),
}

/// What a test sets up.
pub(crate) struct Setting {
    pub(crate) files: BTreeMap<String, Input>,
    pub(crate) inputs: Patterns,
    pub(crate) outputs: Patterns,
    pub(crate) tools: BTreeMap<String, Tool>,
    pub(crate) secrets: BTreeMap<String, Vec<u8>>,
    pub(crate) time_limit: Duration,
    pub(crate) cancel_after: Option<usize>,
    pub(crate) crossing_limit: usize,
}

impl Default for Setting {
    fn default() -> Self {
        let all = Patterns::parse(&["**"]).expect("the pattern is right");
        Self {
            files: BTreeMap::new(),
            inputs: all.clone(),
            outputs: all,
            tools: BTreeMap::new(),
            secrets: BTreeMap::new(),
            time_limit: Duration::from_secs(3600),
            cancel_after: None,
            crossing_limit: 8 << 20,
        }
    }
}

/// What a step did.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) findings: Vec<Finding>,
    pub(crate) finding_batches: usize,
    pub(crate) tests: Vec<TestCase>,
    pub(crate) coverage: Vec<(String, Vec<u8>)>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) outputs: BTreeMap<String, OutputFile>,
    pub(crate) observations: Vec<Observation>,
    pub(crate) commands: Vec<ToolCommand>,
}

/// One line of a step's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: Level,
    /// The line.
    pub message: String,
    /// Its named values.
    pub attrs: Vec<Attr>,
}

/// One thing that a step asked of its inputs, whatever the answer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Which paths match.
    Glob {
        /// The patterns, of which one has to match.
        patterns: Vec<String>,
        /// The patterns, of which none may match.
        except: Vec<String>,
    },
    /// What is at a path.
    Stat(String),
    /// The digest of a file.
    Digest(String),
    /// The bytes of a file, or some of them. Asked in several pieces, it is one observation.
    Read(String),
}

/// The host.
pub(crate) struct Memory {
    setting: Setting,
    polls: Cell<usize>,
    outlet: Outlet,
    record: RefCell<Record>,
}

impl Memory {
    pub(crate) fn new(setting: Setting) -> Self {
        let outlet = Outlet::new(setting.outputs.clone());
        Self { setting, polls: Cell::new(0), outlet, record: RefCell::default() }
    }

    pub(crate) fn take_record(&self) -> Record {
        Record { outputs: self.outlet.outputs(), ..self.record.take() }
    }

    fn observe(&self, observation: Observation) {
        let observations = &mut self.record.borrow_mut().observations;
        if observations.last() != Some(&observation) {
            observations.push(observation);
        }
    }

    fn find(&self, path: &str) -> Result<&Input, FsError> {
        let mut at = path;
        for _ in 0..LINKS {
            let place = WorkspacePath::parse(at).map_err(|_| FsError::InvalidPath)?;
            match self.setting.files.get(at) {
                _ if !self.is_declared(&place) => return Err(FsError::NotDeclared),
                None if self.is_folder(at) => return Err(FsError::NotAFile),
                None => return Err(FsError::NotFound),
                Some(Input::Link(to)) => at = to,
                Some(file) => return Ok(file),
            }
        }
        Err(FsError::NotFound)
    }

    /// A folder is declared when something below it is.
    fn is_declared(&self, place: &WorkspacePath) -> bool {
        self.setting.inputs.matches(place)
            || self.below(place.as_str()).any(|path| {
                WorkspacePath::parse(path).is_ok_and(|path| self.setting.inputs.matches(&path))
            })
    }

    fn is_folder(&self, path: &str) -> bool {
        self.below(path).next().is_some()
    }

    fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let within =
            move |file: &&String| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        self.setting.files.keys().filter(within).map(String::as_str)
    }

    fn bytes(&self, path: &str) -> Result<&[u8], FsError> {
        match self.find(path)? {
            Input::File { bytes, .. } => Ok(bytes),
            Input::Link(_) => Err(FsError::NotAFile),
        }
    }

    fn keep(&self, path: &str, bytes: Vec<u8>, mode: FileMode) -> Result<String, OutError> {
        let executable = mode == FileMode::Executable;
        self.outlet.keep(path, OutputFile { bytes, executable })
    }

    /// What a tool finds in the workspace. Links are followed: a fake tool sees files only.
    fn seen_by_tool(&self, command: &ToolCommand) -> BTreeMap<String, OutputFile> {
        let reads = tool::parse(&command.reads);
        let mut files = BTreeMap::new();
        for found in self.glob(&command.reads, &[]) {
            self.observe(Observation::Digest(found.path.clone()));
            if let Ok(Input::File { bytes, executable }) = self.find(&found.path) {
                let file = OutputFile { bytes: bytes.clone(), executable: *executable };
                files.insert(found.path, file);
            }
        }
        files.extend(self.outlet.files().into_iter().filter(|(path, _)| reads.matches(path)));
        files
    }
}

impl Host for Memory {
    fn log_enabled(&self, _: Level) -> bool {
        true
    }

    fn log(&self, level: Level, message: &str, attrs: &[Attr]) {
        let line = LogLine { level, message: message.to_owned(), attrs: attrs.to_vec() };
        self.record.borrow_mut().log.push(line);
    }

    fn log_lines(&self, at: Level, lines: &[String]) {
        for line in lines {
            self.log(at, line, &[]);
        }
    }

    fn cancelled(&self) -> bool {
        let polls = self.polls.replace(self.polls.get() + 1);
        self.setting.cancel_after.is_some_and(|limit| polls >= limit)
    }

    fn time_limit_ms(&self) -> u64 {
        u64::try_from(self.setting.time_limit.as_millis()).unwrap_or(u64::MAX)
    }

    fn findings(&self, batch: &[Finding]) {
        let record = &mut *self.record.borrow_mut();
        record.findings.extend_from_slice(batch);
        record.finding_batches += 1;
    }

    fn tests(&self, batch: &[TestCase]) {
        self.record.borrow_mut().tests.extend_from_slice(batch);
    }

    fn coverage(&self, format: &str, data: &[u8]) {
        self.record.borrow_mut().coverage.push((format.to_owned(), data.to_vec()));
    }

    fn glob(&self, patterns: &[String], except: &[String]) -> Vec<Match> {
        let observation =
            Observation::Glob { patterns: patterns.to_vec(), except: except.to_vec() };
        self.observe(observation);
        let parse = |texts: &[String]| Patterns::parse(texts).unwrap_or_else(|_| Patterns::none());
        let (patterns, except) = (parse(patterns), parse(except));
        let mut matches = Vec::new();
        for (path, input) in &self.setting.files {
            let Ok(place) = WorkspacePath::parse(path) else { continue };
            let declared = self.setting.inputs.matches(&place);
            if declared && patterns.matches(&place) && !except.matches(&place) {
                let kind = if matches!(input, Input::Link(_)) { Kind::Symlink } else { Kind::File };
                matches.push(Match { path: path.clone(), kind });
            }
        }
        matches
    }

    fn stat(&self, path: &str) -> Result<Entry, FsError> {
        self.observe(Observation::Stat(path.to_owned()));
        match self.find(path) {
            Ok(Input::File { bytes, executable }) => {
                Ok(Entry { kind: Kind::File, size: bytes.len() as u64, executable: *executable })
            }
            Ok(Input::Link(_)) => Err(FsError::NotFound),
            Err(FsError::NotAFile) => {
                Ok(Entry { kind: Kind::Directory, size: 0, executable: false })
            }
            Err(error) => Err(error),
        }
    }

    fn digest_of(&self, path: &str) -> Result<String, FsError> {
        self.observe(Observation::Digest(path.to_owned()));
        Ok(Digest::of(self.bytes(path)?).to_string())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        self.observe(Observation::Read(path.to_owned()));
        let bytes = self.bytes(path)?;
        if bytes.len() > self.setting.crossing_limit {
            Err(FsError::TooLarge)
        } else {
            Ok(bytes.to_vec())
        }
    }

    fn read_range(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, FsError> {
        self.observe(Observation::Read(path.to_owned()));
        let bytes = self.bytes(path)?;
        Ok(tool::part(bytes, offset, len))
    }

    fn read_many(&self, paths: &[String]) -> Vec<Result<Vec<u8>, FsError>> {
        let mut left = self.setting.crossing_limit;
        let mut answer = |path: &String| {
            let bytes = self.bytes(path)?;
            left = left.checked_sub(bytes.len()).ok_or(FsError::TooLarge)?;
            self.observe(Observation::Read(path.clone()));
            Ok(bytes.to_vec())
        };
        paths.iter().map(&mut answer).collect()
    }

    fn write(&self, path: &str, data: &[u8], mode: FileMode) -> Result<String, OutError> {
        self.keep(path, data.to_vec(), mode)
    }

    fn copy_input(&self, source: &str, dest: &str) -> Result<String, OutError> {
        self.observe(Observation::Digest(source.to_owned()));
        match self.find(source) {
            Ok(Input::File { bytes, executable: true }) => {
                self.keep(dest, bytes.clone(), FileMode::Executable)
            }
            Ok(Input::File { bytes, .. }) => self.keep(dest, bytes.clone(), FileMode::Plain),
            _ => Err(OutError::NoInput),
        }
    }

    fn create(&self, path: &str) -> Result<Box<dyn HostWriter>, OutError> {
        self.outlet.create(path)
    }

    fn granted(&self) -> Vec<String> {
        self.setting.tools.keys().cloned().collect()
    }

    fn run_with_secrets(
        &self,
        run: &ToolCommand,
        secrets: &[(String, &String)],
    ) -> Box<dyn HostRan> {
        let mut run = run.clone();
        for (variable, name) in secrets {
            let value = String::from_utf8(self.reveal(name)).expect("a variable holds text");
            run.env.push((variable.clone(), value));
        }
        self.run_tools(&[run]).pop().expect("one run has ended")
    }

    fn granted_secrets(&self) -> Vec<String> {
        self.setting.secrets.keys().cloned().collect()
    }

    fn open_secret(&self, name: &str) -> String {
        let granted = self.setting.secrets.contains_key(name);
        assert!(
            granted,
            "the step opened the secret `{name}`, which was not granted: see `Run::secret`"
        );
        name.to_owned()
    }

    fn reveal(&self, secret: &str) -> Vec<u8> {
        self.setting.secrets.get(secret).cloned().unwrap_or_default()
    }

    fn run_tools(&self, batch: &[ToolCommand]) -> Vec<Box<dyn HostRan>> {
        let call = |command: &ToolCommand| (command.clone(), self.seen_by_tool(command));
        // All see what was there before the first of them began.
        let calls: Vec<_> = batch.iter().map(call).collect();
        let run = |(command, files): (ToolCommand, _)| -> Box<dyn HostRan> {
            let Some(tool) = self.setting.tools.get(&command.tool) else {
                let name = &command.tool;
                panic!("the step ran `{name}`, which was not granted: see `Run::tool`");
            };
            let call = ToolCall { command, files };
            let ended = Ended::of(tool, &call, self.outlet.clone());
            self.record.borrow_mut().commands.push(call.command);
            Box::new(ended)
        };
        calls.into_iter().map(run).collect()
    }
}
