//! Find: which executable a tool is, what it needs to run, and what its identity is.
//!
//! Nothing of the workspace is executed here. A tool's own version command runs confined, as
//! every other run of it.

mod closure;
mod describe;
mod layout;
mod lookup;
mod memory;
mod rust;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use belljar_model::Digest;

pub(crate) use describe::{Identified, describe, identity};
pub(crate) use lookup::lookup;
pub(crate) use memory::{Like, Memory};

/// A tool that was found, with all that a run of it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The tool's name in the pipeline file.
    pub name: String,
    /// What is started: a link may lead from here to the executable, and a program can tell
    /// by its name what it is to do.
    pub program: PathBuf,
    /// The executable, or the script, with all links resolved.
    pub executable: PathBuf,
    /// Changes when the tool does.
    pub identity: Digest,
    /// What its version command printed, if it has one.
    pub version: Option<String>,
    /// What it may read, sorted by path, tools that it uses included.
    pub closure: Vec<Readable>,
    /// The directories of `PATH` as it sees it.
    pub path: Vec<PathBuf>,
    /// Its environment, without `PATH`.
    pub env: BTreeMap<String, String>,
}

/// Something of the machine that a tool may read, with all that is below it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Readable {
    /// Where it is.
    pub path: PathBuf,
    /// Why the tool may read it.
    pub reason: Reason,
}

/// Why a tool may read something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// It is the executable, or a link that leads to it.
    Executable,
    /// It executes the script that the tool is.
    Interpreter,
    /// The dynamic loader lists it for the executable.
    Library,
    /// Extensions of the tool are linked with them.
    SystemLibraries,
    /// The executable lies in its `bin`.
    Prefix,
    /// It is the toolchain that rustup chooses for this workspace.
    Toolchain,
    /// Compilers call it to link.
    CToolchain,
    /// Downloaded packages are in it.
    Registry,
    /// The interpreter finds modules in it.
    Modules,
    /// The pipeline file says so.
    Declared,
    /// A tool of this name needs it, which this one uses.
    Uses(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Executable => "the executable",
            Self::Interpreter => "the interpreter of the script",
            Self::Library => "shared library",
            Self::SystemLibraries => "shared libraries of the system, for extensions",
            Self::Prefix => "the folder in which it is installed",
            Self::Toolchain => "Rust toolchain that rustup chooses here",
            Self::CToolchain => "C toolchain, to link",
            Self::Registry => "downloaded packages",
            Self::Modules => "modules of the interpreter",
            Self::Declared => "named in `closure`",
            Self::Uses(name) => return write!(out, "used tool `{name}`"),
        };
        out.write_str(words)
    }
}

/// Where tools are looked for, and what none of them may read.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// The workspace.
    pub(crate) root: PathBuf,
    /// The user's home.
    pub(crate) home: Option<PathBuf>,
    /// The user's `PATH`.
    pub(crate) path: String,
    /// Folders of the host.
    pub(crate) own: Vec<PathBuf>,
}

impl Surroundings {
    /// A path as a person writes it, with `~/` filled in; `None` without a home.
    pub(crate) fn expand(&self, text: &str) -> Option<PathBuf> {
        match text.strip_prefix("~/") {
            Some(rest) => self.home.as_ref().map(|home| home.join(rest)),
            None => Some(PathBuf::from(text)),
        }
    }

    /// A path as a person would write it: the home is `~`.
    pub(crate) fn show(&self, path: &Path) -> String {
        let below = self.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display()))
    }
}

/// What looking at an executable tells.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Layout {
    /// What is started.
    pub(crate) program: PathBuf,
    /// The executable, all links resolved.
    pub(crate) executable: PathBuf,
    /// What it needs.
    pub(crate) readable: BTreeMap<PathBuf, Reason>,
    /// Directories of `PATH` inside.
    pub(crate) path: Vec<PathBuf>,
    /// Variables that it needs.
    pub(crate) env: BTreeMap<String, String>,
    /// Other executables whose contents belong to its identity.
    pub(crate) members: Vec<PathBuf>,
    /// Texts that belong to its identity.
    pub(crate) marks: Vec<String>,
}

impl Layout {
    /// Adds what may be read, if it is there and nothing else was the reason for it.
    pub(crate) fn read(&mut self, path: impl Into<PathBuf>, reason: Reason) {
        let path = path.into();
        if path.exists() {
            self.readable.entry(path).or_insert(reason);
        }
    }

    /// Adds a directory of `PATH`.
    pub(crate) fn search(&mut self, folder: &Path) {
        if !self.path.iter().any(|known| known == folder) {
            self.path.push(folder.to_owned());
        }
    }

    /// Adds what another layout needs.
    pub(crate) fn join(&mut self, other: Self) {
        for (path, reason) in other.readable {
            self.readable.entry(path).or_insert(reason);
        }
        for folder in &other.path {
            self.search(folder);
        }
        for (name, value) in other.env {
            self.env.entry(name).or_insert(value);
        }
        self.members.extend(other.members);
        self.marks.extend(other.marks);
    }
}
