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

use belljar_model::diagnostic::Label;
use belljar_model::event::{LogLine, Status, StepReport};
use belljar_model::finding::{Finding, TestCase, TestStatus};
use belljar_model::{Event, Fault, StepName};

use crate::style::{Style, Tone};
use crate::{dispute, sanitize, verification};
use live::Running;
use screen::Screen;
use tail::Tail;

/// After so many milliseconds without a line, what runs is named.
const SILENCE: u64 = 30_000;

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

/// Returns the text of a file by its path in the workspace.
type ReadText = dyn Fn(&str) -> Option<String> + Send;

/// Returns the places that a step's fault comes from.
type FindPlaces = dyn Fn(&str, &Fault) -> Vec<Label> + Send;

/// What the console may know of the user's files.
struct Files {
    source: Box<ReadText>,
    places: Box<FindPlaces>,
}

/// Reads events and writes for people. A writer that fails is not written to again.
pub struct Console {
    style: Style,
    options: ConsoleOptions,
    files: Files,
    screen: Screen,
    /// The latest time that is known, and when something was last written.
    now: u64,
    spoke: u64,
    run: Run,
}

/// What is known about the run so far.
#[derive(Default)]
struct Run {
    id: String,
    /// The steps that were asked for, as typed.
    asked: Vec<String>,
    /// The run since which nothing changed.
    since: Option<String>,
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
    verified: verification::Tally,
}

impl Console {
    /// A console that writes to `out`.
    pub fn new(out: Box<dyn Write + Send>, style: Style, options: ConsoleOptions) -> Self {
        let screen = Screen::new(out, &style, options.mode);
        let files = Files { source: Box::new(|_| None), places: Box::new(|_, _| Vec::new()) };
        Self { style, options, files, screen, now: 0, spoke: 0, run: Run::default() }
    }

    /// Shows excerpts of the files that findings point at; `source` returns the text of a file
    /// by its path in the workspace. It is asked only about failures, once the run has ended.
    #[must_use]
    pub fn with_source(mut self, source: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        self.files.source = Box::new(source);
        self
    }

    /// Points at the places in the pipeline file that a fault comes from; `places` gets the
    /// step's name. The files of its labels are read by what [`Console::with_source`] was given.
    #[must_use]
    pub fn with_places(
        mut self,
        places: impl Fn(&str, &Fault) -> Vec<Label> + Send + 'static,
    ) -> Self {
        self.files.places = Box::new(places);
        self
    }

    /// Takes one event.
    pub fn read(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, at, asked, .. } => {
                (self.now, self.spoke) = (*at, *at);
                self.run = Run { id: run.clone(), asked: asked.clone(), ..Run::default() };
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
                if self.run.running.is_empty() {
                    // Silence before that was not about a step.
                    self.spoke = self.spoke.max(*at);
                }
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
            Event::RecordDisputed { step, dispute } => {
                let text = dispute::warning(step, dispute);
                self.print(text);
            }
            Event::StepVerified { step, verification } => {
                if let Some(text) = verification::lines(step, verification) {
                    self.print(text);
                }
                self.run.verified.count(verification);
            }
            Event::Unchanged { since } => self.run.since = Some(since.clone()),
            Event::StepFinished { report, at } => self.finished(report, *at),
            Event::RunFinished { wall_us, totals, at, .. } => {
                self.now = *at;
                self.screen.end_live();
                let verified = self.run.verified.render();
                if !verified.is_empty() && self.options.mode != Mode::Quiet {
                    self.print(verified);
                }
                let end = ending::End { wall_us: *wall_us, totals, options: &self.options };
                let text = ending::render(&self.run, &end, &self.files, &self.style);
                self.print(text);
            }
        }
    }

    /// Tells the time, in milliseconds since 1970-01-01 UTC; call it about ten times a second.
    ///
    /// It redraws the bar. Without one, it names what runs after half a minute of silence, so
    /// that no CI service takes a long step for a dead one.
    pub fn tick(&mut self, now: u64) {
        self.now = self.now.max(now);
        match self.options.mode {
            Mode::Bar if self.run.total > 0 => {
                let lines = live::lines(&self.run, now, &self.style);
                self.screen.draw_live(&self.style.finish(lines.join("\n")));
            }
            Mode::Plain if self.now.saturating_sub(self.spoke) >= SILENCE => {
                if let Some(line) = live::heartbeat(&self.run, now, &self.style) {
                    self.print(line);
                }
            }
            Mode::Bar | Mode::Plain | Mode::Quiet => {}
        }
    }

    /// Follows a terminal whose width, in columns, has changed.
    pub fn resize(&mut self, width: u16) {
        self.style.width = width;
        self.screen.resize(width);
    }

    /// Writes lines that stay.
    fn print(&mut self, text: String) {
        self.spoke = self.now;
        self.screen.print(&self.style.finish(text));
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
                let shown = |line: &&str| format!("{name} {line}").trim_end().to_owned() + "\n";
                self.print(lines.iter().map(shown).collect());
            }
        }
    }

    fn finished(&mut self, report: &StepReport, at: u64) {
        self.now = self.now.max(at);
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
            self.print(line);
        }
        self.tick(at);
    }
}

#[cfg(test)]
mod tests;
