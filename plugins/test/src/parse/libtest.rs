//! The lines that Rust's own test harness prints, and what `cargo test` says around them.

use belljar_sdk::{Span, TestCase, TestStatus};

use super::{Parsed, Unreadable, looks, message};

const EXPECTED: &str = "the lines of Rust's test harness (`running 2 tests`, `test a::b ... ok`)";

/// What the harness adds to a name that does not belong to it.
const SUFFIXES: [&str; 3] = [" - should panic", " - compile fail", " - compile"];

/// What one test binary printed.
#[derive(Debug, Default)]
struct Block {
    announced: usize,
    cases: Vec<TestCase>,
    is_finished: bool,
}

/// What cargo started, as it says on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    suite: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Binary,
    Docs,
}

/// Reads the results of `cargo test`, or, if standard error does not look like cargo's, of any
/// program that prints such lines. The suite is the name of the test binary, if it can be known.
///
/// # Errors
/// When there is no such line at all, and cargo did not start a test either.
pub(crate) fn parse(stdout: &str, stderr: &str) -> Result<Parsed, Unreadable> {
    let blocks = blocks(stdout);
    let units = units(stderr);
    if blocks.is_empty() && units.is_empty() {
        return Err(Unreadable { expected: EXPECTED, found: looks(stdout) });
    }
    let suites = suites(&blocks, &units);
    let mut parsed = Parsed::default();
    for (block, suite) in blocks.into_iter().zip(suites) {
        let (found, announced) = (block.cases.len(), block.announced);
        if !block.is_finished {
            parsed.doubts.push(format!("a test binary{} did not finish", of(&suite)));
        } else if found != announced {
            let of = of(&suite);
            let doubt = format!("{announced} tests{of} ran, but {found} results are in the output");
            parsed.doubts.push(doubt);
        }
        parsed
            .cases
            .extend(block.cases.into_iter().map(|case| TestCase { suite: suite.clone(), ..case }));
    }
    Ok(parsed)
}

/// The binaries that cargo says have failed, by the arguments that select them, each with the
/// reason if it is not that a test failed.
pub(crate) fn failed_binaries(stderr: &str) -> Vec<(String, String)> {
    let mut failed: Vec<(String, String)> = Vec::new();
    let mut lines = stderr.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(at) = line.find("to rerun pass `") else { continue };
        let selection = line[at..].split('`').nth(1).unwrap_or_default().to_owned();
        let mut reason = Vec::new();
        let is_reason = |line: &&str| {
            line.is_empty()
                || *line == "Caused by:"
                || (line.starts_with("  ") && unit(line.trim_start()).is_none())
        };
        while let Some(next) = lines.next_if(is_reason) {
            reason.extend(Some(next.trim()).filter(|text| !matches!(*text, "" | "Caused by:")));
        }
        failed.push((selection, reason.join("\n")));
    }
    failed
}

fn of(suite: &str) -> String {
    if suite.is_empty() { String::new() } else { format!(" of `{suite}`") }
}

