//! Place and Sources: where something is written, and the text it is written in.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use belljar_model::diagnostic::Label;
use serde::{Deserialize, Serialize};

/// A region of one pipeline file. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The file, as shown to the user.
    pub file: Arc<str>,
    /// The region, in bytes of the file's text.
    pub span: Range<usize>,
}

impl Default for Place {
    /// No place: the start of a file without a name.
    fn default() -> Self {
        Self { file: Arc::from(""), span: 0..0 }
    }
}

impl Place {
    /// This place with a remark, for a diagnostic.
    pub fn label(&self, text: impl Into<String>) -> Label {
        Label { file: self.file.to_string(), span: self.span.clone(), text: text.into() }
    }
}

/// The texts of all the files of one pipeline, by name.
#[derive(Clone, Default, Debug)]
pub struct Sources(BTreeMap<Arc<str>, Source>);

#[derive(Clone, Debug)]
struct Source {
    text: Arc<str>,
    /// Where each line starts, in bytes.
    lines: Vec<usize>,
}

impl Sources {
    /// Adds a file, or replaces its text.
    pub fn insert(&mut self, file: Arc<str>, text: Arc<str>) {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        self.0.insert(file, Source { text, lines });
    }

    /// The text of a file.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.0.get(file).map(|source| &*source.text)
    }

    /// The line and column where a place starts, both counted from 1, columns in characters.
    /// `(1, 1)` if the file is not known.
    pub fn place(&self, at: &Place) -> (usize, usize) {
        self.position(&at.file, at.span.start)
    }

    /// The line and column of a byte of a file, both counted from 1, columns in characters.
    pub fn position(&self, file: &str, byte: usize) -> (usize, usize) {
        let Some(Source { text, lines }) = self.0.get(file) else { return (1, 1) };
        let line = lines.partition_point(|start| *start <= byte);
        let start = lines[line - 1];
        let before = text.get(start..byte).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// All files with their texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(file, source)| (&**file, &*source.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let mut sources = Sources::default();
        sources.insert(Arc::from("f"), Arc::from("aä\nb\n"));
        for (byte, expected) in [(0, (1, 1)), (3, (1, 3)), (4, (2, 1)), (5, (2, 2)), (6, (3, 1))] {
            assert_eq!(sources.position("f", byte), expected, "{byte}");
        }
        assert_eq!(sources.position("other", 3), (1, 1));
    }
}
