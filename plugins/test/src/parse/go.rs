//! The events of `go test -json`, one JSON object on each line.

use std::collections::BTreeMap;

use belljar_sdk::{TestCase, TestStatus, serde_json};
use serde::Deserialize;

use super::{PACKAGE, Parsed, Unreadable, is_bad, looks, message, micros};

const EXPECTED: &str = "the events of `go test -json` (`{\"Action\":\"run\",\"Package\":\"p\",…}`)";

/// One event. What is not named here is of no use.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Event {
    action: String,
    package: String,
    test: String,
    elapsed: f64,
    output: String,
    import_path: String,
}

/// What is known of a test, or, under an empty name, of a package.
#[derive(Debug, Default)]
struct Known {
    output: String,
    end: Option<(TestStatus, u64)>,
}

/// Reads the events. Lines that are none are skipped: the compiler prints between them.
///
/// # Errors
/// When there is no event at all.
pub(crate) fn parse(stdout: &str) -> Result<Parsed, Unreadable> {
    let mut known: BTreeMap<(String, String), Known> = BTreeMap::new();
    let mut order: Vec<(String, String)> = Vec::new();
    let events = stdout.lines().filter_map(|line| serde_json::from_str::<Event>(line.trim()).ok());
    for event in events.filter(|event| !event.action.is_empty()) {
        let package = if event.package.is_empty() { event.import_path } else { event.package };
        // The compiler says `p [p.test]` for the test variant of a package.
        let package = package.split(" [").next().unwrap_or_default().to_owned();
        let key = (package, event.test);
        if !known.contains_key(&key) {
            order.push(key.clone());
        }
        let known = known.entry(key).or_default();
        let end = match event.action.as_str() {
            "pass" | "bench" => TestStatus::Passed,
            "fail" => TestStatus::Failed,
            "skip" => TestStatus::Skipped,
            "output" | "build-output" => {
                known.output.push_str(&event.output);
                continue;
            }
            _ => continue,
        };
        known.end = Some((end, micros(event.elapsed, 1.0)));
    }
    if order.is_empty() {
        return Err(Unreadable { expected: EXPECTED, found: looks(stdout) });
    }
    Ok(report(&order, &known))
}

/// Tests that hold others are reported only when they fail by themselves, and packages as well.
fn report(order: &[(String, String)], known: &BTreeMap<(String, String), Known>) -> Parsed {
    let ends_badly = |known: &Known| known.end.is_none_or(|(status, _)| is_bad(status));
    let mut parsed = Parsed::default();
    for key @ (package, test) in order {
        let Some(this) = known.get(key) else { continue };
        let within = |name: &str| {
            if test.is_empty() {
                !name.is_empty()
            } else {
                name.strip_prefix(test.as_str()).is_some_and(|rest| rest.starts_with('/'))
            }
        };
        let first = (package.clone(), test.clone());
        let mut inner = known
            .range(first..)
            .take_while(|((other, name), _)| other == package && name.starts_with(test.as_str()))
            .filter(|((_, name), _)| within(name))
            .map(|(_, known)| known)
            .peekable();
        let holds_others = inner.peek().is_some();
        let explained = inner.any(ends_badly);
        let is_package = test.is_empty();
        if (is_package || holds_others) && (explained || !ends_badly(this)) {
            continue;
        }
        if is_package && this.end.is_none() {
            parsed.doubts.push(format!("package `{package}` did not finish"));
            continue;
        }
        parsed.cases.push(case(package, test, this));
    }
    parsed
}

fn case(package: &str, test: &str, known: &Known) -> TestCase {
    let name = if test.is_empty() { PACKAGE } else { test };
    let (status, duration) = match known.end {
        Some((TestStatus::Failed, duration)) if test.is_empty() => (TestStatus::Errored, duration),
        Some(end) => end,
        None => (TestStatus::Errored, 0),
    };
    let mut case = TestCase::new(package, name, status);
    case.duration_us = duration;
    if status != TestStatus::Passed {
        let frame = |line: &&str| {
            let line = line.trim_start();
            !["=== ", "--- FAIL", "--- SKIP"].iter().any(|frame| line.starts_with(frame))
        };
        let lines: Vec<&str> = known.output.lines().filter(frame).collect();
        case.message = message(&lines.join("\n"));
        if known.end.is_none() {
            case.message = message(&format!("the test did not end\n{}", case.message));
        }
    }
    case
}

#[cfg(test)]
mod tests {
    use TestStatus::{Errored, Failed, Passed, Skipped};

    use super::*;
    use crate::parse::rows;

    #[test]
    fn events_become_tests_and_a_test_that_holds_others_counts_once() {
        let parsed = parse(include_str!("../../samples/go.json")).unwrap();
        assert_eq!(
            rows(&parsed),
            [
                ("example.org/m/a", "TestAdd", Passed),
                ("example.org/m/a", "TestTable/two_words", Failed),
                ("example.org/m/a", "TestTable/fine", Passed),
                ("example.org/m/a", "TestLater", Skipped),
                ("example.org/m/b", "(package)", Errored),
            ]
        );
        assert_eq!(parsed.cases[0].duration_us, 10_000);
        assert_eq!(parsed.cases[1].message, "a_test.go:14: got 3, want 4");
        assert_eq!(parsed.cases[3].message, "a_test.go:20: not today");
        assert!(parsed.cases[4].message.contains("undefined: missing"), "{parsed:?}");
        assert_eq!(parsed.doubts, [] as [&str; 0]);
    }

    #[test]
    fn what_did_not_end_is_said_so() {
        let text = r#"{"Action":"run","Package":"p","Test":"TestA"}
            {"Action":"output","Package":"p","Test":"TestA","Output":"panic: no\n"}"#;
        let parsed = parse(text).unwrap();
        assert_eq!(rows(&parsed), [("p", "TestA", Errored)]);
        assert_eq!(parsed.cases[0].message, "the test did not end\npanic: no");
        let parsed = parse(r#"{"Action":"start","Package":"p"}"#).unwrap();
        assert_eq!(parsed.doubts, ["package `p` did not finish"]);
    }

    #[test]
    fn a_test_that_fails_after_its_inner_tests_passed_is_reported() {
        let event = |action: &str, test: &str| {
            format!("{{\"Action\":\"{action}\",\"Package\":\"p\",\"Test\":\"{test}\"}}\n")
        };
        let text = event("pass", "T/x") + &event("fail", "T") + &event("pass", "Tx");
        let parsed = parse(&text).unwrap();
        assert_eq!(rows(&parsed), [("p", "T/x", Passed), ("p", "T", Failed), ("p", "Tx", Passed)]);
    }

    #[test]
    fn what_are_no_events_says_what_was_expected() {
        let error = parse("ok p 0.1s\n{}").unwrap_err().to_string();
        assert!(error.contains("go test -json") && error.contains("ok p 0.1s"), "{error}");
    }
}
