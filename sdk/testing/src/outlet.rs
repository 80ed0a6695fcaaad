//! Where the files go that a step makes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use belljar_model::Digest;
use belljar_model::path::WorkspacePath;
use belljar_model::pattern::Patterns;
use belljar_sdk::{FileMode, HostWriter, OutError};

/// Below it, a step may write what it does not declare. It never becomes an output.
const SCRATCH: &str = ".scratch/";

/// One file that a step or a tool made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// What a step has written so far, and may write. Clones share it.
#[derive(Clone)]
pub(crate) struct Outlet {
    declared: Patterns,
    files: Rc<RefCell<BTreeMap<String, OutputFile>>>,
}

impl Outlet {
    pub(crate) fn new(declared: Patterns) -> Self {
        Self { declared, files: Rc::default() }
    }

    /// Returns all files so far, scratch files included.
    pub(crate) fn files(&self) -> BTreeMap<String, OutputFile> {
        self.files.borrow().clone()
    }

    /// Returns the files that become outputs.
    pub(crate) fn outputs(&self) -> BTreeMap<String, OutputFile> {
        let mut files = self.files();
        files.retain(|path, _| !path.starts_with(SCRATCH));
        files
    }

    pub(crate) fn keep(&self, path: &str, file: OutputFile) -> Result<String, OutError> {
        self.check(path)?;
        let digest = Digest::of(&file.bytes).to_string();
        self.files.borrow_mut().insert(path.to_owned(), file);
        Ok(digest)
    }

    pub(crate) fn create(&self, path: &str) -> Result<Box<dyn HostWriter>, OutError> {
        self.check(path)?;
        Ok(Box::new(Writer { outlet: self.clone(), path: path.to_owned(), bytes: Vec::new() }))
    }

    fn check(&self, path: &str) -> Result<(), OutError> {
        let place = WorkspacePath::parse(path).map_err(|_| OutError::InvalidPath)?;
        let declared = path.starts_with(SCRATCH) || self.declared.matches(&place);
        if place.is_root() || !declared {
            return Err(OutError::NotDeclared);
        }
        let overlaps = |other: &String| {
            let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|r| r.starts_with('/'));
            other == path || within(other, path) || within(path, other)
        };
        if self.files.borrow().keys().any(overlaps) {
            return Err(OutError::Exists);
        }
        Ok(())
    }
}

/// A file in the making.
struct Writer {
    outlet: Outlet,
    path: String,
    bytes: Vec<u8>,
}

impl HostWriter for Writer {
    fn append(&mut self, data: &[u8]) -> Result<(), OutError> {
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, mode: FileMode) -> Result<String, OutError> {
        let executable = mode == FileMode::Executable;
        self.outlet.keep(&self.path, OutputFile { bytes: self.bytes, executable })
    }
}
