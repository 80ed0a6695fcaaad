//! Board: what all workers of a run share, behind one lock that nobody holds while working.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use belljar_model::event::{Status, StepReport};
use belljar_model::{Event, OutputFile};

use super::{Run, perform};
use crate::schedule::{Outcome, Schedule, Skip};

/// The Schedule, and what became of the steps that have settled.
pub(super) struct Board {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    schedule: Schedule,
    reports: Vec<Option<StepReport>>,
    /// What each step that passed has made.
    outputs: Vec<Arc<[OutputFile]>>,
}

impl Board {
    pub(super) fn new(schedule: Schedule, steps: usize) -> Self {
        let (reports, outputs) = (vec![None; steps], vec![Arc::from([]); steps]);
        Self { state: Mutex::new(State { schedule, reports, outputs }), moved: Condvar::new() }
    }

    /// Waits for a step to start; `None` when none will ever be.
    pub(super) fn take(&self, run: &Run<'_>) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if run.options.cancel.is_asked() {
                let skips = state.schedule.cancel();
                state.skip(run, &skips);
            }
            if let Some(step) = state.schedule.start_next() {
                return Some(step);
            }
            if state.schedule.is_settled() {
                self.moved.notify_all();
                return None;
            }
            // Some step is running; its end wakes us.
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends a running step.
    pub(super) fn settle(&self, run: &Run<'_>, index: usize, report: StepReport) {
        let outcome = match report.status {
            Status::Passed => Outcome::Passed,
            Status::Failed => Outcome::Failed,
            Status::Errored | Status::Skipped => Outcome::Errored,
            Status::Cancelled => Outcome::Cancelled,
        };
        let mut state = self.lock();
        state.outputs[index] = report.outputs.clone().into();
        state.reports[index] = Some(report);
        let skips = state.schedule.finish(index, outcome);
        state.skip(run, &skips);
        drop(state);
        self.moved.notify_all();
    }

    /// What a step has made.
    pub(super) fn outputs(&self, step: usize) -> Arc<[OutputFile]> {
        Arc::clone(&self.lock().outputs[step])
    }

    /// Takes all reports, in the order of the plan.
    pub(super) fn into_reports(self) -> Vec<StepReport> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let reports = state.reports.into_iter();
        reports.map(|report| report.expect("a settled schedule has settled every step")).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic changes the state half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn skip(&mut self, run: &Run<'_>, skips: &[Skip]) {
        for Skip { step, because } in skips {
            let because = because.map(|because| run.plan.steps[because].name.clone());
            let mut report = perform::blank(run, *step);
            report.summary = match &because {
                Some(failed) => format!("`{failed}` did not pass"),
                None => "the run was cancelled before it".to_owned(),
            };
            report.skipped_for = because;
            run.emit(Event::StepFinished {
                at: run.ports.clock.now_ms(),
                report: Box::new(report.clone()),
            });
            self.reports[*step] = Some(report);
        }
    }
}
