//! Schedule: the pure state machine that says which step may start.
//!
//! It knows steps by their index in one Plan, needs by index, and durations by guess; it knows
//! no threads and no time. All of a run together costs O(E + N log N) for N steps and E needs.

mod priority;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use priority::priorities;

/// Where one step is in its life. Moves only downwards in this list, and ends in one of the last
/// five states.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepState {
    /// Not all the steps that it needs have passed.
    Waiting,
    /// All that it needs has passed, and it waits for a free worker.
    Ready,
    /// A worker looks it up or executes it.
    Running,
    /// It passed: its outputs are in place, from the cache or from an execution.
    Done,
    /// It ended with the project at fault.
    Failed,
    /// It ended without a result.
    Errored,
    /// It will never start: a step that it needs did not pass, or the run stopped before it.
    Skipped,
    /// It was running when the run was cancelled.
    Cancelled,
}

impl StepState {
    /// Whether the step will not change any more.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Waiting | Self::Ready | Self::Running)
    }
}

/// How a running step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// The project is at fault.
    Failed,
    /// There is no result.
    Errored,
    /// It stopped because the run was cancelled.
    Cancelled,
}

/// What a failure means for the steps that do not depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnFailure {
    /// Running steps end, no other step starts (`--fail-fast`).
    Stop,
    /// Every step that does not need the failed one still runs (`--keep-going`).
    KeepGoing,
}

/// A step that will never start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Skip {
    /// Which step.
    pub step: usize,
    /// The step that did not pass; `None` if the run was cancelled.
    pub because: Option<usize>,
}

/// Which steps of one Plan may start, and in which order.
#[derive(Debug)]
pub struct Schedule {
    states: Vec<StepState>,
    /// For each step, how many needs have not passed yet.
    missing: Vec<usize>,
    /// For each step, the steps that need it; as often as they name it.
    dependents: Vec<Vec<usize>>,
    priorities: Vec<u64>,
    /// The ready steps; among equals the first of the plan is the greatest.
    ready: BinaryHeap<(u64, Reverse<usize>)>,
    on_failure: OnFailure,
    unsettled: usize,
}

impl Schedule {
    /// Prepares a run. `needs[i]` are the steps that step `i` needs, all before `i`;
    /// `expected_us[i]` is how long it took the last time, in microseconds.
    ///
    /// # Panics
    /// When the lists differ in length, or a step needs one that does not come before it.
    pub fn new(needs: &[Vec<usize>], expected_us: &[Option<u64>], on_failure: OnFailure) -> Self {
        assert_eq!(needs.len(), expected_us.len(), "every step has an expectation");
        let mut dependents = vec![Vec::new(); needs.len()];
        for (step, needs) in needs.iter().enumerate() {
            for &need in needs {
                assert!(need < step, "a plan is in an order in which needs come first");
                dependents[need].push(step);
            }
        }
        let mut schedule = Self {
            states: vec![StepState::Waiting; needs.len()],
            missing: needs.iter().map(Vec::len).collect(),
            priorities: priorities(&dependents, expected_us),
            dependents,
            ready: BinaryHeap::new(),
            on_failure,
            unsettled: needs.len(),
        };
        for step in 0..needs.len() {
            if schedule.missing[step] == 0 {
                schedule.make_ready(step);
            }
        }
        schedule
    }

    /// Starts the ready step at the head of the longest path, if any step is ready.
    pub fn start_next(&mut self) -> Option<usize> {
        let (_, Reverse(step)) = self.ready.pop()?;
        self.states[step] = StepState::Running;
        Some(step)
    }

    /// Ends a running step and returns the steps that will never start because of it.
    ///
    /// # Panics
    /// When the step is not running.
    pub fn finish(&mut self, step: usize, outcome: Outcome) -> Vec<Skip> {
        assert_eq!(self.states[step], StepState::Running, "only a running step can end");
        self.settle(
            step,
            match outcome {
                Outcome::Passed => StepState::Done,
                Outcome::Failed => StepState::Failed,
                Outcome::Errored => StepState::Errored,
                Outcome::Cancelled => StepState::Cancelled,
            },
        );
        match (outcome, self.on_failure) {
            (Outcome::Passed, _) => {
                self.release_dependents(step);
                Vec::new()
            }
            (_, OnFailure::KeepGoing) => self.skip_dependents(step),
            (_, OnFailure::Stop) => self.skip_all(Some(step)),
        }
    }

    /// Starts no more steps, and returns those that will never start. Running steps still have
    /// to be finished.
    pub fn cancel(&mut self) -> Vec<Skip> {
        self.skip_all(None)
    }

    /// Whether no step will change any more.
    pub const fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    /// Where a step is in its life.
    pub fn state(&self, step: usize) -> StepState {
        self.states[step]
    }

    /// How long the run still takes from the start of a step on, at best, in microseconds.
    pub fn priority(&self, step: usize) -> u64 {
        self.priorities[step]
    }

    /// How many steps could start now.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    fn make_ready(&mut self, step: usize) {
        self.states[step] = StepState::Ready;
        self.ready.push((self.priorities[step], Reverse(step)));
    }

    fn settle(&mut self, step: usize, state: StepState) {
        self.states[step] = state;
        self.unsettled -= 1;
    }

    fn release_dependents(&mut self, step: usize) {
        for at in 0..self.dependents[step].len() {
            let dependent = self.dependents[step][at];
            self.missing[dependent] -= 1;
            if self.missing[dependent] == 0 && self.states[dependent] == StepState::Waiting {
                self.make_ready(dependent);
            }
        }
    }

    fn skip_dependents(&mut self, failed: usize) -> Vec<Skip> {
        let mut skips = Vec::new();
        let mut open = vec![failed];
        while let Some(step) = open.pop() {
            for at in 0..self.dependents[step].len() {
                let dependent = self.dependents[step][at];
                if self.states[dependent] == StepState::Waiting {
                    self.settle(dependent, StepState::Skipped);
                    skips.push(Skip { step: dependent, because: Some(failed) });
                    open.push(dependent);
                }
            }
        }
        skips.sort_by_key(|skip| skip.step);
        skips
    }

    fn skip_all(&mut self, because: Option<usize>) -> Vec<Skip> {
        if self.unsettled == 0 {
            return Vec::new();
        }
        self.ready.clear();
        let mut skips = Vec::new();
        for step in 0..self.states.len() {
            if matches!(self.states[step], StepState::Waiting | StepState::Ready) {
                self.settle(step, StepState::Skipped);
                skips.push(Skip { step, because });
            }
        }
        skips
    }
}
