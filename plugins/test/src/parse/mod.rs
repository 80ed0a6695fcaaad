//! From what a runner wrote to test cases: one file per format.
//!
//! **Invariant:** no text, however cut off or malformed, makes a parser panic.

pub(crate) mod go;
pub(crate) mod junit;
pub(crate) mod libtest;
pub(crate) mod tap;

use belljar_sdk::{TestCase, TestStatus};

/// The longest message that is kept of one test, in bytes.
const MESSAGE: usize = 32 << 10;

/// The name of a case that stands for a test binary that died.
pub(crate) const BINARY: &str = "(binary)";
/// The name of a case that stands for a package that failed without a test.
pub(crate) const PACKAGE: &str = "(package)";
/// The names of cases that are no tests, and cannot be chosen by name.
pub(crate) const NOT_A_TEST: [&str; 2] = [BINARY, PACKAGE];

/// What was found in a runner's results.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Parsed {
    /// The test cases, in the order of the results.
    pub(crate) cases: Vec<TestCase>,
    /// What contradicts itself in the results, one sentence each.
    pub(crate) doubts: Vec<String>,
}

/// The results are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// What was expected, with an example of it.
    pub(crate) expected: &'static str,
    /// What is wrong.
    pub(crate) found: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {}, but {}", self.expected, self.found)
    }
}

/// Whether a test of this status makes a step fail.
pub(crate) const fn is_bad(status: TestStatus) -> bool {
    matches!(status, TestStatus::Failed | TestStatus::Errored)
}

/// Microseconds of a duration, of which there are `per_second` units in a second. What is no
/// duration is 0, as an unknown one.
pub(crate) fn micros(value: f64, per_second: f64) -> u64 {
    let micros = value / per_second * 1e6;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and gives 0 for what is negative or not a number"
    )]
    let micros = micros.round() as u64;
    micros
}

/// A message as it is kept: without the space around it, and not endless.
pub(crate) fn message(text: &str) -> String {
    let text = text.trim_matches(['\n', '\r', ' ', '\t']);
    if text.len() <= MESSAGE {
        return text.to_owned();
    }
    let end = (0..=MESSAGE).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}\n… {} more bytes", &text[..end], text.len() - end)
}

/// What an output looks like, for a message about it: its first line, and whether there is any.
pub(crate) fn looks(text: &str) -> String {
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        None => "it is empty".to_owned(),
        Some(line) => format!("it begins with `{}`", line.chars().take(80).collect::<String>()),
    }
}

/// Suite, name and status of each case, for tests of the parsers.
#[cfg(test)]
fn rows(parsed: &Parsed) -> Vec<(&str, &str, TestStatus)> {
    parsed.cases.iter().map(|case| (&*case.suite, &*case.name, case.status)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_microseconds_and_nonsense_is_unknown() {
        assert_eq!(micros(0.001_065, 1.0), 1065);
        assert_eq!(micros(1.5, 1000.0), 1500);
        assert_eq!((micros(-1.0, 1.0), micros(f64::NAN, 1.0)), (0, 0));
        assert_eq!(micros(f64::INFINITY, 1.0), u64::MAX);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let long = message(&"ä".repeat(MESSAGE));
        assert!(long.ends_with(" more bytes") && long.len() < MESSAGE + 40, "{}", long.len());
        assert_eq!(message("\n  a\n b \n"), "a\n b");
    }

    /// Feeds a text to every parser.
    fn feed(text: &str) {
        let _ignored = (junit::parse(text), tap::parse(text), go::parse(text));
        let _ignored = libtest::parse(text, text);
    }

    const SAMPLES: &[&str] = &[
        include_str!("../../samples/cargo.stdout"),
        include_str!("../../samples/cargo.stderr"),
        include_str!("../../samples/node.xml"),
        include_str!("../../samples/node.tap"),
        include_str!("../../samples/pytest.xml"),
        include_str!("../../samples/go.json"),
    ];

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC*") {
            feed(&text);
        }

        #[test]
        fn no_cut_or_damaged_sample_makes_a_parser_panic(
            sample in 0..SAMPLES.len(), from in 0..9000_usize, to in 0..9000_usize, add in "\\PC{0,3}"
        ) {
            let text = SAMPLES[sample];
            let at = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
            let (from, to) = (at(from).unwrap_or(0), at(to).unwrap_or(0));
            feed(&text[..to]);
            feed(&text[from..]);
            feed(&format!("{}{add}{}", &text[..from], &text[to..]));
        }

        #[test]
        fn lines_in_any_order_make_no_parser_panic(
            sample in 0..SAMPLES.len(), order in proptest::collection::vec(0..200_usize, 0..60)
        ) {
            let lines: Vec<&str> = SAMPLES[sample].lines().collect();
            let text: Vec<&str> = order.iter().map(|at| lines[at % lines.len()]).collect();
            feed(&text.join("\n"));
        }
    }
}
