//! Text that comes from outside and reaches a terminal or a CI system: made harmless.

use std::fmt::Write as _;

/// What other systems take for a command wherever it stands in a line.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// The text with visible escapes for what could move a cursor, change a terminal's state or
/// reorder what is shown. Tabs stay.
pub fn harmless(text: &str) -> String {
    if !text.contains(is_harmful) {
        return text.to_owned();
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_harmful(letter) {
            let _ = write!(clean, "{}", letter.escape_unicode());
        } else {
            clean.push(letter);
        }
    }
    clean
}

/// A line that no CI system takes for a command: one that begins like a command gets `> ` in
/// front, and marks that count anywhere in a line are broken by a backslash.
pub fn no_command(line: &str) -> String {
    let begins = line.trim_start().starts_with("::");
    let mut line = if begins { format!("> {line}") } else { line.to_owned() };
    for command in COMMANDS {
        if line.contains(command) {
            line = line.replace(command, &format!("#\\{}", &command[1..]));
        }
    }
    line
}

fn is_harmful(letter: char) -> bool {
    let reorders = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(letter, '\u{2028}' | '\u{2029}');
    (letter.is_control() && letter != '\t') || reorders || breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_tabs_stay() {
        let check = |text: &str, clean: &str| assert_eq!(harmless(text), clean);
        check("a\tb", "a\tb");
        check("\u{1b}[2J", "\\u{1b}[2J");
        check("a\rb\u{8}", "a\\u{d}b\\u{8}");
        check("\u{202e}abc", "\\u{202e}abc");
    }

    #[test]
    fn commands_of_ci_systems_are_defused() {
        let check = |text: &str, clean: &str| assert_eq!(no_command(text), clean);
        check("a::b", "a::b");
        check("::set-output name=a::b", "> ::set-output name=a::b");
        check(" \t::error::x", ">  \t::error::x");
        check("x ##[command]y", "x #\\#[command]y");
        check("##vso[task.setvariable]x", "#\\#vso[task.setvariable]x");
        check("##teamcity[buildStop]", "#\\#teamcity[buildStop]");
    }
}
