//! Takes the power out of text that others wrote: terminals and CI services obey some of it.
//!
//! What a terminal would obey (control characters) or hide (bidirectional overrides, invisible
//! characters) is shown as a visible escape such as `\u{1b}`. What a CI service would obey
//! (`::set-output`, `##vso[`) gets a backslash into its mark.

use std::borrow::Cow;

pub use belljar_model::text::is_harmful;

/// Marks of commands that CI services find anywhere in a line.
const MARKS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Makes a text of several lines harmless. Line ends stay; `\r\n` is one; tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\r' && letters.peek() == Some(&'\n') {
            continue;
        }
        push(&mut harmless, letter);
    }
    Cow::Owned(harmless)
}

/// Makes a text harmless that must stay on one line: line ends and tabs are escaped, too.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(|letter| is_harmful(letter) || matches!(letter, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\n' => harmless.push_str("\\n"),
            '\t' => harmless.push_str("\\t"),
            letter => push(&mut harmless, letter),
        }
    }
    Cow::Owned(harmless)
}

fn push(to: &mut String, letter: char) {
    match letter {
        '\r' => to.push_str("\\r"),
        letter if is_harmful(letter) => to.extend(letter.escape_unicode()),
        letter => to.push(letter),
    }
}

/// Takes the commands of CI services out of a text.
///
/// GitHub Actions obeys a line whose first letters are `::`; Azure Pipelines and TeamCity obey
/// their marks anywhere in a line.
pub fn commands(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        harmless.push_str(indent);
        if rest.starts_with("::") {
            harmless.push('\\');
        }
        without_marks(rest, "#\\", &mut harmless);
    }
    harmless
}

/// Whether a CI service could find a command in the middle of this text.
pub(crate) fn may_hold_marks(text: &str) -> bool {
    text.contains("##")
}

/// Copies a text, with `instead` in place of the first letter of each mark.
pub(crate) fn without_marks(line: &str, instead: &str, to: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find("##") {
        let (before, mark) = rest.split_at(at);
        to.push_str(before);
        // Services compare without regard to case.
        let starts = |known: &str| {
            mark.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known))
        };
        to.push_str(if MARKS.iter().any(|known| starts(known)) { instead } else { "#" });
        rest = &mark[1..];
    }
    to.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        belljar_cases::case!("G01", "G06");
        let check = |input: &str, shown: &str| {
            assert_eq!(text(input), shown);
            assert_eq!(line(input), shown);
        };
        check("plain ü … 漢 👩‍🚀", "plain ü … 漢 👩‍🚀");
        check("\u{1b}[31mred", "\\u{1b}[31mred");
        check("\u{1b}]52;c;ZXZpbA==\u{7}", "\\u{1b}]52;c;ZXZpbA==\\u{7}");
        check("\u{9b}2J\u{90}q", "\\u{9b}2J\\u{90}q");
        check("all good\rerror", "all good\\rerror");
        check("ab\u{8}\u{7f}c", "ab\\u{8}\\u{7f}c");
        check("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}");
        check("zero\u{200b}width\u{feff}\u{e0041}", "zero\\u{200b}width\\u{feff}\\u{e0041}");
        check("next\u{85}line\u{2028}", "next\\u{85}line\\u{2028}");
    }

    #[test]
    fn line_ends_stay_in_a_text_and_not_in_a_line() {
        assert_eq!(text("a\r\nb\n\tc\u{0}"), "a\nb\n\tc\\u{0}");
        assert_eq!(line("a\r\nb\tc"), "a\\r\\nb\\tc");
    }

    #[test]
    fn commands_of_ci_services_lose_their_power() {
        belljar_cases::case!("G02");
        let check = |input: &str, shown: &str| assert_eq!(commands(input), shown);
        check("::set-env name=PATH::/evil", "\\::set-env name=PATH::/evil");
        check("ok\n \t::add-mask::x\n", "ok\n \t\\::add-mask::x\n");
        check("std::fmt is fine", "std::fmt is fine");
        check("x ##vso[task.x]y", "x #\\#vso[task.x]y");
        check("##TeamCity[buildStatus]", "#\\#TeamCity[buildStatus]");
        check("###[group]", "##\\#[group]");
        check("## a title", "## a title");
    }
}
