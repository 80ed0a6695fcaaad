//! Runs for the tests of the readers.

use std::collections::BTreeMap;

use crate::style::Style;
use belljar_model::event::{
    LogLevel, LogLine, PlannedStep, SCHEMA, Source, Status, StepReport, Totals,
};
use belljar_model::finding::{Edit, Finding, Severity, Span, TestCase, TestStatus};
use belljar_model::{Blame, Class, Code, Cost, Event, Fault, MissReason, StepName, WorkspacePath};

/// Text that tries everything: a terminal, a CI service, XML, SARIF.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}\rerror[E0001]: forged\u{9b}m\u{202e}\u{8}\n\
     ::set-env name=PATH::/evil\n##vso[task.setvariable]x\n##teamcity[x]\n<script>]]>&\"' \u{fffe}[a](http://x)";

pub(crate) fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

pub(crate) fn span(file: &str, at: [u32; 4]) -> Span {
    let [start_line, start_col, end_line, end_col] = at;
    Span { file: path(file), start_line, start_col, end_line, end_col }
}

pub(crate) fn finding(rule: &str, severity: Severity, at: Option<Span>) -> Finding {
    let message = format!("this breaks the rule {rule}");
    Finding { rule: rule.into(), severity, message, at, fixes: vec![], attrs: BTreeMap::new() }
}

pub(crate) fn edit(at: Span, replacement: &str) -> Edit {
    Edit { at, replacement: replacement.to_owned() }
}

pub(crate) fn test(suite: &str, name: &str, status: TestStatus, message: &str) -> TestCase {
    TestCase {
        suite: suite.into(),
        name: name.into(),
        status,
        duration_us: 1500,
        message: message.into(),
        at: None,
        attrs: BTreeMap::new(),
    }
}

pub(crate) fn report(step: &str, status: Status, source: Option<Source>) -> StepReport {
    StepReport {
        step: StepName::new(step),
        status,
        source,
        summary: String::new(),
        plugin: "lint@1.2.0".into(),
        class: Class::Pure,
        action: None,
        miss: vec![],
        attempts: u32::from(source == Some(Source::Executed)),
        wall_us: 410_000,
        cost: Cost::default(),
        outputs: vec![],
        log: None,
        fault: None,
        skipped_for: None,
        isolation: None,
        origin: None,
        tools: Vec::new(),
    }
}

pub(crate) fn started() -> Event {
    Event::RunStarted {
        schema: SCHEMA.into(),
        run: "0a41".into(),
        at: 1_000,
        host: "0.1.0".into(),
        asked: vec![],
    }
}

pub(crate) fn planned(steps: &[&str]) -> Event {
    let step = |name: &&str| PlannedStep {
        name: StepName::new(name),
        needs: vec![],
        expected_us: Some(2_000_000),
    };
    Event::Planned { steps: steps.iter().map(step).collect() }
}

pub(crate) fn begun(step: &str, at: u64) -> Event {
    Event::StepStarted {
        step: StepName::new(step),
        at,
        plugin: "lint@1.2.0".into(),
        miss: vec![MissReason::NeverRun],
        attempt: 1,
    }
}

pub(crate) fn log(step: &str, text: &str) -> Event {
    let line = LogLine { level: LogLevel::Info, text: text.into() };
    Event::StepLog { step: StepName::new(step), line }
}

pub(crate) fn found(step: &str, finding: Finding) -> Event {
    Event::StepFinding { step: StepName::new(step), finding }
}

pub(crate) fn tested(step: &str, test: TestCase) -> Event {
    Event::StepTest { step: StepName::new(step), test }
}

pub(crate) fn finished(report: StepReport) -> Event {
    Event::StepFinished { at: 2_000, report: Box::new(report) }
}

/// The last event, with the totals of the steps that the other events tell of.
pub(crate) fn ended(events: &[Event]) -> Event {
    let mut totals = Totals::default();
    for event in events {
        let Event::StepFinished { report, .. } = event else { continue };
        totals.steps += 1;
        totals.cached +=
            u32::from(matches!(report.source, Some(Source::ExactHit | Source::ObservedHit)));
        *match report.status {
            Status::Passed => &mut totals.passed,
            Status::Failed => &mut totals.failed,
            Status::Errored => &mut totals.errored,
            Status::Skipped => &mut totals.skipped,
            Status::Cancelled => &mut totals.cancelled,
        } += 1;
    }
    Event::RunFinished { at: 3_000, wall_us: 640_000, totals, exit_code: 0 }
}

/// A whole run of the given steps.
pub(crate) fn run(names: &[&str], steps: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut events = vec![started(), planned(names)];
    events.extend(steps);
    let end = ended(&events);
    events.push(end);
    events
}

/// A run in which every text that a guest can choose is [`HOSTILE`].
pub(crate) fn hostile_run() -> Vec<Event> {
    let at = span("src/\u{202e}::a ##vso[x].txt", [1, 1, 1, 2]);
    let mut hostile = finding(HOSTILE, Severity::Error, Some(at.clone()));
    hostile.message = HOSTILE.into();
    hostile.fixes = vec![edit(at, HOSTILE)];
    let mut failed = report("lint", Status::Errored, Some(Source::Executed));
    failed.summary = HOSTILE.into();
    failed.plugin = HOSTILE.into();
    failed.miss = vec![MissReason::NotRecorded { ended: HOSTILE.into() }];
    let fault = Fault::new(Blame::Plugin, Code::new("E0406"), HOSTILE);
    failed.fault = Some(fault.note(HOSTILE).help(HOSTILE));
    let test = test(HOSTILE, HOSTILE, TestStatus::Failed, HOSTILE);
    let steps =
        [begun("lint", 1_000), log("lint", HOSTILE), found("lint", hostile), tested("lint", test)];
    run(&["lint"], steps.into_iter().chain([finished(failed)]))
}

/// Checks that a rendered text holds nothing that a terminal or a CI service would obey, and no
/// line that passes for one of the host's. It must have been rendered with `ci` set.
#[track_caller]
pub(crate) fn assert_harmless(text: &str) {
    for line in text.lines() {
        let start = line.trim_start();
        let lower = line.to_ascii_lowercase();
        assert!(!line.contains(crate::sanitize::is_harmful), "{line:?}");
        assert!(!start.starts_with("::"), "{line:?}");
        assert!(!lower.contains("##vso[") && !lower.contains("##teamcity["), "{line:?}");
        assert!(!start.starts_with("error[E0001]"), "{line:?}");
    }
}

/// Plain text for a CI service.
pub(crate) const CI: Style = Style { ci: true, ..Style::plain() };

/// A text without the sequences that set colors.
pub(crate) fn without_colors(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    plain
}
