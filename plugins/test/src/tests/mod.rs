//! The plugin as a whole: from the project's files to commands, and from results to a verdict.

mod commands;
mod real_cargo;
mod shards;

use belljar_sdk::TestStatus::{Errored, Failed, Passed, Skipped};
use belljar_sdk::serde_json::Value;
use belljar_sdk::{TestCase, TestStatus};
use belljar_sdk_testing::{Ran, Run, ToolAnswer, ToolCall, json};

use crate::{Config, run};

const RESULTS: &str = ".belljar-results.xml";

fn pytest(config: Value, answer: impl Fn(&ToolCall) -> ToolAnswer + 'static) -> Ran {
    let run = Run::new(run as fn(Config, &mut _) -> _);
    let run = run.input("tests/test_a.py", "").input("tests/test_b.py", "").input("lib.py", "");
    run.tool("pytest", answer).config(config).execute()
}

fn statuses(ran: &Ran) -> Vec<(&str, TestStatus)> {
    ran.tests().iter().map(|case| (case.name.as_str(), case.status)).collect()
}

fn attr<'a>(case: &'a TestCase, key: &str) -> Option<&'a str> {
    case.attrs.iter().find(|attr| attr.key == key).map(|attr| attr.value.as_str())
}

fn message(ran: &Ran) -> &str {
    match ran.result() {
        Err(belljar_sdk::StepError::Failed(problem)) => &problem.message,
        other => panic!("the step did not fail: {other:?}"),
    }
}

/// JUnit XML of tests of one file, each with whether it passes.
fn junit(tests: &[(&str, bool)]) -> String {
    let case = |(name, passes): &(&str, bool)| {
        let inner = if *passes { "" } else { "<failure>tests/test_a.py:7: no</failure>" };
        format!(
            "<testcase classname='tests.test_a' name='{name}' file='tests/test_a.py' line='4' \
             time='0.5'>{inner}</testcase>"
        )
    };
    let cases: String = tests.iter().map(case).collect();
    format!("<testsuites><testsuite name='pytest'>{cases}</testsuite></testsuites>")
}

#[test]
fn failing_cases_come_last_with_their_place_and_are_named() {
    let text = include_str!("../../samples/pytest.xml");
    let ran =
        pytest(json!({ "runner": "pytest" }), move |_| ToolAnswer::exit(1).file(RESULTS, text));
    assert_eq!(ran.failure_code(), Some("tests-failed"));
    assert_eq!(message(&ran), "3 of 7 tests failed: test_bad, test_m[a b], test_err");
    assert_eq!(
        statuses(&ran),
        [
            ("test_ok", Passed),
            ("test_skip", Skipped),
            ("test_xf", Skipped),
            ("test_m[1]", Passed),
            ("test_bad", Failed),
            ("test_m[a b]", Failed),
            ("test_err", Errored),
        ]
    );
    let at =
        |index: usize| ran.tests()[index].at.as_ref().map(|at| (at.file.clone(), at.start_line));
    assert_eq!(at(4), Some(("tests/test_a.py".to_owned(), 6)), "where the assertion is");
    assert_eq!(at(0), Some(("tests/test_a.py".to_owned(), 2)), "where the test is");
    assert_eq!(ran.outputs().len(), 0);
}

#[test]
fn a_run_that_passes_is_summed_up() {
    let text = junit(&[("a", true), ("b", true)]);
    let config = json!({ "runner": "pytest", "shard": { "by": "file" } });
    let ran = pytest(config, move |_| ToolAnswer::exit(0).file(RESULTS, &text));
    assert_eq!(ran.outcome().summary, "4 passed in 2 shards");
    assert_eq!(ran.tests()[0].duration_us, 500_000);
    assert!(ran.log().is_empty(), "{:?}", ran.log());
}

