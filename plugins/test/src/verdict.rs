//! What is said in the end: how many tests passed, and which did not.

use belljar_sdk::{Cx, Outcome, StepError, StepResult, TestCase, TestStatus};

use crate::Config;
use crate::attempt::Tested;
use crate::parse::is_bad;

/// How many failed tests the last line names.
const NAMES: usize = 10;

/// Reports all cases, the failed ones last, and ends the step.
pub(crate) fn end(config: &Config, cx: &mut Cx, all: Vec<Tested>) -> StepResult {
    let shards = all.len();
    let (mut bad, mut broken, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    for tested in all {
        if let Some(problem) = tested.broken {
            let tool = config.runner.as_str();
            broken.push(format!("{tool}{} {problem}", tested.shard.named()));
        }
        for case in tested.cases {
            counts.add(&case);
            if is_bad(case.status) {
                bad.push(case);
            } else {
                cx.test_case(case);
            }
        }
    }
    let names: Vec<String> = bad.iter().map(|case| case.name.clone()).collect();
    for case in bad {
        cx.test_case(case);
    }
    if !names.is_empty() {
        for problem in &broken {
            cx.log().error(problem);
        }
        let (few, total) = (names.len(), counts.total);
        let message = format!("{few} of {total} tests failed: {}", listed(&names));
        return Err(with_counts(StepError::failed("tests-failed", message), &counts));
    }
    if let Some(first) = broken.first() {
        let more = broken.len() - 1;
        let more =
            if more == 0 { String::new() } else { format!("\n({more} more shards like it)") };
        return Err(StepError::failed("runner-failed", format!("{first}{more}")));
    }
    if counts.total == 0 && !config.allow_none {
        let message = "no test was found; if that is right, set `allow-none = true`";
        return Err(StepError::failed("no-tests", message));
    }
    let summary = counts.summary(shards);
    let attrs = counts.attrs();
    Ok(attrs
        .into_iter()
        .fold(Outcome::new(summary), |outcome, (key, count)| outcome.attr(key, count.to_string())))
}

fn with_counts(error: StepError, counts: &Counts) -> StepError {
    let attrs = counts.attrs();
    attrs.into_iter().fold(error, |error, (key, count)| error.attr(key, count.to_string()))
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES)].join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    passed: usize,
    skipped: usize,
    flaky: usize,
}

impl Counts {
    fn add(&mut self, case: &TestCase) {
        self.total += 1;
        self.passed += usize::from(case.status == TestStatus::Passed);
        self.skipped += usize::from(case.status == TestStatus::Skipped);
        self.flaky += usize::from(case.attrs.iter().any(|attr| attr.key == "flaky"));
    }

    fn summary(&self, shards: usize) -> String {
        if self.total == 0 {
            return "no tests".to_owned();
        }
        let mut summary = format!("{} passed", self.passed);
        for (count, what) in [(self.skipped, "skipped"), (self.flaky, "flaky")] {
            if count > 0 {
                summary.push_str(&format!(", {count} {what}"));
            }
        }
        if shards > 1 { format!("{summary} in {shards} shards") } else { summary }
    }

    fn attrs(&self) -> [(&'static str, usize); 4] {
        [
            ("tests", self.total),
            ("passed", self.passed),
            ("skipped", self.skipped),
            ("flaky", self.flaky),
        ]
    }
}
