//! Execution: one run of a plan, with everyone who reads its events.

use anyhow::Context as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use belljar_model::finding::TestStatus;
use belljar_model::ports::{Cancel, Clock, EventSink};
use belljar_model::{Blame, Event, Fault};
use belljar_pipeline::Plan;
use belljar_runner::{
    Afterwards, FileRead, ForceMode, OnDispute, OnFailure, RunOptions, RunSummary, Settled,
};
use tracing::trace_span;

use crate::args::{Logs, Progress};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::lock;
use crate::opening::{most_jobs, processors};
use crate::recording::{Recordings, new_id};
use crate::session::{Session, ToolsOf};
use crate::shown;
use crate::stream::{self, JsonLines, Reader};
use crate::terminal::Terminal;

/// How a plan is to be run.
pub(crate) struct Manner {
    /// How many steps may run at once; `None` for one per processor.
    pub(crate) jobs: Option<usize>,
    /// What to do after a failure.
    pub(crate) on_failure: OnFailure,
    /// Which steps are executed even if the cache could serve them.
    pub(crate) force: ForceMode,
    /// What a contradiction with a record means.
    pub(crate) on_dispute: OnDispute,
    /// What is done when all steps have ended.
    pub(crate) afterwards: Afterwards,
    /// How progress is shown.
    pub(crate) progress: Progress,
    /// Whose log lines are shown.
    pub(crate) logs: Logs,
    /// The steps as they were asked for.
    pub(crate) asked: Vec<String>,
    /// The steps that are not in the plan because nothing changed for them.
    pub(crate) settled: Option<Settled>,
    /// Whether a list of every file that was read is wanted.
    pub(crate) evidence: Evidence,
    /// Asked while it runs.
    pub(crate) cancel: Cancel,
}

/// Whether a list of every file that was read is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It is, if all steps pass.
    Wanted,
    /// It is not.
    Unwanted,
}

/// What came of a run.
pub(crate) struct Executed {
    /// The run's id.
    pub(crate) run: String,
    /// What came of its steps.
    pub(crate) summary: RunSummary,
    /// Whether nothing was found, no test failed, and no record was contradicted.
    pub(crate) had_nothing_to_tell: bool,
    /// Every file that was read, if that was wanted, all steps passed, and it is known.
    pub(crate) evidence: Option<Vec<FileRead>>,
}

/// Runs a plan. `readers` take its events, after the recording and before the console.
///
/// # Errors
/// When the run cannot be begun, recorded or ended. A step that fails is no error.
pub(crate) fn execute(
    session: &Session,
    plan: &Plan,
    manner: Manner,
    readers: Vec<Box<dyn Reader>>,
    terminal: &Terminal,
) -> Result<Executed, CommandError> {
    trace_span!("settle the lock file")
        .in_scope(|| lock::settle(session, lock::Writing::Allowed, terminal))?;
    let clock = SystemClock::start();
    let toolset =
        trace_span!("look at tools").in_scope(|| session.toolset(ToolsOf::Plan(plan), terminal))?;
    let options = RunOptions {
        run_id: new_id(),
        jobs: jobs(manner.jobs, terminal),
        on_failure: manner.on_failure,
        force: manner.force,
        on_dispute: manner.on_dispute,
        afterwards: manner.afterwards,
        cancel: manner.cancel,
        environment: Session::environment(plan),
        plugins: session.run_plugins(),
        tools: toolset.granted(),
        shortfalls: toolset.shortfalls(),
        settled: manner.settled,
        asked: manner.asked,
    };
    let recordings = Recordings::open(&session.state)?;
    let since = options.settled.as_ref().map(|settled| settled.since.as_str());
    let recording = recordings.start(&options.run_id, clock.now_ms(), since)?;
    let telling = Arc::new(AtomicBool::new(false));
    let mut all: Vec<Box<dyn Reader>> = vec![Box::new(JsonLines::new(recording))];
    all.push(Box::new(Telling(Arc::clone(&telling))));
    all.extend(readers);
    let console = shown::console((manner.progress, manner.logs), terminal, &session.project)?;
    all.push(Box::new(console));

    let tools = session.tool_runner(toolset, &options);
    let (events, feeding) = stream::start(all)?;
    let events: Arc<dyn EventSink> = Arc::new(events);
    let secrets = session.secrets();
    let ports = session.ports(&tools, &secrets, &events, &clock);
    let summary = belljar_runner::run(&ports, plan, &options);
    let wanted = manner.evidence == Evidence::Wanted && summary.exit_code == 0;
    if !wanted && let Some(workers) = &session.workers {
        workers.dismiss(); // they end while all is made durable
    }
    let evidence = wanted.then(|| belljar_runner::evidence(&ports, plan, &options, &summary));
    drop(events);
    let told = trace_span!("wait for the recording").in_scope(|| feeding.end());
    told.context("the events of the run could not be shown")?;
    session.finish()?;
    trace_span!("prune recordings").in_scope(|| recordings.prune())?;
    let evidence = evidence.map_or(Ok(None), |evidence| told_if_missing(evidence, terminal))?;
    let had_nothing_to_tell = !telling.load(Ordering::Relaxed);
    Ok(Executed { run: options.run_id, summary, had_nothing_to_tell, evidence })
}

/// What was made is as good as ever if the list of what was read is missing. That it is, is said
/// here and later.
fn told_if_missing(
    evidence: Result<Vec<FileRead>, Fault>,
    terminal: &Terminal,
) -> Result<Option<Vec<FileRead>>, CommandError> {
    match evidence {
        Err(fault) if fault.blame == Blame::Infrastructure => {
            terminal.remark(&belljar_report::fault::render_fault(None, &fault, &terminal.err));
            Ok(None)
        }
        evidence => Ok(Some(evidence?)),
    }
}

/// Notices what a person would miss if it was not told again.
struct Telling(Arc<AtomicBool>);

impl Reader for Telling {
    fn read(&mut self, event: &Event) {
        let tells = match event {
            Event::StepFinding { .. } | Event::RecordDisputed { .. } => true,
            Event::StepTest { test, .. } => {
                matches!(test.status, TestStatus::Failed | TestStatus::Errored)
            }
            _ => false,
        };
        if tells {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// How many steps may run at once: as asked, within what there is room for.
fn jobs(asked: Option<usize>, terminal: &Terminal) -> usize {
    let asked = asked.unwrap_or_else(processors).max(1);
    if asked > most_jobs() {
        terminal.remark(&format!("warning: {asked} steps at once are too many: {}", most_jobs()));
    }
    asked.min(most_jobs())
}
