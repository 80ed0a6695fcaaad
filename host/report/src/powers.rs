//! Powers: what a plugin can do, and what of it is new.

use crate::sanitize;
use crate::style::{Style, Tone};

/// How a line stands to what was there before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// A power that was not there.
    Added,
    /// A power that is gone.
    Removed,
    /// A difference that is no power.
    Other,
}

/// Lines of a comparison: added power in red with `+`, removed power in green with `-`.
pub fn lines<'a>(changes: impl IntoIterator<Item = (Sign, &'a str)>, style: &Style) -> String {
    let line = |(sign, what): (Sign, &str)| {
        let (mark, tone) = match sign {
            Sign::Added => ('+', Some(Tone::Bad)),
            Sign::Removed => ('-', Some(Tone::Good)),
            Sign::Other => ('~', None),
        };
        let line = format!("{mark} {}", sanitize::text(what));
        let line = tone.map_or(line.clone(), |tone| style.paint(tone, &line));
        format!("  {line}\n")
    };
    changes.into_iter().map(line).collect()
}

/// A heading over lines.
pub fn heading(text: &str, style: &Style) -> String {
    format!("{}\n", style.paint(Tone::Strong, &sanitize::text(text)))
}

/// A word of warning.
pub fn warning(text: &str, style: &Style) -> String {
    style.paint(Tone::Warning, &sanitize::text(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::Color;

    #[test]
    fn added_power_is_red_and_every_line_says_it_without_color_too() {
        let changes = [(Sign::Added, "a\u{1b}[0m"), (Sign::Removed, "b"), (Sign::Other, "c")];
        assert_eq!(lines(changes, &Style::plain()).lines().count(), 3);
        let plain = lines(changes, &Style::plain());
        assert!(plain.contains("  + a") && plain.contains("  - b\n  ~ c\n"), "{plain}");
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        let colored = lines(changes, &Style { color: Color::Always, ..Style::plain() });
        let red = colored.find("\u{1b}[1m\u{1b}[91m+ a").or(colored.find("91m+ a"));
        assert!(red.is_some(), "{colored:?}");
    }
}
