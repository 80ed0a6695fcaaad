//! StepName: what a person calls a step.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of one step of a pipeline, such as `lint` or `web:lint[debug]`.
///
/// The part before `:` is the folder of a `for-each`; the part in brackets are the values of a
/// matrix. A pipeline file writes only the plain name; the rest is made by expansion.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepName(Arc<str>);

impl StepName {
    /// Names an expanded step. `text` comes from a checked pipeline file.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// Whether `text` may be a step's name in a pipeline file: letters, digits, `-` and `_`,
    /// starting with a letter.
    pub fn is_plain(text: &str) -> bool {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for StepName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", &*self.0)
    }
}
