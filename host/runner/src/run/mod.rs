//! Run: drives a Schedule with worker threads until every step of a Plan has settled.

mod board;
mod deliver;
mod perform;
mod spans;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use belljar_model::event::{LogLine, PlannedStep, SCHEMA};
use belljar_model::ports::{EventSink, LogSink};
use belljar_model::trust::Verification;
use belljar_model::{Event, OutputFile, StepName};
use belljar_pipeline::Plan;
use tracing::trace_span;

use crate::flight::Flights;
use crate::ports::{Afterwards, Ports, RunOptions, Settled};
use crate::schedule::Schedule;
use crate::summary::RunSummary;
use crate::veil::{self, VeiledEvents};
use crate::verify::verify;
use board::Board;
pub(crate) use spans::source;

/// How many steps are asked for one by one, and not by a look at all that the workspace ever ran.
const FEW: usize = 16;

/// Stack of a worker thread in bytes: an Executor may compile or interpret deeply nested code.
const STACK: usize = 8 << 20;

/// Runs a plan and returns what became of each step.
///
/// Whatever goes wrong with one step, a panic in a port included, is that step's fault and no
/// other's: it is in its report, and the results of other steps are kept.
pub fn run(ports: &Ports<'_>, plan: &Plan, options: &RunOptions) -> RunSummary {
    let _span = trace_span!("run", steps = plan.len()).entered();
    let started = ports.clock.elapsed();
    let run = Run::new(ports, plan, options);
    run.announce();
    thread::scope(|scope| {
        let workers = options.jobs.clamp(1, plan.len().max(1));
        let spawned = (0..workers).map_while(|_| {
            let thread = thread::Builder::new().name("step".to_owned()).stack_size(STACK);
            thread.spawn_scoped(scope, || run.work()).ok()
        });
        if spawned.count() == 0 {
            run.work(); // a machine without a thread to spare still makes progress
        }
    });
    let Run { board, events, .. } = run;
    let settled = options.settled.as_ref().map(|settled| settled.totals);
    let mut summary = RunSummary::of(board.into_reports(), settled.unwrap_or_default());
    if options.afterwards == Afterwards::Verify {
        let all = plan.steps.iter().map(|step| step.name.clone()).collect();
        let found = verify(ports, plan, options, &summary.reports, &all);
        let differs = |(_, found): &(_, Verification)| matches!(found, Verification::Differs(_));
        if summary.exit_code == 0 && found.iter().any(differs) {
            summary.exit_code = 1;
        }
    }
    let wall = ports.clock.elapsed().saturating_sub(started);
    events.emit(Event::RunFinished {
        at: ports.clock.now_ms(),
        wall_us: micros(wall),
        totals: summary.totals,
        exit_code: summary.exit_code,
    });
    summary
}

/// One run: what does not change, and the board of what does.
struct Run<'a> {
    ports: &'a Ports<'a>,
    plan: &'a Plan,
    options: &'a RunOptions,
    expected_us: Vec<Option<u64>>,
    /// Takes Events, and lets no value of a secret through.
    events: Arc<dyn EventSink>,
    log: Arc<dyn LogSink>,
    flights: Flights,
    board: Board,
}

impl<'a> Run<'a> {
    fn new(ports: &'a Ports<'a>, plan: &'a Plan, options: &'a RunOptions) -> Self {
        let expected_us = expected_us(ports, plan);
        let schedule = Schedule::new(&plan.needs, &expected_us, options.on_failure);
        let (inner, veil) = (Arc::clone(ports.events), ports.veil.clone());
        let events: Arc<dyn EventSink> = Arc::new(VeiledEvents { inner, veil });
        let log = Arc::new(LogToEvents(Arc::clone(&events)));
        let (flights, board) = (Flights::default(), Board::new(schedule, plan.len()));
        Self { ports, plan, options, expected_us, events, log, flights, board }
    }

    fn announce(&self) {
        self.emit(Event::RunStarted {
            schema: SCHEMA.to_owned(),
            run: self.options.run_id.clone(),
            at: self.ports.clock.now_ms(),
            host: env!("CARGO_PKG_VERSION").to_owned(),
            asked: self.options.asked.clone(),
        });
        let planned = self.plan.steps.iter().enumerate().map(|(index, step)| PlannedStep {
            name: step.name.clone(),
            needs: step.needs.clone(),
            expected_us: self.expected_us[index],
        });
        self.emit(Event::Planned { steps: planned.collect() });
        if let Some(Settled { since, totals, .. }) = &self.options.settled
            && totals.steps > 0
        {
            self.emit(Event::Unchanged { since: since.clone() });
        }
    }

    /// What the steps have made that a step needs, in the order of its needs.
    fn made(&self, index: usize) -> Vec<Arc<[OutputFile]>> {
        let mut planned = self.plan.needs[index].iter().peekable();
        let mut made = Vec::with_capacity(self.plan.steps[index].needs.len());
        for name in &self.plan.steps[index].needs {
            if let Some(&need) = planned.next_if(|&&need| self.plan.steps[need].name == *name) {
                made.push(self.board.outputs(need));
            } else if let Some(settled) = &self.options.settled {
                made.extend(settled.outputs.get(name).map(Arc::clone));
            }
        }
        made
    }

    /// Does steps until none is left that could start.
    fn work(&self) {
        while let Some(index) = self.board.take(self) {
            let report = perform::perform(self, index);
            let report = veil::of_report(&self.ports.veil.mask(), report);
            self.emit(Event::StepFinished {
                at: self.ports.clock.now_ms(),
                report: Box::new(report.clone()),
            });
            self.board.settle(self, index, report);
        }
    }

    /// Hands out an Event. A sink that panics loses it, and nothing else.
    fn emit(&self, event: Event) {
        let emitted = catch_unwind(AssertUnwindSafe(|| self.events.emit(event)));
        drop(emitted);
    }
}

/// How long each step took the last time, as far as it is known. That only chooses an order and is
/// shown to people: a run that cannot know it is slower, not wrong.
fn expected_us(ports: &Ports<'_>, plan: &Plan) -> Vec<Option<u64>> {
    let names = plan.steps.iter().map(|step| &step.name);
    if plan.len() <= FEW {
        let last = |name: &StepName| Some(ports.cache.history(name).ok()?.first()?.wall_us);
        return names.map(last).collect();
    }
    let durations = ports.cache.durations().unwrap_or_default();
    names.map(|name| durations.get(name).copied()).collect()
}

/// Sends the lines of running steps where all else goes.
struct LogToEvents(Arc<dyn EventSink>);

impl LogSink for LogToEvents {
    fn line(&self, step: &StepName, line: &LogLine) {
        self.0.emit(Event::StepLog { step: step.clone(), line: line.clone() });
    }
}

fn micros(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
