//! One command of the configuration: which tool it needs, and how it is named to people.

use belljar_sdk::Command;

use crate::config::Line;

/// The tool that runs scripts.
const SHELL: &str = "sh";

/// How many letters of a command a message shows.
const SHOWN: usize = 60;

impl Line {
    /// Returns the name of the tool that it runs; empty if it names none.
    pub fn tool(&self) -> &str {
        match self {
            Self::Words(words) => words.first().map_or("", String::as_str),
            Self::Script(_) => SHELL,
        }
    }

    /// Returns the place of the tool's name in the configuration, for a line at `pointer`.
    pub(crate) fn place_of_tool(&self, pointer: &str) -> String {
        match self {
            Self::Words(words) if !words.is_empty() => format!("{pointer}/0"),
            _ => pointer.to_owned(),
        }
    }

    /// Returns why it cannot be run, if so.
    pub(crate) fn problem(&self, granted: &[String]) -> Option<String> {
        let tool = self.tool();
        let is_empty = match self {
            Self::Words(_) => tool.is_empty(),
            Self::Script(script) => script.trim().is_empty(),
        };
        if is_empty {
            return Some("names no command".to_owned());
        }
        if granted.iter().any(|name| name == tool) {
            return None;
        }
        let all: Vec<String> = granted
            .iter()
            .map(String::as_str)
            .chain([tool])
            .map(|name| format!("{name:?}"))
            .collect();
        let line = format!("grants.tools = [{}]", all.join(", "));
        Some(match self {
            Self::Words(_) => {
                format!("the tool `{tool}` is not granted to the step: give it `{line}`")
            }
            Self::Script(_) => format!(
                "a text is run by the tool `{tool}`, which is not granted to the step: give it \
                 `{line}`, or write the command as a list"
            ),
        })
    }

    /// Returns the command, without what all commands of a step share.
    pub(crate) fn command(&self) -> Command {
        match self {
            Self::Words(words) => Command::new(self.tool()).args(words.iter().skip(1).cloned()),
            // Without `-e`, a script passes although one of its commands failed.
            Self::Script(script) => Command::new(SHELL).args(["-e", "-c"]).arg(script.clone()),
        }
    }

    /// Returns a short form of it for people, on one line.
    pub(crate) fn shown(&self) -> String {
        let whole = match self {
            Self::Words(words) => words.join(" "),
            Self::Script(script) => script.trim().to_owned(),
        };
        let first = whole.lines().next().unwrap_or_default();
        let short: String = first.chars().take(SHOWN).collect();
        let end = if short.len() < whole.len() { "…" } else { "" };
        format!("`{short}{end}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_on_one_short_line() {
        let check = |line: Line, shown: &str| assert_eq!(line.shown(), shown);
        let words = |words: &[&str]| Line::Words(words.iter().map(|&word| word.into()).collect());
        check(words(&["cargo", "fmt", "--check"]), "`cargo fmt --check`");
        check(words(&["cc", "a\nb"]), "`cc a…`");
        check(Line::Script("\n  make\n  make install\n".into()), "`make…`");
        check(Line::Script("é".repeat(61)), &format!("`{}…`", "é".repeat(60)));
        check(Line::Script("é".repeat(60)), &format!("`{}`", "é".repeat(60)));
    }
}
