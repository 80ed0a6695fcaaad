//! A text under inspection, and what a rule may say about it.

use std::ops::Range;

use crate::file_kind::FileKind;
use crate::rule::Rule;

/// How deep a file may nest before its syntax is no longer checked. Parsers that call
/// themselves need stack for every level, and a guest has little.
pub(crate) const MAX_DEPTH: usize = 200;

/// A file whose content is text.
pub(crate) struct SourceFile<'a> {
    /// Its workspace path.
    pub(crate) path: &'a str,
    /// Its language.
    pub(crate) kind: FileKind,
    /// Its whole content.
    pub(crate) text: &'a str,
}

/// One remark of a rule about a place in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Remark {
    /// The rule that makes it.
    pub(crate) rule: Rule,
    /// The place: a range of bytes of the text. Absent when it concerns the whole file.
    pub(crate) range: Option<Range<usize>>,
    /// What is wrong: lower-case, without a final period.
    pub(crate) message: String,
    /// What to do about it, when the rule knows.
    pub(crate) help: Option<String>,
    /// Changes that would mend it together.
    pub(crate) fixes: Vec<Fix>,
}

/// A change of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fix {
    /// The bytes to replace.
    pub(crate) range: Range<usize>,
    /// What to put there.
    pub(crate) replacement: String,
}

impl Remark {
    /// Makes a remark about a range of bytes.
    pub(crate) fn new(rule: Rule, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range: Some(range), ..Self::whole(rule, message) }
    }

    /// Makes a remark about a file as a whole.
    pub(crate) fn whole(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, range: None, message: message.into(), help: None, fixes: Vec::new() }
    }

    /// Makes the remark that a file is not parsed because of its depth.
    pub(crate) fn too_deep(range: Range<usize>, limit: usize) -> Self {
        let message = format!("nests deeper than {limit} levels; its syntax is not checked");
        Self::new(Rule::NestingTooDeep, range, message)
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Adds one change that mends it.
    #[must_use]
    pub(crate) fn with_fix(mut self, range: Range<usize>, replacement: impl Into<String>) -> Self {
        self.fixes.push(Fix { range, replacement: replacement.into() });
        self
    }
}

/// Where the lines of a text start, to find the places that a parser names by line and column.
pub(crate) struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    /// Finds the lines of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    /// Returns the byte of a line and a column, which count from 1, as far as there is one.
    pub(crate) fn offset(&self, line: usize, col: usize) -> usize {
        let Some(&start) = self.starts.get(line.saturating_sub(1)) else { return self.text.len() };
        let mut chars = self.text[start..].char_indices();
        chars.nth(col.saturating_sub(1)).map_or(self.text.len(), |(at, _)| start + at)
    }
}

/// Returns the first character boundary at or after `offset`.
pub(crate) fn ceil_char_boundary(text: &str, offset: usize) -> usize {
    (offset..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// Returns the range of the character at `offset`, which is empty at the end of the text.
pub(crate) fn char_at(text: &str, offset: usize) -> Range<usize> {
    let start = ceil_char_boundary(text, offset);
    let len = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + len
}

/// Rewrites a parser's sentence in the style of this plugin: lower-case, without a period.
pub(crate) fn fragment(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut chars = sentence.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && !second.is_uppercase() => {
            first.to_ascii_lowercase().to_string() + chars.as_str()
        }
        _ => sentence.to_owned(),
    }
}

/// Returns a range of lines and their texts, each without its line ending.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.split_inclusive('\n').scan(0, |start, line| {
        let from = *start;
        *start += line.len();
        let content = line.strip_suffix('\n').unwrap_or(line);
        let content = content.strip_suffix('\r').unwrap_or(content);
        Some((from..from + content.len(), content))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_a_column_are_a_byte() {
        let index = LineIndex::new("aé\r\n😀b\n");
        for (line, col, offset) in
            [(1, 1, 0), (1, 3, 3), (2, 1, 5), (2, 2, 9), (3, 1, 11), (9, 9, 11)]
        {
            assert_eq!(index.offset(line, col), offset, "{line}:{col}");
        }
    }

    #[test]
    fn sentences_become_fragments() {
        assert_eq!(fragment("Unexpected token."), "unexpected token");
        assert_eq!(fragment("JSX is off"), "JSX is off");
        assert_eq!(fragment("`a` is odd"), "`a` is odd");
    }

    #[test]
    fn lines_come_without_their_endings() {
        let all: Vec<_> = lines("a\r\nb\n\nc").collect();
        assert_eq!(all, [(0..1, "a"), (3..4, "b"), (5..5, ""), (6..7, "c")]);
    }
}
