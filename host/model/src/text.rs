//! Text for people: what comes from outside is made harmless, quantities are as a file has them.

use std::fmt::Write as _;
use std::time::Duration;

/// What other systems take for a command wherever it stands in a line.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// The text with visible escapes for what could move a cursor, change a terminal's state, reorder
/// what is shown or hide in it. Tabs stay.
pub fn harmless(text: &str) -> String {
    let breaks = |letter| letter == '\n' || is_harmful(letter);
    if !text.contains(breaks) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if breaks(letter) {
            let _ = write!(clean, "{}", letter.escape_unicode());
        } else {
            clean.push(letter);
        }
    }
    clean
}

/// As [`harmless`], but line ends stay.
pub fn harmless_lines(text: &str) -> String {
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// A line that no CI system takes for a command: one that begins like a command gets `> ` in
/// front, and marks that count anywhere in a line are broken by a backslash.
pub fn no_command(line: &str) -> String {
    let begins = line.trim_start().starts_with("::");
    let mut line = if begins { format!("> {line}") } else { line.to_owned() };
    // CI systems compare without regard to case. ASCII keeps its places when its case changes.
    let mut lower = line.to_ascii_lowercase();
    for command in COMMANDS {
        while let Some(at) = lower.find(command) {
            line.insert(at + 1, '\\');
            lower.insert(at + 1, '\\');
        }
    }
    line
}

/// What a line shows of a text that others chose, such as a path or a value, in letters.
const SHOWN: usize = 200;

/// The text, or its beginning and its end if it is longer than a line can bear.
pub fn short(text: &str) -> String {
    let length = text.chars().count();
    if length <= SHOWN {
        return text.to_owned();
    }
    let (begins, ends) = (SHOWN * 3 / 4, SHOWN / 4 - 1);
    let beginning: String = text.chars().take(begins).collect();
    let end: String = text.chars().skip(length - ends).collect();
    format!("{beginning}…{end}")
}

/// Whether a terminal would obey, reorder or hide this character. Tabs and line ends are none.
pub const fn is_harmful(letter: char) -> bool {
    matches!(letter,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `512 MiB`, `1.5 GiB`, `12 bytes`: the largest unit that is not larger than the value, exactly
/// or with one decimal.
pub fn bytes(value: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, size)) = UNITS.into_iter().find(|(_, size)| value >= *size) else {
        return format!("{value} bytes");
    };
    let whole = value / size;
    if value.is_multiple_of(size) {
        format!("{whole} {unit}")
    } else {
        format!("{whole}.{} {unit}", value % size * 10 / size)
    }
}

/// `20m`, `90s`, `500ms`, as a pipeline file writes it.
pub fn duration(value: Duration) -> String {
    let (seconds, millis) = (value.as_secs(), value.subsec_millis());
    if millis > 0 {
        format!("{}ms", value.as_millis())
    } else if seconds > 0 && seconds.is_multiple_of(60) {
        format!("{}m", seconds / 60)
    } else {
        format!("{seconds}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_tabs_stay() {
        belljar_cases::case!("G01");
        let check = |text: &str, clean: &str| assert_eq!(harmless(text), clean);
        check("a\tb", "a\tb");
        check("\u{1b}[2J", "\\u{1b}[2J");
        check("a\rb\u{8}", "a\\u{d}b\\u{8}");
        check("\u{202e}abc", "\\u{202e}abc");
        check("\u{9b}31m", "\\u{9b}31m");
        check("a\u{200b}b", "a\\u{200b}b");
        assert_eq!(harmless_lines("a\nb\u{7}"), "a\nb\\u{7}");
    }

    #[test]
    fn sizes_and_durations_read_like_the_pipeline_file() {
        let check = |value, text: &str| assert_eq!(bytes(value), text);
        check(12, "12 bytes");
        check(512 << 20, "512 MiB");
        check((1 << 30) + (1 << 29), "1.5 GiB");
        let check = |value, text: &str| assert_eq!(duration(value), text);
        check(Duration::from_secs(1_200), "20m");
        check(Duration::from_secs(120), "2m");
        check(Duration::from_secs(90), "90s");
        check(Duration::from_millis(500), "500ms");
    }

    #[test]
    fn commands_of_ci_systems_are_defused() {
        belljar_cases::case!("G02");
        let check = |text: &str, clean: &str| assert_eq!(no_command(text), clean);
        check("a::b", "a::b");
        check("::set-output name=a::b", "> ::set-output name=a::b");
        check(" \t::error::x", ">  \t::error::x");
        check("x ##[command]y", "x #\\#[command]y");
        check("##vso[task.setvariable]x", "#\\#vso[task.setvariable]x");
        check("##teamcity[buildStop]", "#\\#teamcity[buildStop]");
        check("x##VSO[a]##vso[b]", "x#\\#VSO[a]#\\#vso[b]");
        check("ü##TeamCity[x]###[y]", "ü#\\#TeamCity[x]##\\#[y]");
    }

    #[test]
    fn a_long_text_is_shown_in_parts() {
        belljar_cases::case!("G06");
        assert_eq!(short("short"), "short");
        let long = format!("a{}z", "ü".repeat(1_000));
        let shown = short(&long);
        assert_eq!(shown.chars().count(), SHOWN);
        assert!(shown.starts_with('a') && shown.contains('…') && shown.ends_with('z'));
    }
}
