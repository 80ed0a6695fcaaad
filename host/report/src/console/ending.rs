//! Ending: what failed, the totals, and the commands to paste next.

use std::collections::BTreeSet;

use belljar_model::event::{StepReport, Totals};
use belljar_model::finding::TestCase;
use belljar_model::{Blame, Code, StepName};

use super::{ConsoleOptions, Files, Mode, Run};
use crate::excerpt::Source;
use crate::finding::Cap;
use crate::style::{Style, Tone};
use crate::{diagnostics, fault, finding, sanitize, text};

/// At most so many findings, and so many tests, are shown for one step.
const SHOWN: usize = 20;

/// The most steps that the command to try again names.
const MOST_NAMED: usize = 8;

/// The last event of a run.
pub(super) struct End<'a> {
    pub(super) wall_us: u64,
    pub(super) totals: &'a Totals,
    pub(super) options: &'a ConsoleOptions,
}

/// Renders all that comes after the last step.
pub(super) fn render(run: &Run, end: &End<'_>, files: &Files, style: &Style) -> String {
    let Totals { steps, passed, .. } = *end.totals;
    if end.options.mode == Mode::Quiet && steps == passed {
        return String::new();
    }
    let mut text = String::new();
    for report in &run.broken {
        text.push('\n');
        text.push_str(&failure(run, report, files, style));
    }
    text.push('\n');
    text.push_str(&summary(run, end, style));
    text.push_str(&hints(run, style));
    text
}

/// The block of one failed step.
fn failure(run: &Run, report: &StepReport, files: &Files, style: &Style) -> String {
    let source: &Source<'_> = &*files.source;
    let step = report.step.as_str();
    let mut text = if let Some(fault) = &report.fault {
        let labels = (files.places)(step, fault);
        let context = fault::Context { labels: &labels, source };
        fault::render_fault_at(Some(step), fault, &context, style)
    } else {
        let heading = fault::heading(Blame::Project);
        let summary = sanitize::line(&report.summary);
        format!("{heading}: step `{}`: {summary}\n", sanitize::line(step))
    };
    let logs = command("logs", [report.step.as_str()]);
    if let Some(findings) = run.found.get(&report.step) {
        text.push('\n');
        text.push_str(&finding::render(findings, source, &Cap { shown: SHOWN, all: &logs }, style));
    }
    if let Some(tests) = run.failed_tests.get(&report.step) {
        text.push('\n');
        text.push_str(&failed_tests(tests, &logs));
    }
    if let Some(tail) = run.logs.get(&report.step) {
        let lines = text::plural(tail.lines().len(), "line");
        let earlier = match tail.earlier() {
            0 => String::new(),
            number => format!(", {number} earlier: {logs}"),
        };
        let shown = tail.lines().len();
        text.push_str(&format!("\n  last {shown} log {lines}{earlier}\n"));
        for line in tail.lines() {
            for line in sanitize::text(line).lines() {
                text.push_str(&format!("  | {line}\n"));
            }
        }
    }
    if let Some(skipped) = run.skipped_for.get(&report.step) {
        let names: Vec<_> = skipped.iter().map(|name| sanitize::line(name.as_str())).collect();
        text.push_str(&format!("\n  skipped because of it: {}\n", names.join(", ")));
    }
    text
}

fn failed_tests(tests: &[TestCase], logs: &str) -> String {
    let mut text = format!("  {} did not pass\n", text::count(tests.len(), "test"));
    for test in tests.iter().take(SHOWN) {
        let place = test.at.as_ref().map_or_else(String::new, |at| {
            format!("  {}:{}", sanitize::line(at.file.as_str()), at.start_line)
        });
        let (suite, name) = (sanitize::line(&test.suite), sanitize::line(&test.name));
        let suite = if suite.is_empty() { String::new() } else { format!("{suite} > ") };
        text.push_str(&format!("  - {suite}{name}{place}\n"));
        for line in diagnostics::quoted(&test.message).lines() {
            text.push_str(&format!("    | {}\n", line.strip_prefix("| ").unwrap_or(line)));
        }
    }
    if tests.len() > SHOWN {
        text.push_str(&format!("  and {} more ({logs})\n", tests.len() - SHOWN));
    }
    text
}

/// `  Summary [  0.14s] 14 steps: 14 ok (14 cached), nothing to do · run 0a41`
fn summary(run: &Run, end: &End<'_>, style: &Style) -> String {
    let Totals { steps, passed, cached, failed, errored, skipped, cancelled, saved_us } =
        *end.totals;
    let cached_text = if cached > 0 { format!(" ({cached} cached)") } else { String::new() };
    let mut counts = Vec::new();
    if passed > 0 || steps == 0 {
        counts.push(format!("{passed} ok{cached_text}"));
    }
    for (number, word) in
        [(failed, "failed"), (errored, "errored"), (skipped, "skipped"), (cancelled, "cancelled")]
    {
        if number > 0 {
            counts.push(format!("{number} {word}"));
        }
    }
    if steps > 0 && cached == steps && passed == steps {
        counts.push("nothing to do".to_owned());
    }
    let steps_text = text::count(steps as usize, "step");
    let mut facts = vec![format!("{steps_text}: {}", counts.join(", "))];
    // Less than that is not worth a word.
    if saved_us >= 1_000_000 {
        facts.push(format!("saved {}", text::duration_us(saved_us)));
    }
    if let Some(since) = &run.since {
        // A run of which nothing had to be looked at has no plan.
        let which = if run.total == 0 { "" } else { "the others " };
        facts.push(format!("{which}unchanged since run {}", sanitize::line(since)));
    }
    facts.push(format!("run {}", sanitize::line(&run.id)));
    let tone = if passed == steps { Tone::Good } else { Tone::Bad };
    let time = text::duration_us(end.wall_us);
    format!("{} [{time:>7}] {}\n", style.paint(tone, "  Summary"), facts.join(style.dot()))
}

/// The one command to look closer, and the one to try again.
fn hints(run: &Run, style: &Style) -> String {
    let failed: BTreeSet<_> = run.broken.iter().map(|report| &report.step).collect();
    let mut text = String::new();
    let mut hint = |word: &str, command: &str| {
        let word = style.paint(Tone::Strong, &format!("{word:>9}"));
        text.push_str(&format!("{word} {command}\n"));
    };
    if let Some(report) = run.broken.first() {
        hint("Look", &command("logs", [report.step.as_str()]));
        // A plugin's own code has no page.
        let documented = |code: &Code| {
            let digits = code.as_str().strip_prefix('E').unwrap_or_default();
            digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(fault) = &report.fault
            && fault.blame != Blame::Project
            && documented(&fault.code)
        {
            hint("Explain", &format!("belljar explain {}", fault.code));
        }
    }
    let again: Vec<_> = failed.into_iter().chain(&run.cancelled).collect();
    if again.len() > MOST_NAMED {
        // What passed is cached, so what was asked for is the same, and shorter.
        hint("Retry", &command("run", run.asked.iter().map(String::as_str)));
    } else if !again.is_empty() {
        hint("Retry", &command("run", again.into_iter().map(StepName::as_str)));
    }
    text
}

/// A command that can be pasted into a shell.
fn command<'a>(verb: &str, steps: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = format!("belljar {verb}");
    for step in steps {
        let name = sanitize::line(step);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./@".contains(&byte);
        if name.bytes().all(plain) {
            command.push_str(&format!(" {name}"));
        } else {
            command.push_str(&format!(" '{}'", name.replace('\'', "'\\''")));
        }
    }
    command
}
