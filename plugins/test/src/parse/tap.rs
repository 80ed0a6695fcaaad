//! The Test Anything Protocol, versions 13 and 14.

use belljar_sdk::{TestCase, TestStatus};

use super::{Parsed, Unreadable, is_bad, looks, message, micros};

const EXPECTED: &str = "TAP (`1..2`, `ok 1 - name`, `not ok 2 - name`)";
/// How many columns a subtest is indented by.
const INDENT: usize = 4;
/// How deep subtests are told apart.
const DEPTH: usize = 32;

/// One level of subtests, while it is read.
#[derive(Debug, Default)]
struct Level {
    /// The tests so far. What lies within a test stands before it, at the next level.
    cases: Vec<TestCase>,
    planned: Option<usize>,
    seen: usize,
}

/// The diagnostics below a test.
#[derive(Debug)]
struct Block {
    indent: usize,
    lines: Vec<String>,
}

/// Reads results. Lines that are no TAP are skipped, as the protocol says.
///
/// # Errors
/// When there is neither a test nor a plan.
pub(crate) fn parse(text: &str) -> Result<Parsed, Unreadable> {
    let mut reading = Reading { levels: vec![Level::default()], ..Reading::default() };
    for line in text.lines() {
        reading.line(line);
    }
    reading.end_block();
    reading.close(0);
    let Reading { mut levels, mut doubts, is_bailed, .. } = reading;
    let Level { cases, planned, seen } = levels.pop().unwrap_or_default();
    if cases.is_empty() && planned.is_none() && !is_bailed {
        return Err(Unreadable { expected: EXPECTED, found: looks(text) });
    }
    if let Some(planned) = planned.filter(|planned| *planned != seen) {
        doubts.push(format!("{planned} tests were planned, and {seen} were run"));
    }
    Ok(Parsed { cases, doubts })
}

#[derive(Debug, Default)]
struct Reading {
    levels: Vec<Level>,
    block: Option<Block>,
    doubts: Vec<String>,
    is_bailed: bool,
}

impl Reading {
    fn line(&mut self, line: &str) {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if let Some(block) = &mut self.block {
            if indent == block.indent && content.trim_end() == "..." {
                self.end_block();
            } else {
                let from = line.len().min(block.indent);
                let rest = line.get(from..).unwrap_or(content);
                block.lines.push(rest.to_owned());
            }
            return;
        }
        let depth = (indent / INDENT).min(DEPTH);
        if content.trim_end() == "---" && self.levels.last().is_some_and(|at| !at.cases.is_empty())
        {
            self.block = Some(Block { indent, lines: Vec::new() });
        } else if let Some(reason) = content.strip_prefix("Bail out!") {
            self.is_bailed = true;
            self.doubts.push(format!("the run bailed out: {}", reason.trim()));
        } else if let Some(planned) = plan(content) {
            self.open(depth);
            if let Some(level) = self.levels.last_mut() {
                level.planned = Some(planned);
            }
        } else if let Some(case) = test(content) {
            self.open(depth);
            self.add(case, depth);
        }
    }

    /// Makes `depth` the last level but for those within the test to come.
    fn open(&mut self, depth: usize) {
        while self.levels.len() <= depth {
            self.levels.push(Level::default());
        }
    }

    fn add(&mut self, case: TestCase, depth: usize) {
        let inner = self.close(depth);
        let Some(level) = self.levels.last_mut() else { return };
        level.seen += 1;
        let explains = inner.iter().any(|case| is_bad(case.status));
        let is_leaf = inner.is_empty();
        for mut inner in inner {
            inner.suite = match inner.suite.as_str() {
                "" => case.name.clone(),
                suite => format!("{} > {suite}", case.name),
            };
            level.cases.push(inner);
        }
        if is_leaf || (is_bad(case.status) && !explains) {
            level.cases.push(case);
        }
    }

    /// Ends the levels below `depth`, and returns their tests.
    fn close(&mut self, depth: usize) -> Vec<TestCase> {
        let mut cases = Vec::new();
        while self.levels.len() > depth + 1 {
            let Some(level) = self.levels.pop() else { break };
            let later = std::mem::replace(&mut cases, level.cases);
            cases.extend(later);
        }
        if depth == 0 && !cases.is_empty() && self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        cases
    }

    /// Gives the diagnostics to the test that they stand below.
    fn end_block(&mut self) {
        let Some(block) = self.block.take() else { return };
        let Some(case) = self.levels.last_mut().and_then(|level| level.cases.last_mut()) else {
            return;
        };
        let duration = |line: &String| line.strip_prefix("duration_ms:")?.trim().parse().ok();
        case.duration_us = block.lines.iter().find_map(duration).map_or(0, |ms| micros(ms, 1000.0));
        if case.status != TestStatus::Passed && case.message.is_empty() {
            let said = block.lines.iter().filter(|line| !line.starts_with("duration_ms:"));
            let said: Vec<&str> = said.map(String::as_str).collect();
            case.message = message(&said.join("\n"));
        }
    }
}

