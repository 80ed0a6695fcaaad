//! JUnit XML: the tests that steps reported, and the steps themselves.

use std::collections::BTreeMap;

use belljar_model::event::{Source, Status, StepReport};
use belljar_model::finding::{Finding, Severity, TestCase, TestStatus};
use belljar_model::{Event, StepName};

use crate::{fault, sanitize};

/// How many findings of a failed step are listed.
const LISTED: usize = 100;

/// Makes one document of a run: a suite `belljar` with a case for every step, and a suite
/// `step:suite` for every suite of tests that a step reported.
pub fn junit(events: &[Event]) -> String {
    let mut steps = Suite::default();
    let mut findings: BTreeMap<&StepName, Vec<&Finding>> = BTreeMap::new();
    let mut suites: BTreeMap<(&StepName, &str), Suite> = BTreeMap::new();
    for event in events {
        match event {
            Event::StepFinding { step, finding } => findings.entry(step).or_default().push(finding),
            Event::StepTest { step, test } => {
                let suite = suites.entry((step, &test.suite)).or_default();
                suite.push(&test_case(step, test));
            }
            Event::StepFinished { report, .. } => {
                let found = findings.remove(&report.step).unwrap_or_default();
                steps.push(&step_case(report, &found));
            }
            _ => {}
        }
    }
    let named = suites.into_iter().map(|((step, name), suite)| {
        let separator = if name.is_empty() { "" } else { ":" };
        (format!("{step}{separator}{name}"), suite)
    });
    document(&std::iter::once(("belljar".to_owned(), steps)).chain(named).collect::<Vec<_>>())
}

fn document(suites: &[(String, Suite)]) -> String {
    let mut total = Suite::default();
    let mut body = String::new();
    for (name, suite) in suites {
        total.add(suite);
        body.push_str(&format!("  <testsuite name=\"{}\"{}>\n", escape(name), suite.counts()));
        body.push_str(&suite.cases);
        body.push_str("  </testsuite>\n");
    }
    let counts = total.counts();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"belljar\"{counts}>\n{body}</testsuites>\n"
    )
}

/// The cases of one suite as XML, and their counts.
#[derive(Default)]
struct Suite {
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    duration_us: u64,
}

/// One case before it is counted.
struct Case {
    class: String,
    name: String,
    place: Option<(String, u32)>,
    status: TestStatus,
    duration_us: u64,
    kind: String,
    message: String,
    detail: String,
}

impl Suite {
    fn push(&mut self, case: &Case) {
        self.tests += 1;
        self.duration_us = self.duration_us.saturating_add(case.duration_us);
        let tag = match case.status {
            TestStatus::Passed => None,
            TestStatus::Failed => Some(("failure", &mut self.failures)),
            TestStatus::Errored => Some(("error", &mut self.errors)),
            TestStatus::Skipped => Some(("skipped", &mut self.skipped)),
        };
        let mut attributes = format!(
            "classname=\"{}\" name=\"{}\" time=\"{}\"",
            escape(&case.class),
            escape(&case.name),
            seconds(case.duration_us)
        );
        if let Some((file, line)) = &case.place {
            attributes.push_str(&format!(" file=\"{}\" line=\"{line}\"", escape(file)));
        }
        let Some((tag, number)) = tag else {
            self.cases.push_str(&format!("    <testcase {attributes}/>\n"));
            return;
        };
        *number += 1;
        let message = escape(case.message.lines().next().unwrap_or_default());
        let kind = match tag {
            "skipped" => String::new(),
            _ => format!(" type=\"{}\"", escape(&case.kind)),
        };
        let detail = escape(&case.detail);
        self.cases.push_str(&format!(
            "    <testcase {attributes}>\n      \
             <{tag} message=\"{message}\"{kind}>{detail}</{tag}>\n    </testcase>\n"
        ));
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
    }

    fn counts(&self) -> String {
        let Self { tests, failures, errors, skipped, duration_us, .. } = self;
        let time = seconds(*duration_us);
        format!(
            " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\" time=\"{time}\""
        )
    }
}

fn test_case(step: &StepName, test: &TestCase) -> Case {
    let class = if test.suite.is_empty() { step.as_str() } else { &test.suite };
    Case {
        class: class.to_owned(),
        name: test.name.clone(),
        place: test.at.as_ref().map(|at| (at.file.to_string(), at.start_line)),
        status: test.status,
        duration_us: test.duration_us,
        kind: "test".to_owned(),
        message: test.message.clone(),
        detail: test.message.clone(),
    }
}

