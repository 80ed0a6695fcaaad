//! Diagnostic: a fact about a user's file.

use std::ops::Range;

use serde::Serialize;

use crate::code::Code;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The file can be used, but probably does not say what was meant.
    Warning,
    /// The file cannot be used.
    Error,
}

/// A place in a file, with a remark.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Label {
    /// The file, as shown to the user.
    pub file: String,
    /// The region, in bytes of the file's text.
    pub span: Range<usize>,
    /// What is there; may be empty.
    pub text: String,
}

/// One mistake in a user's file: what is wrong, where, and what was probably meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Diagnostic {
    /// How much it weighs.
    pub level: Level,
    /// The stable code.
    pub code: Code,
    /// What is wrong: one sentence, lower-case, without a final period.
    pub message: String,
    /// Where. The first label is the place itself; the others explain it.
    pub labels: Vec<Label>,
    /// More facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: Code, message: impl Into<String>, label: Label) -> Self {
        let message = message.into();
        let labels = vec![label];
        Self { level: Level::Error, code, message, labels, notes: Vec::new(), help: None }
    }

    /// A warning at a place.
    pub fn warning(code: Code, message: impl Into<String>, label: Label) -> Self {
        Self { level: Level::Warning, ..Self::error(code, message, label) }
    }

    /// Adds a place that explains the first.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
