//! Shown: the console as a reader of the event stream.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use belljar_disk::Root;
use belljar_model::diagnostic::Label;
use belljar_model::ports::Clock as _;
use belljar_model::{Event, Fault};
use belljar_pipeline::{Pipeline, Place, Places};
use belljar_report::console::{Console, ConsoleOptions, Mode, ShownLogs};

use crate::args::{Logs, Progress};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::project::Project;
use crate::stream::Reader;
use crate::terminal::{self, Terminal};

/// The console, with a clock and the width of the terminal.
pub(crate) struct Shown {
    console: Console,
    clock: SystemClock,
}

impl Reader for Shown {
    fn read(&mut self, event: &Event) {
        self.console.read(event);
    }

    fn tick(&mut self) {
        self.console.resize(terminal::width());
        self.console.tick(self.clock.now_ms());
    }
}

/// Makes the console of a run, on stderr.
pub(crate) fn console(
    (progress, logs): (Progress, Logs),
    terminal: &Terminal,
    project: &Project,
) -> Result<Shown, CommandError> {
    let options = options((progress, logs), terminal);
    let console = Console::new(Box::new(std::io::stderr()), terminal.err, options)
        .with_source(source(&project.root)?)
        .with_places(places(&project.pipeline));
    Ok(Shown { console, clock: SystemClock::start() })
}

/// What the user chose to see.
pub(crate) fn options((progress, logs): (Progress, Logs), terminal: &Terminal) -> ConsoleOptions {
    let mode = if terminal.wants_bar(progress) {
        Mode::Bar
    } else if progress == Progress::None || terminal.quiet {
        Mode::Quiet
    } else {
        Mode::Plain
    };
    let logs = match logs {
        Logs::Failed => ShownLogs::Failed,
        Logs::All => ShownLogs::All,
        Logs::None => ShownLogs::None,
    };
    ConsoleOptions { mode, logs }
}

/// Reads files of the workspace for excerpts.
pub(crate) fn source(
    root: &Path,
) -> Result<impl Fn(&str) -> Option<String> + Send + use<>, CommandError> {
    let root = Root::open(root).context("the workspace cannot be read")?;
    Ok(move |path: &str| String::from_utf8(root.read(path).ok()?).ok())
}

/// Finds the places in the pipeline file that a fault of a step comes from: the wrong values of
/// its `with`, or its heading.
fn places(pipeline: &Pipeline) -> impl Fn(&str, &Fault) -> Vec<Label> + Send + use<> {
    let steps: BTreeMap<String, (Place, std::sync::Arc<Places>)> = pipeline
        .steps
        .iter()
        .map(|step| (step.name.to_string(), (step.at.clone(), step.places.clone())))
        .collect();
    move |step, fault| {
        let Some((at, places)) = steps.get(step) else { return Vec::new() };
        let problem = |problem: &belljar_model::fault::ConfigProblem| {
            let place = places.config(&problem.pointer).map_or(at, |field| &field.value);
            place.label(problem.message.clone())
        };
        let problems: Vec<_> = fault.config_problems.iter().map(problem).collect();
        if problems.is_empty() { vec![at.label("")] } else { problems }
    }
}
