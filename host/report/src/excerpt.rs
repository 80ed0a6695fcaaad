//! Excerpt: the lines of a file that a message points at, harmless, with the places in them.

use std::ops::Range;

use annotate_snippets::Renderer;

use crate::sanitize;
use crate::style::{Color, Style};

/// Reads the text of a file that a message points at; `None` if it cannot be shown.
pub type Source<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The lines that some spans touch. Only these are given to the renderer, so that a message
/// about one line of a large file costs one line.
pub(crate) struct Excerpt {
    /// The lines, harmless.
    pub(crate) text: String,
    /// The number of the first line, counted from 1.
    pub(crate) line_start: usize,
    /// The spans in bytes of `text`, in the order in which they were given.
    pub(crate) spans: Vec<Range<usize>>,
}

impl Excerpt {
    /// Cuts `source` down to the lines that `spans` touch. Spans come from outside: where they
    /// leave the text or split a character, they are moved.
    pub(crate) fn new(source: &str, spans: &[Range<usize>]) -> Self {
        let spans: Vec<_> = spans.iter().map(|span| clamp(source, span)).collect();
        let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let last = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let start = source[..first].rfind('\n').map_or(0, |newline| newline + 1);
        let end = source[last..].find('\n').map_or(source.len(), |newline| last + newline);
        let returns = source[last..end].ends_with('\r') && end < source.len();
        let end = end - usize::from(returns);
        // The replacement of each letter is independent of the others, but for the carriage
        // return at the end of a line, which no span splits from its newline.
        let moved = |offset: usize| sanitize::text(&source[start..offset]).len();
        Self {
            text: sanitize::text(&source[start..end]).into_owned(),
            line_start: source[..start].matches('\n').count() + 1,
            spans: spans.iter().map(|span| moved(span.start)..moved(span.end)).collect(),
        }
    }
}

fn clamp(source: &str, span: &Range<usize>) -> Range<usize> {
    let inside = |offset: usize| {
        let offset = source.floor_char_boundary(offset.min(source.len()));
        let splits = source[..offset].ends_with('\r') && source[offset..].starts_with('\n');
        if splits { offset - 1 } else { offset }
    };
    let start = inside(span.start);
    start..inside(span.end).max(start)
}

/// Turns lines and columns into byte offsets of one text.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(newlines).collect() }
    }

    /// The byte offset of a line and column, both counted from 1, columns in Unicode scalar
    /// values. A column beyond the end of its line is the end of the line.
    pub(crate) fn offset(&self, line: u32, column: u32) -> usize {
        let index = line.saturating_sub(1) as usize;
        let Some(&start) = self.starts.get(index) else { return self.text.len() };
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| next - 1);
        let skipped = column.saturating_sub(1) as usize;
        let line = &self.text[start..end];
        start + line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at)
    }
}

/// The renderer of everything that looks like a compiler's message.
pub(crate) const fn renderer(style: &Style) -> Renderer {
    let renderer = match style.color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    renderer.term_width(style.width as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one span is meant")]
    fn an_excerpt_holds_whole_lines_and_moves_the_spans() {
        let source = "one\ntwo \u{1b} x\r\nthree\n";
        let at = source.find('x').unwrap();
        let excerpt = Excerpt::new(source, &[at..at + 1]);
        assert_eq!(excerpt.text, "two \\u{1b} x");
        assert_eq!(excerpt.line_start, 2);
        assert_eq!(&excerpt.text[excerpt.spans[0].clone()], "x");
    }

    #[test]
    fn spans_that_do_not_fit_are_moved_into_the_text() {
        for (source, span) in
            [("", 5..9), ("ü", 1..1), ("a\r\n", 2..2), ("abc", 7..8), ("a\n", 2..2)]
        {
            let excerpt = Excerpt::new(source, &[span]);
            assert!(excerpt.spans[0].end <= excerpt.text.len(), "{source:?}");
        }
    }

    #[test]
    fn lines_and_columns_become_offsets() {
        let lines = Lines::new("äb\ncd");
        for (line, column, offset) in
            [(1, 1, 0), (1, 2, 2), (1, 3, 3), (1, 9, 3), (2, 2, 5), (3, 1, 6), (0, 0, 0)]
        {
            assert_eq!(lines.offset(line, column), offset, "{line}:{column}");
        }
    }
}
