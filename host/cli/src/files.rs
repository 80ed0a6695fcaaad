//! WorkspaceFiles: what the pipeline file may ask of the workspace while it is being read; and
//! files that are named on the command line.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use belljar_disk::{Kind, Root};
use belljar_model::pattern::Base;
use belljar_model::{Digest, Patterns, WorkspacePath};
use belljar_pipeline::Files;
use serde::{Deserialize, Serialize};

use crate::error::CommandError;
use crate::session::STATE;

/// Reads included files, and finds the folders of a `for-each`.
pub(crate) struct WorkspaceFiles(Root);

impl WorkspaceFiles {
    /// Opens a workspace.
    pub(crate) fn open(root: &Path) -> Result<Self, CommandError> {
        let root = Root::open(root).map_err(|error| CommandError::Other(error.into()))?;
        Ok(Self(root))
    }

    /// Collects the paths of one kind that match, sorted.
    fn collect(&self, pattern: &str, kind: Kind) -> Vec<WorkspacePath> {
        let Ok(patterns) = Patterns::parse(&[pattern]) else { return Vec::new() };
        let mut found = Vec::new();
        for base in patterns.bases() {
            match base {
                Base::Path(path) => {
                    if self.0.stat(path.as_str()).ok().flatten().is_some_and(|at| at.kind == kind) {
                        found.push(path.clone());
                    }
                }
                Base::Below(path) => self.collect_below(path, &patterns, kind, &mut found),
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Walks a folder. What cannot be read has no matches: the step that needs it will say so.
    fn collect_below(
        &self,
        folder: &WorkspacePath,
        patterns: &Patterns,
        kind: Kind,
        found: &mut Vec<WorkspacePath>,
    ) {
        for listed in self.0.list(folder.as_str()).unwrap_or_default() {
            let Some(name) = listed.name.to_str().filter(|name| !matches!(*name, ".git" | STATE))
            else {
                continue;
            };
            let Some(path) = folder.join(name) else { continue };
            if listed.kind == kind && patterns.matches(&path) {
                found.push(path.clone());
            }
            if listed.kind == Kind::Directory {
                self.collect_below(&path, patterns, kind, found);
            }
        }
    }
}

/// Files, with a memory of what was asked of them.
pub(crate) struct Overheard<F> {
    files: F,
    heard: Mutex<Vec<Heard>>,
}

/// A question to [`Files`], with the digest of the answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Heard {
    asked: Asked,
    answer: Digest,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Asked {
    Text(String),
    Matching(String),
    Folders(String),
}

impl Heard {
    fn of(asked: Asked, answer: &impl Serialize) -> Self {
        let answer = Digest::of(&postcard::to_stdvec(answer).expect("texts can be encoded"));
        Self { asked, answer }
    }

    /// Whether the answer is still the same.
    pub(crate) fn holds(&self, files: &impl Files) -> bool {
        let again = Overheard { files, heard: Mutex::default() };
        match &self.asked {
            Asked::Text(path) => drop(again.read(path)),
            Asked::Matching(pattern) => drop(again.matching(pattern)),
            Asked::Folders(pattern) => drop(again.folders(pattern)),
        }
        again.heard() == [self.clone()]
    }
}

impl<F> Overheard<F> {
    /// Files of which nothing was asked yet.
    pub(crate) const fn new(files: F) -> Self {
        Self { files, heard: Mutex::new(Vec::new()) }
    }

    /// What was asked, in that order.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep<T: Serialize>(&self, asked: Asked, answer: T) -> T {
        let heard = Heard::of(asked, &answer);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        answer
    }
}

impl<F: Files> Files for Overheard<F> {
    fn read(&self, path: &str) -> Result<String, String> {
        self.keep(Asked::Text(path.to_owned()), self.files.read(path))
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        self.keep(Asked::Matching(pattern.to_owned()), self.files.matching(pattern))
    }

    fn folders(&self, pattern: &str) -> Vec<WorkspacePath> {
        self.keep(Asked::Folders(pattern.to_owned()), self.files.folders(pattern))
    }
}

/// The files of a workspace, with another text for one of them.
pub(crate) struct Instead {
    /// The files.
    pub(crate) files: WorkspaceFiles,
    /// The one that is different.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
}

impl Files for Instead {
    fn read(&self, path: &str) -> Result<String, String> {
        if path == self.file { Ok(self.text.clone()) } else { self.files.read(path) }
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        self.files.matching(pattern)
    }

    fn folders(&self, pattern: &str) -> Vec<WorkspacePath> {
        self.files.folders(pattern)
    }
}

/// Makes the file that an option names. It is the user's, wherever it is.
///
/// # Errors
/// When it names no file, or it cannot be made.
pub(crate) fn create_named(option: &str, file: &str) -> Result<File, CommandError> {
    let file = Path::new(file);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| CommandError::usage(format!("{option} needs a file")))?;
    let broken = || format!("the file for {option} cannot be written");
    let folder = Root::open(folder.unwrap_or(Path::new("."))).with_context(broken)?;
    Ok(folder.create_file(name).with_context(broken)?)
}

impl Files for WorkspaceFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        let bytes = self.0.read(path).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let files = self.collect(pattern, Kind::File);
        files.iter().map(|path| path.as_str().to_owned()).collect()
    }

    fn folders(&self, pattern: &str) -> Vec<WorkspacePath> {
        self.collect(pattern, Kind::Directory)
    }
}