/// `1..4` → 4
fn plan(content: &str) -> Option<usize> {
    let rest = content.strip_prefix("1..")?;
    rest.split([' ', '#']).next()?.trim().parse().ok()
}

/// `not ok 2 - name # TODO later` → a test
fn test(content: &str) -> Option<TestCase> {
    let (is_ok, rest) = match content.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, content.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let rest = rest.trim();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    let (name, directive) = split_directive(rest).unwrap_or((rest, ""));
    let word = directive.get(..4).map(str::to_ascii_lowercase).unwrap_or_default();
    let status = match (word.as_str(), is_ok) {
        ("skip", _) | ("todo", false) => TestStatus::Skipped,
        (_, true) => TestStatus::Passed,
        (_, false) => TestStatus::Failed,
    };
    let name = match name.trim() {
        "" if number.is_empty() => "(unnamed)".to_owned(),
        "" => format!("test {number}"),
        name => name.replace("\\#", "#"),
    };
    let said = if status == TestStatus::Skipped { directive } else { "" };
    Some(TestCase::new("", name, status).message(said))
}

/// Splits at the first `#` that is not escaped and begins a directive.
fn split_directive(text: &str) -> Option<(&str, &str)> {
    text.match_indices('#').find_map(|(at, _)| {
        let directive = text[at + 1..].trim();
        let word = directive.get(..4)?.to_ascii_lowercase();
        let is_escaped = text[..at].ends_with('\\');
        (matches!(word.as_str(), "skip" | "todo") && !is_escaped)
            .then_some((&text[..at], directive))
    })
}

#[cfg(test)]
mod tests {
    use TestStatus::{Failed, Passed, Skipped};

    use super::*;
    use crate::parse::rows;

    #[test]
    fn what_node_prints_is_read_with_its_subtests() {
        let parsed = parse(include_str!("../../samples/node.tap")).unwrap();
        assert_eq!(
            rows(&parsed),
            [
                ("", "ok", Passed),
                ("", "bad", Failed),
                ("", "skipped", Skipped),
                ("", "todo", Passed),
                ("group", "inner ok", Passed),
                ("group", "inner bad", Failed),
                ("with sub", "sub", Passed),
            ]
        );
        assert_eq!(parsed.doubts, [] as [&str; 0]);
        assert!(parsed.cases[1].message.contains("1 !== 2"), "{}", parsed.cases[1].message);
        assert!(parsed.cases[1].duration_us > 0);
    }

    #[test]
    fn directives_names_and_numbers_are_read() {
        let text = "TAP version 14\n1..6\nok\nnot ok 2\nok 3 - a \\# b # skip no disk\n\
            not ok 4 issue #12 # TODO later\nokay then\nok 5 fine\nnot ok 6 - x # see # 7\n";
        let parsed = parse(text).unwrap();
        assert_eq!(
            rows(&parsed),
            [
                ("", "(unnamed)", Passed),
                ("", "test 2", Failed),
                ("", "a # b", Skipped),
                ("", "issue #12", Skipped),
                ("", "fine", Passed),
                ("", "x # see # 7", Failed),
            ]
        );
        assert_eq!(parsed.cases[2].message, "skip no disk");
        assert!(parsed.doubts.is_empty(), "{:?}", parsed.doubts);
    }

    #[test]
    fn a_plan_that_was_not_kept_and_a_bail_out_are_doubted() {
        let check = |text: &str, doubt: &str| assert_eq!(parse(text).unwrap().doubts, [doubt]);
        check("1..3\nok 1\nok 2\n", "3 tests were planned, and 2 were run");
        check("ok 1\nBail out! no disk\n", "the run bailed out: no disk");
        assert_eq!(parse("1..0 # skip all").unwrap(), Parsed::default());
    }

    #[test]
    fn a_parent_that_fails_by_itself_is_reported() {
        let parsed = parse("    ok 1 - in\n    1..1\nnot ok 1 - out\n1..1\n").unwrap();
        assert_eq!(rows(&parsed), [("out", "in", Passed), ("", "out", Failed)]);
    }

    #[test]
    fn what_is_no_tap_says_what_was_expected() {
        let error = parse("running 1 test\n").unwrap_err().to_string();
        assert!(error.starts_with("expected TAP") && error.contains("running 1 test"), "{error}");
    }
}
