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