fn blocks(stdout: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut pending: Option<String> = None;
    let mut details = Details::default();
    for line in stdout.lines() {
        if let Some(announced) = announced(line) {
            details.give(&mut blocks);
            pending = None;
            blocks.push(Block { announced, ..Block::default() });
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if line.starts_with("test result: ") {
            block.is_finished = true;
            details.give(&mut blocks);
        } else if details.take(line) || block.is_finished {
            // What follows the results, or belongs to a test that failed.
        } else if let Some((name, rest)) = test_line(line) {
            match status(rest) {
                Some(status) => block.cases.push(case(name, status, rest)),
                None => pending = Some(name.to_owned()),
            }
        } else if let Some(status) = status(line)
            && let Some(name) = pending.take()
        {
            block.cases.push(case(&name, status, line));
        }
    }
    details.give(&mut blocks);
    blocks
}

/// `running 2 tests` → 2
fn announced(line: &str) -> Option<usize> {
    let (count, rest) = line.strip_prefix("running ")?.split_once(' ')?;
    matches!(rest, "test" | "tests").then(|| count.parse().ok())?
}

/// `test a::b ... ok` → `a::b`, `ok`
fn test_line(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("test ")?.rsplit_once(" ... ").or_else(|| {
        // A test that prints before it ends leaves its name alone on the line.
        let name = line.strip_prefix("test ")?.strip_suffix(" ...")?;
        Some((name, ""))
    })
}

fn status(text: &str) -> Option<TestStatus> {
    let word = text.split([' ', ',', ':']).next()?;
    match word {
        "ok" | "bench" => Some(TestStatus::Passed),
        "FAILED" => Some(TestStatus::Failed),
        "ignored" => Some(TestStatus::Skipped),
        _ => None,
    }
}

fn case(name: &str, status: TestStatus, rest: &str) -> TestCase {
    let name = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let mut case = TestCase::new("", name, status);
    case.at = doc_place(name);
    if status == TestStatus::Skipped {
        case = case.message(rest.strip_prefix("ignored, ").unwrap_or_default());
    }
    case.duration_us = duration(rest).unwrap_or(0);
    case
}

/// `ok <0.012s>` → 12000, which only `--report-time` prints.
fn duration(rest: &str) -> Option<u64> {
    let seconds = rest.split_once('<')?.1.split_once("s>")?.0.parse().ok()?;
    Some(super::micros(seconds, 1.0))
}

/// `src/lib.rs - item (line 12)` → its place.
fn doc_place(name: &str) -> Option<Span> {
    let (file, rest) = name.split_once(" - ")?;
    let line = rest.rsplit_once("(line ")?.1.strip_suffix(')')?.parse().ok()?;
    Some(Span::point(file, line, 1))
}

/// What failed tests printed, between `failures:` and the list of their names.
#[derive(Default)]
struct Details {
    is_open: bool,
    said: Vec<(String, Vec<String>)>,
}

impl Details {
    /// Takes a line that belongs here.
    fn take(&mut self, line: &str) -> bool {
        if line == "failures:" {
            // The second such line opens the list of names, which holds nothing new.
            self.is_open = true;
            self.said.push((String::new(), Vec::new()));
            return true;
        }
        let heading = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(name) = heading.and_then(|rest| rest.strip_suffix(" stdout"))
            && self.is_open
        {
            self.said.push((name.to_owned(), Vec::new()));
        } else if let Some((_, lines)) = self.said.last_mut() {
            lines.push(line.to_owned());
        }
        self.is_open
    }

    /// Gives what was said to the tests of the last block.
    fn give(&mut self, blocks: &mut [Block]) {
        self.is_open = false;
        let said = std::mem::take(&mut self.said);
        let Some(block) = blocks.last_mut() else { return };
        for (name, lines) in said {
            let plain = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
            let name = plain.unwrap_or(&name);
            if let Some(case) = block.cases.iter_mut().find(|case| case.name == name) {
                let end = lines.iter().position(|line| line == "stack backtrace:");
                case.message = message(&lines[..end.unwrap_or(lines.len())].join("\n"));
            }
        }
    }
}

fn units(stderr: &str) -> Vec<Unit> {
    stderr.lines().filter_map(|line| unit(line.trim_start())).collect()
}

/// `Running unittests src/lib.rs (target/debug/deps/a-0123456789abcdef)` → `a`
/// `Doc-tests a` → `a (doc)`
fn unit(line: &str) -> Option<Unit> {
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(Unit { suite: format!("{name} (doc)"), kind: Kind::Docs });
    }
    let (what, binary) = line.strip_prefix("Running ")?.split_once(" (")?;
    let stem = binary.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    let stem = stem.strip_suffix(".exe").unwrap_or(stem);
    let name = stem.rsplit_once('-').map_or(stem, |(name, _)| name);
    let suite = match what.strip_prefix("unittests ") {
        Some(source) if source.ends_with("src/main.rs") || source.contains("src/bin/") => {
            format!("{name} (bin)")
        }
        _ => name.to_owned(),
    };
    Some(Unit { suite, kind: Kind::Binary })
}

/// The suite of each block, in order. Binaries without the harness print no block, and doc
/// tests of one package may print several: what cannot be told apart has no name.
fn suites(blocks: &[Block], units: &[Unit]) -> Vec<String> {
    let of = |kind| -> Vec<String> {
        units.iter().filter(|unit| unit.kind == kind).map(|unit| unit.suite.clone()).collect()
    };
    let (binaries, docs) = (of(Kind::Binary), of(Kind::Docs));
    if blocks.len() == units.len() {
        return units.iter().map(|unit| unit.suite.clone()).collect();
    }
    let is_docs = |block: &Block| block.cases.iter().any(|case| case.at.is_some());
    if let [docs] = docs.as_slice()
        && blocks.len() > binaries.len()
        && !blocks[..binaries.len()].iter().any(is_docs)
    {
        let more = blocks.len() - binaries.len();
        return binaries.into_iter().chain(std::iter::repeat_n(docs.clone(), more)).collect();
    }
    blocks
        .iter()
        .map(|block| if is_docs(block) { "(doc)".to_owned() } else { String::new() })
        .collect()
}

#[cfg(test)]
mod tests {
    use TestStatus::{Failed, Passed, Skipped};

    use super::*;
    use crate::parse::rows;

