//! Style: how a text may look where it goes.

use std::borrow::Cow;

use anstyle::{AnsiColor, Effects};

use crate::sanitize;

/// Whether a text may hold ANSI colors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Color {
    /// Plain text.
    Never,
    /// ANSI colors. They only repeat what the words say.
    Always,
}

/// Which symbols the reader can see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symbols {
    /// `→`, `·`, `…`
    Unicode,
    /// `->`, `-`, `...`
    Ascii,
}

/// How a text may look where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether colors are used.
    pub color: Color,
    /// Which symbols are used in the host's own words; text of others is left as it is.
    pub symbols: Symbols,
    /// Columns of the terminal. Only the live bar is cut to it; source excerpts are centered.
    pub width: u16,
    /// Whether a CI service reads the text and would obey commands in it.
    pub ci: bool,
}

/// What a colored word means. The word itself says it, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    Good,
    Cached,
    Bad,
    Warning,
    Foreign,
    Strong,
    Faint,
}

impl Tone {
    pub(crate) const fn ansi(self) -> anstyle::Style {
        match self {
            Self::Good => AnsiColor::Green.on_default().effects(Effects::BOLD),
            Self::Cached => AnsiColor::Cyan.on_default().effects(Effects::BOLD),
            Self::Bad => AnsiColor::BrightRed.on_default().effects(Effects::BOLD),
            Self::Warning => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
            Self::Foreign => AnsiColor::Magenta.on_default().effects(Effects::BOLD),
            Self::Strong => anstyle::Style::new().effects(Effects::BOLD),
            Self::Faint => anstyle::Style::new().effects(Effects::DIMMED),
        }
    }
}

impl Style {
    /// Plain ASCII, 80 columns, for files and tests.
    pub const fn plain() -> Self {
        Self { color: Color::Never, symbols: Symbols::Ascii, width: 80, ci: false }
    }

    /// Colors a piece of text.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        match self.color {
            Color::Never => text.to_owned(),
            Color::Always => {
                format!("{}{text}{}", tone.ansi().render(), tone.ansi().render_reset())
            }
        }
    }

    /// The symbol that can be shown.
    pub(crate) const fn symbol(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.symbols {
            Symbols::Unicode => unicode,
            Symbols::Ascii => ascii,
        }
    }

    /// ` · ` or ` - `, between two facts of a line.
    pub(crate) const fn dot(&self) -> &'static str {
        self.symbol(" · ", " - ")
    }

    /// Replaces the symbols of a sentence of the host that cannot be shown.
    pub(crate) fn words<'a>(&self, sentence: &'a str) -> Cow<'a, str> {
        if self.symbols == Symbols::Unicode || sentence.is_ascii() {
            return Cow::Borrowed(sentence);
        }
        let plain = sentence.replace('→', "->").replace('−', "-").replace('…', "...");
        Cow::Owned(plain.replace('·', "-"))
    }

    /// The last step before a text leaves: takes the commands out of it if a CI service reads it.
    pub fn finish(&self, text: String) -> String {
        if self.ci { sanitize::commands(&text) } else { text }
    }
}
