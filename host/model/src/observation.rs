//! Observation and Trace: what a step asked, and what it was told.
//!
//! A step's result depends on its plugin, configuration and grants, and on the answers to the
//! questions that it asked; on nothing else, because the host gives every answer. So a recorded
//! result may be used again if every question of its Trace has the same answer today. This is
//! the constructive trace of Mokhov, Mitchell and Peyton Jones, "Build Systems à la Carte" (2018).

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::directory::NodeKind;
use crate::path::WorkspacePath;
use crate::tool::GrantedTool;

/// One thing that a step can ask. Links are never followed: the sandbox asks about each.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// What is the content of this file?
    Content(WorkspacePath),
    /// What is at this path, and how large is it?
    Stat(WorkspacePath),
    /// May this file be executed?
    Executable(WorkspacePath),
    /// Which entries has this directory?
    Listing(WorkspacePath),
    /// Where does this symbolic link point?
    Link(WorkspacePath),
    /// Which declared files match?
    Glob {
        /// Patterns that a path must match one of.
        patterns: Vec<String>,
        /// Patterns that a path must match none of.
        except: Vec<String>,
    },
    /// Is this path among the declared inputs, whether or not something is there?
    Declared(WorkspacePath),
    /// What is the value of this environment variable?
    Environment(String),
    /// Which tool has this name, and how is it kept apart?
    Tool(String),
    /// May the value of this secret be seen? The value itself is never an answer, nor its digest.
    Secret(String),
}

/// What a step was told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing is there, or not the kind of thing that was asked for.
    Absent,
    /// The digest of a file's content, or of a variable's value.
    Content(Digest),
    /// What is there; the size in bytes is 0 for anything but a file.
    Stat(NodeKind, u64),
    /// Yes or no.
    Flag(bool),
    /// The entries of a directory by name, sorted.
    Listing(Vec<(String, NodeKind)>),
    /// The target of a link.
    Link(String),
    /// The paths that matched, sorted.
    Paths(Vec<(WorkspacePath, NodeKind)>),
    /// A tool.
    Tool(GrantedTool),
}

/// One question and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// What was asked.
    pub question: Question,
    /// What was told.
    pub answer: Answer,
}

/// All Observations of one execution: each question once, in the order first asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trace(pub Vec<Observation>);