fn step_case(report: &StepReport, findings: &[&Finding]) -> Case {
    let status = match report.status {
        Status::Passed => TestStatus::Passed,
        Status::Failed => TestStatus::Failed,
        Status::Errored => TestStatus::Errored,
        Status::Skipped | Status::Cancelled => TestStatus::Skipped,
    };
    let kind = report.fault.as_ref().map_or("failed", |fault| fault::heading(fault.blame));
    let message = match (&report.fault, &report.skipped_for) {
        (Some(fault), _) => format!("{kind}[{}]: {}", fault.code, fault.message),
        (None, Some(step)) => format!("needs {step}, which did not pass"),
        (None, None) => report.summary.clone(),
    };
    let mut detail = message.clone();
    for note in report.fault.iter().flat_map(|fault| &fault.notes) {
        detail.push_str(&format!("\nnote: {note}"));
    }
    for finding in findings.iter().take(LISTED) {
        detail.push_str(&format!("\n{}", finding_line(finding)));
    }
    if findings.len() > LISTED {
        detail.push_str(&format!("\nand {} more findings", findings.len() - LISTED));
    }
    let cached = matches!(report.source, Some(Source::ExactHit | Source::ObservedHit));
    Case {
        class: "belljar".to_owned(),
        name: report.step.to_string(),
        place: None,
        status,
        duration_us: if cached { 0 } else { report.wall_us },
        kind: kind.to_owned(),
        message,
        detail,
    }
}

fn finding_line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = finding
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!("{}:{}:{}: ", at.file, at.start_line, at.start_col));
    format!("{place}{severity}: {} ({})", finding.message, finding.rule)
}

fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1000)
}

/// Makes a text safe in XML 1.0, in attributes and between tags. Control characters, which XML
/// cannot hold at all, become visible escapes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in sanitize::text(text).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // As a reference it survives in an attribute, too.
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use belljar_model::{Blame, Code, Fault};
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{finding, finished, found, hostile_run, report, run, span, test, tested};

    #[test]
    fn steps_and_their_tests_are_cases() {
        let at = span("src/a.rs", [2, 3, 2, 4]);
        let mut failed = report("lint", Status::Failed, Some(Source::Executed));
        failed.fault = Some(Fault::new(Blame::Project, Code::new("E0400"), "1 error"));
        let mut errored = report("scan", Status::Errored, None);
        errored.fault = Some(Fault::new(Blame::Plugin, Code::new("E0406"), "trapped").note("why"));
        let mut skipped = report("package", Status::Skipped, None);
        skipped.skipped_for = Some(StepName::new("lint"));
        let events = run(
            &[],
            [
                found("lint", finding("unwrap", Severity::Error, Some(at))),
                finished(failed),
                tested("test", test("api", "adds", TestStatus::Passed, "")),
                tested("test", test("api", "divides", TestStatus::Failed, "1 != 2\nleft: 1")),
                tested("test", test("", "waits", TestStatus::Skipped, "slow")),
                finished(report("test", Status::Passed, Some(Source::ExactHit))),
                finished(errored),
                finished(skipped),
            ],
        );
        assert_snapshot!(junit(&events), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="belljar" tests="7" failures="2" errors="1" skipped="2" time="1.234">
          <testsuite name="belljar" tests="4" failures="1" errors="1" skipped="1" time="1.230">
            <testcase classname="belljar" name="lint" time="0.410">
              <failure message="failed[E0400]: 1 error" type="failed">failed[E0400]: 1 error&#10;src/a.rs:2:3: error: this breaks the rule unwrap (unwrap)</failure>
            </testcase>
            <testcase classname="belljar" name="test" time="0.000"/>
            <testcase classname="belljar" name="scan" time="0.410">
              <error message="plugin fault[E0406]: trapped" type="plugin fault">plugin fault[E0406]: trapped&#10;note: why</error>
            </testcase>
            <testcase classname="belljar" name="package" time="0.410">
              <skipped message="needs lint, which did not pass">needs lint, which did not pass</skipped>
            </testcase>
          </testsuite>
          <testsuite name="test" tests="1" failures="0" errors="0" skipped="1" time="0.001">
            <testcase classname="test" name="waits" time="0.001">
              <skipped message="slow">slow</skipped>
            </testcase>
          </testsuite>
          <testsuite name="test:api" tests="2" failures="1" errors="0" skipped="0" time="0.003">
            <testcase classname="api" name="adds" time="0.001"/>
            <testcase classname="api" name="divides" time="0.001">
              <failure message="1 != 2" type="test">1 != 2&#10;left: 1</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn hostile_text_is_inert_in_valid_xml() {
        belljar_cases::case!("G05");
        let xml = junit(&hostile_run());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let cases: Vec<_> =
            document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        assert_eq!(cases.len(), 2);
        assert!(document.descendants().all(|node| !node.has_tag_name("script")));
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert!(failure.text().unwrap().contains("<script>]]>&\"'"));
        assert!(!xml.contains(sanitize::is_harmful));
    }

    #[test]
    fn a_run_without_steps_is_a_valid_document() {
        assert!(roxmltree::Document::parse(&junit(&[])).is_ok());
    }

    #[test]
    fn a_step_with_many_findings_lists_some() {
        let many = (0..10_000).map(|_| found("lint", finding("rule", Severity::Note, None)));
        let failed = finished(report("lint", Status::Failed, Some(Source::Executed)));
        let xml = junit(&run(&["lint"], many.chain([failed])));
        assert_eq!(xml.matches("(rule)").count(), LISTED);
        assert!(xml.contains("and 9900 more findings"));
    }
}
