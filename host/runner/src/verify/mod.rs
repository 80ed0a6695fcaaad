//! Verify: executes steps again, usually and varied, and compares what comes of it.
//!
//! It happens after a run, from its last step to its first and with another number of steps at
//! once, so that order and parallelism are others, too. Each Action is made once more and must
//! be the one that the run reported: a step whose inputs changed meanwhile is not verified.
//! Tools are run again, too: no result of theirs is taken from a record.

mod compare;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use belljar_model::event::{Status, StepReport};
use belljar_model::ports::{
    Execution, ListingOrder, LogSink, Record, Request, Reuse, ToolRequest, ToolRun, Tools, Unheard,
    Variation,
};
use belljar_model::trust::{Cause, Verification};
use belljar_model::{Action, ActionResult, Capability, Class, Event, Fault, StepName, Trace};
use belljar_pipeline::{Plan, Step};

use crate::consult::prepare;
use crate::lookup::Key;
use crate::ports::{Ports, RunOptions};
use crate::veil::{Granted, cleared};

/// Stack of a thread in bytes, as for a run.
const STACK: usize = 8 << 20;

/// All that can be varied, at once: more than a year later, other numbers, listings from behind.
const VARIED: Variation =
    Variation { clock_ahead: 40_000_000, seed: 1, listing: ListingOrder::Reversed };

/// Executes steps of a plan again that have ended as `reports` says, and compares. Answers in the
/// order of the plan, for the `chosen` steps.
pub fn verify(
    ports: &Ports<'_>,
    plan: &Plan,
    options: &RunOptions,
    reports: &[StepReport],
    chosen: &BTreeSet<StepName>,
) -> Vec<(StepName, Verification)> {
    let reports = reports.iter().map(|report| (&report.step, report)).collect();
    let log: Arc<dyn LogSink> = Arc::new(Unheard);
    let verifier = Verifier { ports, plan, options, reports, log };
    let steps = plan.steps.iter().enumerate().filter(|(_, step)| chosen.contains(&step.name));
    let backwards: Vec<usize> = steps.map(|(index, _)| index).rev().collect();
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(&index) = backwards.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = verifier.step(index);
            ports.events.emit(Event::StepVerified {
                step: plan.steps[index].name.clone(),
                verification: Box::new(found.clone()),
            });
            answers.lock().unwrap_or_else(PoisonError::into_inner).insert(index, found);
        }
    };
    let threads = if options.jobs > 1 { options.jobs - 1 } else { 2 };
    thread::scope(|scope| {
        let spawned = (0..threads.min(backwards.len())).map_while(|_| {
            let thread = thread::Builder::new().name("verify".to_owned()).stack_size(STACK);
            thread.spawn_scoped(scope, work).ok()
        });
        if spawned.count() == 0 {
            work(); // a machine without a thread to spare still makes progress
        }
    });
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
    answers.map(|(index, found)| (plan.steps[index].name.clone(), found)).collect()
}

struct Verifier<'a> {
    ports: &'a Ports<'a>,
    plan: &'a Plan,
    options: &'a RunOptions,
    reports: BTreeMap<&'a StepName, &'a StepReport>,
    log: Arc<dyn LogSink>,
}

/// Runs tools although their results are known: what is on record is not what is asked.
struct Afresh(Arc<dyn Tools>);

impl Tools for Afresh {
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        self.0.run(&ToolRequest { reuse: Reuse::Denied, ..*request })
    }
}

/// A step is not verified, for a reason.
struct NotPossible(String);

impl From<&str> for NotPossible {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<Fault> for NotPossible {
    fn from(fault: Fault) -> Self {
        Self(fault.message)
    }
}

impl Verifier<'_> {
    fn step(&self, index: usize) -> Verification {
        self.compared(index).unwrap_or_else(|NotPossible(why)| Verification::NotPossible { why })
    }

    fn compared(&self, index: usize) -> Result<Verification, NotPossible> {
        let step = &*self.plan.steps[index];
        let report = self.reports.get(&step.name).ok_or("the run did not come to it")?;
        if !matches!(report.status, Status::Passed | Status::Failed) {
            return Err("it had no result".into());
        }
        match report.class {
            Class::Pure => {}
            Class::Exec => return self.tools_again(index, report),
            Class::Effect => return Err("it has effects, and is never executed for a test".into()),
        }
        let (action, key) = self.action(index, report)?;
        let (usual, trace) = self.execute(step, &action, Variation::default())?;
        let expected = expected(report, &usual);
        let differs =
            |found: &ActionResult| compare::difference(self.ports.blobs, &expected, found);
        if let Some(mut difference) = differs(&usual)? {
            difference.causes.push(Cause::Record);
            self.raise(step, key, &usual, &trace)?;
            return Ok(Verification::Differs(difference));
        }
        let (varied, _) = self.execute(step, &action, VARIED)?;
        let Some(mut difference) = differs(&varied)? else { return Ok(Verification::Same) };
        for (cause, variation) in ALONE {
            let (found, _) = self.execute(step, &action, variation)?;
            if differs(&found)?.is_some() {
                difference.causes.push(cause);
            }
        }
        if difference.causes.is_empty() {
            difference.causes.push(Cause::Together);
        }
        Ok(Verification::Differs(difference))
    }

