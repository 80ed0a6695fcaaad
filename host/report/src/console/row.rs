//! Row: the one line of a step that ended.

use belljar_model::event::{Source, Status, StepReport};
use belljar_model::finding::Finding;
use belljar_model::{Origin, StepName};
use unicode_width::UnicodeWidthStr as _;

use crate::style::{Style, Tone};
use crate::{fault, finding, sanitize, text};

/// Names that are longer do not widen the column.
const WIDEST_NAME: usize = 40;

/// How wide a step's name looks.
pub(super) fn name_width(name: &StepName) -> usize {
    sanitize::line(name.as_str()).width().min(WIDEST_NAME)
}

/// `     PASS [  8.41s] ( 3/14) core:test  231 tests · src/a.rs changed: 1d2e → 77ab`
///
/// `layout` is the number of this step and of all steps, and the width of the widest name.
pub(super) fn render(
    report: &StepReport,
    findings: &[Finding],
    layout: ((usize, usize), usize),
    style: &Style,
) -> String {
    let ((done, total), width) = layout;
    let (word, tone) = word(report);
    let time = match report.status {
        Status::Skipped => String::new(),
        _ => text::duration_us(report.wall_us),
    };
    let digits = total.to_string().len();
    let name = sanitize::line(report.step.as_str());
    let gap = " ".repeat(width.saturating_sub(name.width()));
    let details = details(report, findings, style).join(style.dot());
    let line = format!(
        "{} [{time:>7}] ({done:>digits$}/{total}) {}{gap}  {details}",
        style.paint(tone, &format!("{word:>9}")),
        style.paint(Tone::Strong, &name),
    );
    format!("{}\n", line.trim_end())
}

/// The status word and its color.
pub(super) fn word(report: &StepReport) -> (&'static str, Tone) {
    match (report.status, report.source) {
        (Status::Passed, Some(Source::ExactHit | Source::ObservedHit)) => ("HIT", Tone::Cached),
        (Status::Passed, _) => ("PASS", Tone::Good),
        (Status::Failed, _) => ("FAIL", Tone::Bad),
        (Status::Errored, _) => ("ERR", Tone::Foreign),
        (Status::Skipped, _) => ("SKIP", Tone::Faint),
        (Status::Cancelled, _) => ("CANCEL", Tone::Warning),
    }
}

/// What it says, what it found, and where the result comes from or why it was executed.
fn details(report: &StepReport, findings: &[Finding], style: &Style) -> Vec<String> {
    let mut details = Vec::new();
    let mut push = |detail: &str| {
        if !detail.is_empty() {
            details.push(sanitize::line(detail).into_owned());
        }
    };
    match (&report.fault, &report.skipped_for) {
        (_, Some(step)) => push(&format!("needs {step}, which did not pass")),
        (Some(fault), _) if report.status == Status::Errored => {
            let first = fault.message.lines().next().unwrap_or_default();
            push(&format!("{}[{}]: {first}", fault::heading(fault.blame), fault.code));
        }
        (Some(fault), _) if report.summary.is_empty() => {
            push(fault.message.lines().next().unwrap_or_default());
        }
        (None, None) if report.status == Status::Skipped => push("the run stopped before it"),
        _ => push(&report.summary),
    }
    if let Some(counted) = finding::counted(findings) {
        push(&counted);
    }
    if let Some(isolation) = &report.isolation {
        push(&isolation.to_string());
    }
    if report.attempts > 1 {
        push(&format!("try {}", report.attempts));
    }
    match report.source {
        Some(Source::ExactHit) => push("cached: same inputs"),
        Some(Source::ObservedHit) => push("cached: nothing that it read has changed"),
        Some(Source::Executed) | None => {
            if let Some(first) = report.miss.first() {
                let more = match report.miss.len() {
                    1 => String::new(),
                    number => format!(" (and {} more)", number - 1),
                };
                push(&format!("{}{more}", style.words(&first.to_string())));
            }
        }
    }
    if let Some(Origin { name: Some(name), level, .. }) = &report.origin {
        push(&format!("recorded by {name} ({level})"));
    }
    details
}
