//! Sections: labels with lines beside them, wrapped to the terminal.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::style::{Style, Tone};

/// The column in which the lines of a section begin.
const INDENT: usize = 14;

/// Terminals that are narrower get longer lines than they can show: a column of ten letters
/// cannot be read either.
const NARROWEST: usize = 40;

/// One line of a section. Its text is harmless already.
pub(super) struct Item {
    text: String,
    tone: Option<Tone>,
}

impl Item {
    /// A line in color. The words or a mark must say what the color says.
    pub(super) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Some(tone) }
    }

    /// The same, some columns to the right.
    pub(super) fn deeper(mut self, columns: usize) -> Self {
        self.text.insert_str(0, &" ".repeat(columns));
        self
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self { text, tone: None }
    }
}

/// Labels with lines beside them.
pub(super) struct Sections<'a> {
    style: &'a Style,
    text: String,
}

impl<'a> Sections<'a> {
    pub(super) const fn new(style: &'a Style) -> Self {
        Self { style, text: String::new() }
    }

    /// A line over the whole width.
    pub(super) fn heading(&mut self, line: &str) {
        self.text.push_str(&format!("{}\n", line.trim_end()));
    }

    /// Adds a section; one without lines is left out.
    pub(super) fn add<I: Into<Item>>(&mut self, label: &str, items: impl IntoIterator<Item = I>) {
        let width = usize::from(self.style.width).max(NARROWEST) - INDENT;
        let mut start =
            format!("  {}", self.style.paint(Tone::Strong, &format!("{label:<10}"))) + "  ";
        for item in items {
            let Item { text, tone } = item.into();
            for line in wrapped(&text, width) {
                let line = tone.map_or_else(|| line.clone(), |tone| self.style.paint(tone, &line));
                self.text.push_str(format!("{start}{line}").trim_end());
                self.text.push('\n');
                start = " ".repeat(INDENT);
            }
        }
    }

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.style.finish(self.text)
    }
}

/// Breaks a line between words. What follows the first break is deeper than the line itself, so
/// that the words of a plugin cannot pass for a line of the host.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let deeper = " ".repeat(indent + 4);
    let room = width.saturating_sub(deeper.len()).max(1);
    let mut lines = Vec::new();
    let mut line = " ".repeat(indent);
    let mut is_empty = true;
    for word in text[indent..].split(char::is_whitespace) {
        for (place, piece) in pieces(word, room).into_iter().enumerate() {
            // A word that fits on no line, such as a digest, stays beside what it belongs to.
            let fits_below = piece.width() <= room;
            let is_full = fits_below && line.width() + 1 + piece.width() > width;
            if !is_empty && (is_full || place > 0) {
                line.truncate(line.trim_end().len());
                lines.push(std::mem::replace(&mut line, deeper.clone()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(piece);
            is_empty = is_empty && piece.is_empty();
        }
    }
    lines.push(line);
    lines
}

/// A word, in pieces if the terminal would break it and something in it may look like blanks: it
/// could then show a line that seems to be the host's. Digests and paths stay whole.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    if word.is_ascii() || word.width() <= room {
        return vec![word];
    }
    let (mut pieces, mut start, mut width) = (Vec::new(), 0, 0);
    for (at, letter) in word.char_indices() {
        let wide = letter.width().unwrap_or_default();
        if width + wide > room && at > start {
            pieces.push(&word[start..at]);
            (start, width) = (at, 0);
        }
        width += wide;
    }
    pieces.push(&word[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_never_cut() {
        let check = |text: &str, lines: &[&str]| assert_eq!(wrapped(text, 12), lines, "{text}");
        check("", &[""]);
        check("short", &["short"]);
        check("one two three four", &["one two", "    three", "    four"]);
        check("  a  b", &["  a  b"]);
        check("a veryveryverylongword x", &["a veryveryverylongword", "    x"]);
        check("  - one  two three", &["  - one  two", "      three"]);
        check("漢字漢字 漢字", &["漢字漢字", "    漢字"]);
        // Blanks of every kind are places to break at; what only looks like one is broken, too.
        check("one\u{a0}two\u{3000}three", &["one two", "    three"]);
        check("a \u{2800}bcdefghijklm", &["a \u{2800}bcdefgh", "    ijklm"]);
    }
}
