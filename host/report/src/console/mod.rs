//! Console: the event stream as a person follows it.
//!
//! One line for each step that ended; what failed, and what to do next, comes last, because
//! that is where the eye is. The live bar stays below the lines and never takes the screen.

mod ending;
mod live;
mod row;
mod screen;
mod tail;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use belljar_model::event::{LogLine, Status, StepReport};
use belljar_model::finding::{Finding, TestCase, TestStatus};
use belljar_model::{Event, StepName};

use crate::excerpt::Source;
use crate::sanitize;
use crate::style::{Style, Tone};
use live::Running;
use screen::Screen;
use tail::Tail;

/// What is shown while steps run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// One line for each step that ended, for files and CI services.
    Plain,
    /// The same, and below it the steps that run now.
    Bar,
    /// Nothing but failures and, if there are any, the summary.
    Quiet,
}

/// Whose log lines are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShownLogs {
    /// The last lines of a step that failed, at the end.
    Failed,
    /// All lines as they come, each after the name of its step.
    All,
    /// None.
    None,
}

/// What the user can choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsoleOptions {
    /// What is shown while steps run.
    pub mode: Mode,
    /// Whose log lines are shown.
    pub logs: ShownLogs,
}

/// Reads the text of a file by its path in the workspace.
type OwnedSource = Box<dyn Fn(&str) -> Option<String> + Send>;

/// Reads events and writes for people. A writer that fails is not written to again.
pub struct Console {
    style: Style,
    options: ConsoleOptions,
    source: OwnedSource,
    screen: Screen,
    run: Run,
}

/// What is known about the run so far.
#[derive(Default)]
struct Run {
    id: String,
    total: usize,
    done: usize,
    name_width: usize,
    expected_us: BTreeMap<StepName, u64>,
    running: BTreeMap<StepName, Running>,
    found: BTreeMap<StepName, Vec<Finding>>,
    failed_tests: BTreeMap<StepName, Vec<TestCase>>,
    logs: BTreeMap<StepName, Tail>,
    broken: Vec<StepReport>,
    skipped_for: BTreeMap<StepName, BTreeSet<StepName>>,
    cancelled: Vec<StepName>,
}

impl Console {
    /// A console that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, style: Style, options: ConsoleOptions) -> Self {
        let screen = Screen::new(out, &style, options.mode);
        Self { style, options, source: Box::new(|_| None), screen, run: Run::default() }
    }

    /// Shows excerpts of the files that findings point at; `source` returns the text of a file
    /// by its path in the workspace.
    #[must_use]
    pub fn with_source(mut self, source: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        self.source = Box::new(source);
        self
    }

    /// Takes one event.
    pub fn read(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, .. } => {
                self.run = Run { id: run.clone(), ..Run::default() };
            }
            Event::Planned { steps } => {
                let width = |name: &StepName| row::name_width(name);
                self.run.total = steps.len();
                self.run.name_width = steps.iter().map(|step| width(&step.name)).max().unwrap_or(0);
                self.run.expected_us = steps
                    .iter()
                    .filter_map(|step| Some((step.name.clone(), step.expected_us?)))
                    .collect();
            }
            Event::StepStarted { step, at, plugin, .. } => {
                let expected_us = self.run.expected_us.get(step).copied();
                let running = Running { since: *at, expected_us, plugin: plugin.clone() };
                self.run.running.insert(step.clone(), running);
                // Only the last attempt's words matter.
                self.run.logs.remove(step);
            }
            Event::StepLog { step, line } => self.log(step, line),
            Event::StepFinding { step, finding } => {
                self.run.found.entry(step.clone()).or_default().push(finding.clone());
            }
            Event::StepTest { step, test } => {
                if matches!(test.status, TestStatus::Failed | TestStatus::Errored) {
                    self.run.failed_tests.entry(step.clone()).or_default().push(test.clone());
                }
            }
            Event::StepFinished { report, at } => self.finished(report, *at),
            Event::RunFinished { wall_us, totals, .. } => {
                self.screen.end_live();
                let end = ending::End { wall_us: *wall_us, totals, options: &self.options };
                let source: &Source<'_> = &*self.source;
                let text = ending::render(&self.run, &end, source, &self.style);
                self.screen.print(&self.style.finish(text));
            }
        }
    }

    /// Redraws the live bar; call it about ten times a second. `now` is in milliseconds since
    /// 1970-01-01 UTC. Does nothing in other modes.
    pub fn tick(&mut self, now: u64) {
        if self.options.mode == Mode::Bar && self.run.total > 0 {
            let lines = live::lines(&self.run, now, &self.style);
            self.screen.draw_live(&self.style.finish(lines.join("\n")));
        }
    }

    fn log(&mut self, step: &StepName, line: &LogLine) {
        match self.options.logs {
            ShownLogs::None => {}
            ShownLogs::Failed => self.run.logs.entry(step.clone()).or_default().push(&line.text),
            ShownLogs::All => {
                let name =
                    self.style.paint(Tone::Faint, &format!("{} |", sanitize::line(step.as_str())));
                let text = sanitize::text(&line.text);
                let lines = if text.is_empty() { vec![""] } else { text.lines().collect() };
                let shown: Vec<_> = lines.iter().map(|line| format!("{name} {line}\n")).collect();
                self.screen.print(&self.style.finish(shown.concat()));
            }
        }
    }

    fn finished(&mut self, report: &StepReport, at: u64) {
        self.run.done += 1;
        let layout = ((self.run.done, self.run.total), self.run.name_width);
        let Run { found, running, logs, failed_tests, .. } = &mut self.run;
        running.remove(&report.step);
        let findings = found.get(&report.step).map_or(&[][..], Vec::as_slice);
        let line = row::render(report, findings, layout, &self.style);
        let keep = matches!(report.status, Status::Failed | Status::Errored);
        if !keep {
            found.remove(&report.step);
            logs.remove(&report.step);
            failed_tests.remove(&report.step);
        }
        match report.status {
            Status::Passed => {}
            Status::Failed | Status::Errored => self.run.broken.push(report.clone()),
            Status::Cancelled => self.run.cancelled.push(report.step.clone()),
            Status::Skipped => {
                if let Some(cause) = &report.skipped_for {
                    let skipped = self.run.skipped_for.entry(cause.clone()).or_default();
                    skipped.insert(report.step.clone());
                }
            }
        }
        if self.options.mode != Mode::Quiet {
            self.screen.print(&self.style.finish(line));
        }
        self.tick(at);
    }
}

#[cfg(test)]
mod tests;
