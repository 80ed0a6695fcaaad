//! From byte offsets, as parsers give them, to the lines and columns of a report.

use std::ops::Range;

use crate::Span;

/// The text of one file, with an index of its lines.
///
/// ```
/// use belljar_sdk::{Source, Span};
///
/// let source = Source::new("a.txt", "één\ntwee");
/// assert_eq!(source.span(6..10), Span::new("a.txt", (2, 1), (2, 5)));
/// assert_eq!(source.place(4), (1, 3));
/// ```
pub struct Source<'t> {
    file: &'t str,
    text: &'t str,
    /// The byte offset at which each line starts.
    lines: Vec<usize>,
}

impl<'t> Source<'t> {
    /// Indexes the lines of `text`. Only `\n` ends a line, so `\r\n` does too.
    pub fn new(file: &'t str, text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { file, text, lines }
    }

    /// Returns the text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Returns the line and column, counted from 1, of a byte offset. An offset within a
    /// character means that character; one behind the text means its end.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let col = self.text[start..offset].chars().count() + 1;
        (count(line), count(col))
    }

    /// Returns the region of a range of bytes.
    pub fn span(&self, bytes: Range<usize>) -> Span {
        Span::new(self.file, self.place(bytes.start), self.place(bytes.end))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns() {
        let check = |text: &str, offset: usize, place: (u32, u32)| {
            assert_eq!(Source::new("f", text).place(offset), place, "{text:?} at {offset}");
        };
        check("", 0, (1, 1));
        check("", 7, (1, 1));
        check("ab", 2, (1, 3));
        check("a\nb", 1, (1, 2));
        check("a\nb", 2, (2, 1));
        check("a\r\nb", 3, (2, 1));
        check("a\n", 2, (2, 1));
        check("éa", 1, (1, 1));
        check("éa", 2, (1, 2));
    }
}