    #[test]
    fn what_cargo_prints_is_read_with_its_suites_and_failures() {
        let stdout = include_str!("../../samples/cargo.stdout");
        let stderr = include_str!("../../samples/cargo.stderr");
        let parsed = parse(stdout, stderr).unwrap();
        assert_eq!(
            rows(&parsed),
            [
                ("a", "tests::ign", Skipped),
                ("a", "tests::ok", Passed),
                ("a", "tests::bad", Failed),
                ("a", "tests::sp", Passed),
                ("a (doc)", "a/src/lib.rs - doc (line 2)", Passed),
            ]
        );
        assert_eq!(parsed.doubts, [] as [&str; 0]);
        assert_eq!(parsed.cases[0].message, "slow");
        let message = &parsed.cases[2].message;
        assert!(message.starts_with("hello out\n\nthread 'tests::bad'"), "{message}");
        assert!(message.contains("assertion `left == right` failed: numbers"), "{message}");
        assert!(!message.contains("test result"), "{message}");
        assert_eq!(parsed.cases[4].at, Some(Span::point("a/src/lib.rs", 2, 1)));
        assert_eq!(failed_binaries(stderr), [("-p a --lib".to_owned(), String::new())]);
    }

    #[test]
    fn a_backtrace_is_left_out() {
        let text = "running 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a stdout ----\nwhy\n\
            stack backtrace:\n   0: main\n\n\nfailures:\n    a\n\ntest result: FAILED. 0 passed\n";
        assert_eq!(parse(text, "").unwrap().cases[0].message, "why");
    }

    #[test]
    fn output_between_a_name_and_its_result_does_not_hide_it() {
        let text = "running 3 tests\ntest a ... printed\nok\ntest b ... \nFAILED\ntest c ... ok\n\
            test result: FAILED. 2 passed; 1 failed;";
        let parsed = parse(text, "").unwrap();
        assert_eq!(rows(&parsed), [("", "a", Passed), ("", "b", Failed), ("", "c", Passed)]);
        assert!(parsed.doubts.is_empty(), "{:?}", parsed.doubts);
    }

    #[test]
    fn results_that_are_missing_are_doubted() {
        let check = |stdout: &str, doubt: &str| {
            let stderr = "     Running tests/x.rs (target/debug/deps/x-0a)\n";
            assert_eq!(parse(stdout, stderr).unwrap().doubts, [doubt]);
        };
        check("running 2 tests\ntest a ... ok\n", "a test binary of `x` did not finish");
        check(
            "running 2 tests\n..\ntest result: ok. 2 passed;",
            "2 tests of `x` ran, but 0 results are in the output",
        );
    }

    #[test]
    fn a_binary_that_died_is_named_with_the_reason() {
        let stderr = "     Running unittests src/lib.rs (target/debug/deps/a-0a)\n\
            error: test failed, to rerun pass `-p a --lib`\n\nCaused by:\n  \
            process didn't exit successfully: `deps/a-0a` (signal: 6, SIGABRT)\n   Doc-tests a\n";
        let reason = "process didn't exit successfully: `deps/a-0a` (signal: 6, SIGABRT)";
        assert_eq!(failed_binaries(stderr), [("-p a --lib".to_owned(), reason.to_owned())]);
    }

    #[test]
    fn suites_are_named_as_far_as_they_can_be_told_apart() {
        let check = |stdout: &[&str], stderr: &[&str], expected: &[&str]| {
            let blocks = blocks(&stdout.join("\n"));
            let suites = suites(&blocks, &units(&stderr.join("\n")));
            assert_eq!(suites, expected, "{stdout:?}");
        };
        let unit = "running 1 test\ntest a ... ok\ntest result: ok";
        let doc = "running 1 test\ntest a.rs - x (line 3) ... ok\ntest result: ok";
        let lib = "Running unittests src/lib.rs (t/my_lib-0a)";
        let bin = "Running unittests src/bin/x.rs (t/x-0a)";
        let test = "Running tests/it.rs (t/it-0a)";
        let docs = "Doc-tests my_lib";
        check(&[unit, unit, unit], &[lib, bin, test], &["my_lib", "x (bin)", "it"]);
        check(&[unit, doc, doc], &[lib, docs], &["my_lib", "my_lib (doc)", "my_lib (doc)"]);
        check(&[unit, doc], &[lib, test, docs], &["", "(doc)"]);
        check(&[unit], &[], &[""]);
    }

    #[test]
    fn what_are_no_such_lines_says_what_was_expected() {
        let error = parse("<testsuites/>", "").unwrap_err().to_string();
        assert!(error.contains("running 2 tests") && error.contains("<testsuites/>"), "{error}");
        let none = parse("", "     Running tests/x.rs (target/x-0a)\n").unwrap();
        assert_eq!(none, Parsed::default(), "a binary without the harness has no cases");
    }
}