#[test]
fn a_test_that_passes_again_is_flaky_and_only_failed_tests_run_again() {
    let config = json!({ "runner": "pytest", "retries": 2 });
    let ran = pytest(config, |call| {
        let attempt = call.command.env.iter().find(|(name, _)| name == "BELLJAR_ATTEMPT");
        let results = match attempt.map(|(_, attempt)| attempt.as_str()) {
            None => junit(&[("a", true), ("b", false), ("c", false)]),
            Some("2") => {
                assert!(call.line().ends_with("test_a.py::b tests/test_a.py::c"), "{call:?}");
                junit(&[("b", true), ("c", false)])
            }
            Some("3") => {
                assert!(call.line().ends_with(" tests/test_a.py::c"), "{call:?}");
                return ToolAnswer::exit(0).file(RESULTS, junit(&[("c", true)]));
            }
            other => panic!("{other:?}"),
        };
        ToolAnswer::exit(1).file(RESULTS, results)
    });
    assert_eq!(ran.outcome().summary, "3 passed, 2 flaky");
    let flaky = |name: &str| {
        let case = ran.tests().iter().find(|case| case.name == name).unwrap();
        (attr(case, "flaky"), attr(case, "attempts"))
    };
    assert_eq!(flaky("a"), (None, None));
    assert_eq!(flaky("b"), (Some("true"), Some("2")));
    assert_eq!(flaky("c"), (Some("true"), Some("3")));
    let warnings: Vec<&str> = ran.log().iter().map(|line| line.message.as_str()).collect();
    assert_eq!(warnings[0], "`b` of `tests.test_a` is flaky: it passed in attempt 2");
    assert_eq!(ran.commands().len(), 3);
}

#[test]
fn a_test_that_fails_in_every_attempt_fails() {
    let config = json!({ "runner": "pytest", "retries": 1 });
    let text = junit(&[("a", false)]);
    let ran = pytest(config, move |_| ToolAnswer::exit(1).file(RESULTS, &text));
    assert_eq!(message(&ran), "1 of 1 tests failed: a");
    assert_eq!(ran.tests().len(), 1);
}

#[test]
fn what_contradicts_itself_is_a_failure_with_the_reason() {
    let check = |answer: ToolAnswer, code: &str, said: &str| {
        let ran = pytest(json!({ "runner": "pytest" }), move |_| answer.clone());
        assert_eq!(ran.failure_code(), Some(code), "{said}");
        assert!(message(&ran).contains(said), "{}", message(&ran));
    };
    let passing = junit(&[("a", true)]);
    let crashed = ToolAnswer::exit(3).file(RESULTS, &passing).stderr("one\nno memory\n");
    check(crashed, "runner-failed", "ended with code 3, though no test failed:\none\nno memory");
    check(ToolAnswer::exit(4).stderr("usage\n"), "runner-failed", "ended with code 4:\nusage");
    check(ToolAnswer::exit(4), "runner-failed", "ended with code 4, and printed nothing");
    check(ToolAnswer::exit(0), "runner-failed", "expected a file of results, but the runner did");
    let cut = ToolAnswer::exit(0).file(RESULTS, &passing[..60]);
    check(cut, "runner-failed", "expected JUnit XML");
    let failing = ToolAnswer::exit(0).file(RESULTS, junit(&[("a", false)]));
    check(failing, "tests-failed", "1 of 1 tests failed: a");
    check(ToolAnswer::exit(5), "no-tests", "allow-none");
    check(ToolAnswer::exit(0).file(RESULTS, "<testsuites/>"), "no-tests", "allow-none");
}

#[test]
fn no_tests_can_be_allowed() {
    let config = json!({ "runner": "pytest", "allow-none": true, "shard": { "by": "file" } });
    let ran = pytest(config, |_| ToolAnswer::exit(5));
    assert_eq!(ran.outcome().summary, "no tests");
}

#[test]
fn each_shards_coverage_is_handed_over_and_a_missing_one_is_said() {
    let config = json!({ "runner": "pytest", "shard": { "by": "file" },
        "coverage": { "format": "cobertura", "file": "cov.xml" } });
    let ran = pytest(config, |call| {
        let answer = ToolAnswer::exit(0).file(RESULTS, junit(&[("a", true)]));
        if call.line().ends_with("test_a.py") {
            answer.file("cov.xml", "<coverage/>")
        } else {
            answer
        }
    });
    assert_eq!(ran.coverage(), [("cobertura".to_owned(), b"<coverage/>".to_vec())]);
    let warning = "the tests in shard `tests/test_b.py` wrote no coverage report `cov.xml`";
    assert_eq!(ran.log()[0].message, warning);
}

#[test]
fn a_cancelled_step_runs_nothing() {
    let run = Run::new(run as fn(Config, &mut _) -> _).input("test_a.py", "");
    let run = run.tool("pytest", |_| ToolAnswer::exit(0)).cancel_after(0);
    let ran = run.config(json!({ "runner": "pytest" })).execute();
    assert_eq!(ran.result(), &Err(belljar_sdk::StepError::Cancelled));
    assert!(ran.commands().is_empty());
}