    /// Executes a step that runs native tools once more, and them with it. They promise no equal
    /// results: that one made something else is said, and is no one's mistake.
    fn tools_again(&self, index: usize, report: &StepReport) -> Result<Verification, NotPossible> {
        let step = &*self.plan.steps[index];
        let outlives = |capability| matches!(capability, Capability::State | Capability::Network);
        if step.grants.iter().any(|at| outlives(at.grant.capability)) {
            let why = "its tools have state or the network, which another execution finds changed";
            return Err(why.into());
        }
        let (action, _) = self.action(index, report)?;
        let (usual, _) = self.execute(step, &action, Variation::default())?;
        let expected = expected(report, &usual);
        let found = compare::difference(self.ports.blobs, &expected, &usual)?;
        let Some(found) = found else { return Ok(Verification::Same) };
        let what = match (&found.first_byte, found.contradictions.first()) {
            (Some((path, byte)), _) => format!("another `{path}`, from byte {byte} on"),
            (None, Some(contradiction)) => format!("something else ({contradiction})"),
            (None, None) => "something else".to_owned(),
        };
        Err(NotPossible(format!("`{}` ran its tools again, and they made {what}", step.name)))
    }

    /// The Action of a step, which must be the one that the run reported.
    fn action(&self, index: usize, report: &StepReport) -> Result<(Action, Key), NotPossible> {
        let step = &*self.plan.steps[index];
        let needs = self.plan.needs[index].iter().map(|&need| {
            let need = self.reports.get(&self.plan.steps[need].name);
            need.map(|need| &*need.outputs).ok_or("a step that it needs is not in the run")
        });
        let needs = needs.collect::<Result<Vec<_>, _>>()?;
        let plugin = self.options.plugin_of(step)?;
        let action = prepare(self.ports, step, plugin, needs, self.options)?;
        let key = Key::of(&action);
        if report.action != Some(key.action) {
            return Err("its inputs are others now than when it ran".into());
        }
        Ok((action, key))
    }

    fn execute(
        &self,
        step: &Step,
        action: &Action,
        variation: Variation,
    ) -> Result<(ActionResult, Trace), NotPossible> {
        if self.options.cancel.is_asked() {
            return Err("the run was cancelled".into());
        }
        let granted = Granted::of(self.ports, &step.name, action)?;
        let tools: Arc<dyn Tools> = Arc::new(Afresh(granted.tools));
        let execution = self.ports.executor.execute(&Request {
            step: &step.name,
            action,
            limits: &step.limits,
            cancel: &self.options.cancel,
            log: &self.log,
            tools: &tools,
            secrets: &granted.secrets,
            variation,
        });
        let execution = cleared(&self.ports.veil.mask(), action, execution);
        let Execution { outcome, trace, .. } = execution;
        Ok((outcome?, trace))
    }

    /// Puts what the usual execution made beside the record: the cache sees that they differ.
    fn raise(
        &self,
        step: &Step,
        key: Key,
        result: &ActionResult,
        trace: &Trace,
    ) -> Result<(), Fault> {
        let Key { action, family } = key;
        let disputed = self.ports.cache.put(Record { action, family, result, trace })?;
        if let Some(dispute) = disputed {
            let (step, dispute) = (step.name.clone(), Box::new(dispute));
            self.ports.events.emit(Event::RecordDisputed { step, dispute });
        }
        Ok(())
    }
}

/// Each thing that can be varied, alone.
const ALONE: [(Cause, Variation); 3] = {
    let usual = Variation { clock_ahead: 0, seed: 0, listing: ListingOrder::Sorted };
    [
        (Cause::Clock, Variation { clock_ahead: VARIED.clock_ahead, ..usual }),
        (Cause::Seed, Variation { seed: VARIED.seed, ..usual }),
        (Cause::Listing, Variation { listing: VARIED.listing, ..usual }),
    ]
};

/// What a run reported, as a result. What a report does not say is as it is now.
fn expected(report: &StepReport, usual: &ActionResult) -> ActionResult {
    let passed = report.status == Status::Passed;
    let verdict =
        if passed == usual.passed() { usual.verdict.clone() } else { compare::verdict_of(report) };
    ActionResult { verdict, outputs: report.outputs.clone(), ..usual.clone() }
}
