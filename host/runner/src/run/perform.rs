//! Perform: one step from its turn to its report.

use std::panic::{AssertUnwindSafe, catch_unwind};

use belljar_model::event::{Source, Status, StepReport};
use belljar_model::fault::Blame;
use belljar_model::ports::{Execution, Past, Record, Request, Variation, keep_log};
use belljar_model::{
    Action, ActionResult, Class, Cost, Dispute, Event, Fault, MissReason, Origin, Trace,
};
use belljar_pipeline::Step;
use tracing::{Span, trace_span};

use super::deliver::deliver;
use super::spans;
use super::{Run, micros};
use crate::consult::{consult, prepare};
use crate::hints;
use crate::lookup::{Hit, Key, Shelf};
use crate::ports::{DEFECT, DISPUTED, OnDispute};
use crate::veil::{Granted, cleared};

/// Looks a step up or executes it, and says what became of it.
pub(super) fn perform(run: &Run<'_>, index: usize) -> StepReport {
    let span = spans::step(&run.plan.steps[index].name).entered();
    let started = run.ports.clock.elapsed();
    let mut report = blank(run, index);
    let proceeded = catch_unwind(AssertUnwindSafe(|| proceed(run, index, (&span, &mut report))));
    if let Err(fault) = proceeded.unwrap_or_else(|panic| Err(defect(panic.as_ref()))) {
        let cancelled = fault.blame == Blame::Cancelled;
        report.status = if cancelled { Status::Cancelled } else { Status::Errored };
        report.source = None;
        report.outputs.clear();
        report.summary.clone_from(&fault.message);
        report.fault = Some(fault);
    }
    report.wall_us = micros(run.ports.clock.elapsed().saturating_sub(started));
    spans::settled(&span, &report);
    report
}

/// The report of a step that has not started.
pub(super) fn blank(run: &Run<'_>, index: usize) -> StepReport {
    let step = &run.plan.steps[index];
    let plugin = run.options.plugin_of(step).ok();
    StepReport {
        step: step.name.clone(),
        status: Status::Skipped,
        source: None,
        summary: String::new(),
        plugin: plugin.map_or_else(|| step.uses.clone(), |plugin| plugin.label.clone()),
        class: plugin.map_or(Class::Pure, |plugin| plugin.class),
        action: None,
        miss: Vec::new(),
        attempts: 0,
        wall_us: 0,
        cost: Cost::default(),
        outputs: Vec::new(),
        log: None,
        fault: None,
        skipped_for: None,
        isolation: None,
        origin: None,
        tools: Vec::new(),
    }
}

fn proceed(
    run: &Run<'_>,
    index: usize,
    (span, report): (&Span, &mut StepReport),
) -> Result<(), Fault> {
    let step = &*run.plan.steps[index];
    let plugin = run.options.plugin_of(step)?;
    let made = run.made(index);
    let needs = made.iter().map(|outputs| &**outputs).collect();
    let action = prepare(run.ports, step, plugin, needs, run.options)?;
    let key = trace_span!("key").in_scope(|| Key::of(&action));
    report.action = Some(key.action);
    report.class = action.class;
    let _flight = trace_span!("wait for an equal step").in_scope(|| run.flights.board(key.action));
    let turn = Turn { run, step, action: &action, key, span };
    let miss = match turn.look()? {
        Ok(hit) => match turn.restore(&hit.result)? {
            Ok(()) => {
                let Hit { result, source, trace, origin } = hit;
                report.origin = origin;
                if let Some(trace) = &trace {
                    spans::observed(span, trace);
                }
                return deliver(&turn, result, source, trace.as_ref(), report);
            }
            Err(miss) => vec![miss],
        },
        Err(miss) => miss,
    };
    if run.options.cancel.is_asked() {
        report.status = Status::Cancelled;
        "the run was cancelled before it could start".clone_into(&mut report.summary);
        return Ok(());
    }
    report.miss = miss;
    let (result, trace) = turn.execute(report)?;
    deliver(&turn, result, Source::Executed, Some(&trace), report)
}

/// One step whose Action is known.
pub(super) struct Turn<'t, 'a> {
    pub(super) run: &'t Run<'a>,
    pub(super) step: &'t Step,
    pub(super) action: &'t Action,
    pub(super) key: Key,
    span: &'t Span,
}

impl Turn<'_, '_> {
    /// Returns a hit, or why there is none.
    fn look(&self) -> Result<Result<Hit, Vec<MissReason>>, Fault> {
        let _span = trace_span!("look up").entered();
        let Run { ports, options, .. } = self.run;
        let found = consult(ports, self.step, self.action, &self.key, options)?;
        if let Ok(Hit { result, source: Source::ObservedHit, trace: Some(trace), origin }) = &found
            && self.may_vouch_for(origin.as_ref())
        {
            self.record(result, trace)?; // the next lookup is exact
        }
        Ok(found)
    }

    /// Puts the outputs of a hit in place. A blob that turns out to be damaged while it is read
    /// is gone from the store; then the hit is none, and the step is executed.
    fn restore(&self, result: &ActionResult) -> Result<Result<(), MissReason>, Fault> {
        let Run { ports, .. } = self.run;
        if !result.passed() || result.outputs.is_empty() {
            return Ok(Ok(()));
        }
        let _span = trace_span!("restore outputs", files = result.outputs.len()).entered();
        match ports.write_back.write_back(&result.outputs) {
            Ok(_) => Ok(Ok(())),
            Err(fault) => {
                match (Shelf { cache: ports.cache, blobs: ports.blobs }).first_missing(result) {
                    Some(path) => Ok(Err(MissReason::BlobMissing { path })),
                    None => Err(fault),
                }
            }
        }
    }

    /// Executes the Action, again if that may help, and records what came of it.
    fn execute(&self, report: &mut StepReport) -> Result<(ActionResult, Trace), Fault> {
        loop {
            let Execution { outcome, trace, log, cost, tools } = self.attempt(report);
            (report.cost, report.tools) = (cost, tools);
            spans::observed(self.span, &trace);
            report.log = keep_log(self.run.ports.blobs, &log)?;
            match outcome {
                Ok(mut result) => {
                    (result.log, result.cost) = (report.log, cost);
                    let unrecorded = if self.action.class == Class::Effect {
                        Some("was not cacheable".to_owned())
                    } else {
                        self.record(&result, &trace)?;
                        None
                    };
                    self.remember(cost, unrecorded)?;
                    return Ok((result, trace));
                }
                Err(fault) if self.may_try_again(&fault, report.attempts) => {}
                Err(fault) => {
                    self.remember(cost, Some(how_it_ended(&fault)))?;
                    let fault = hints::undeclared(fault, self.step, &trace, self.run.ports.inputs);
                    return Err(fault);
                }
            }
        }
    }

    fn attempt(&self, report: &mut StepReport) -> Execution {
        report.attempts += 1;
        self.run.emit(Event::StepStarted {
            step: self.step.name.clone(),
            at: self.run.ports.clock.now_ms(),
            plugin: report.plugin.clone(),
            miss: report.miss.clone(),
            attempt: report.attempts,
        });
        let Run { ports, options, log, .. } = self.run;
        let granted = match Granted::of(ports, &self.step.name, self.action) {
            Ok(granted) => granted,
            Err(fault) => return unstarted(fault),
        };
        let _span = trace_span!("execute", attempt = report.attempts).entered();
        let execution = ports.executor.execute(&Request {
            step: &self.step.name,
            action: self.action,
            limits: &self.step.limits,
            cancel: &options.cancel,
            log,
            tools: &granted.tools,
            secrets: &granted.secrets,
            variation: Variation::default(),
        });
        cleared(&ports.veil.mask(), self.action, execution)
    }

    /// Trying again can only help against what is not the project's doing.
    fn may_try_again(&self, fault: &Fault, attempts: u32) -> bool {
        matches!(fault.blame, Blame::Plugin | Blame::Infrastructure)
            && attempts <= self.step.retries
            && !self.run.options.cancel.is_asked()
    }

    /// Whether a record may be copied under our name: only what this machine itself wrote, with
    /// no less behind it. Else a copy would outlive the trust in its writer.
    fn may_vouch_for(&self, origin: Option<&Origin>) -> bool {
        origin.is_none_or(|origin| {
            origin.name.is_none() && Some(origin.level) >= self.run.ports.cache.level()
        })
    }

    fn record(&self, result: &ActionResult, trace: &Trace) -> Result<(), Fault> {
        let _span = trace_span!("record").entered();
        let Key { action, family } = self.key;
        let disputed = self.run.ports.cache.put(Record { action, family, result, trace })?;
        let Some(dispute) = disputed else { return Ok(()) };
        // A tool promises no equal results, so what it makes is told of and goes on.
        let refused = match self.run.options.on_dispute {
            OnDispute::Refuse if self.action.class == Class::Pure => {
                Err(disputed_fault(self.step, &dispute))
            }
            OnDispute::Refuse | OnDispute::Tell => Ok(()),
        };
        let (step, dispute) = (self.step.name.clone(), Box::new(dispute));
        self.run.emit(Event::RecordDisputed { step, dispute });
        refused
    }

    fn remember(&self, cost: Cost, unrecorded: Option<String>) -> Result<(), Fault> {
        let past = Past {
            action: self.key.action,
            family: self.key.family,
            run: self.run.options.run_id.clone(),
            at: self.run.ports.clock.now_ms(),
            plugin: self.run.options.plugin_of(self.step)?.label.clone(),
            fields: self.action.fields(),
            unrecorded,
            wall_us: cost.wall_us,
        };
        self.run.ports.cache.remember(&self.step.name, past)
    }
}

/// What came of a step that lacks something to start with.
fn unstarted(fault: Fault) -> Execution {
    Execution {
        outcome: Err(fault),
        trace: Trace::default(),
        log: Vec::new(),
        cost: Cost::default(),
        tools: Vec::new(),
    }
}

/// The words behind "earlier run" in the next explanation.
fn how_it_ended(fault: &Fault) -> String {
    match fault.blame {
        Blame::Cancelled => "was cancelled".to_owned(),
        Blame::Policy => format!("was denied ({})", fault.code),
        _ => format!("ended without a result ({})", fault.code),
    }
}

/// A run that must be sure does not go on with a result that was contradicted.
fn disputed_fault(step: &Step, dispute: &Dispute) -> Fault {
    let message = format!(
        "step `{}` is not deterministic, or its record was tampered with: two executions of the \
         same action had different results",
        step.name
    );
    let fault = Fault::new(Blame::Policy, DISPUTED, message)
        .note(format!("recorded by {}; contradicted by {}", dispute.then, dispute.now));
    let fault =
        dispute.contradictions.iter().fold(fault, |fault, found| fault.note(found.to_string()));
    fault.help(format!(
        "see who is right (`belljar cache disputes`, `belljar run --verify {}`), then `belljar cache \
         settle {}`",
        step.name,
        dispute.action.short()
    ))
}

fn defect(panic: &(dyn std::any::Any + Send)) -> Fault {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let message = format!("the host has a defect: it panicked while it ran this step: {text}");
    Fault::new(Blame::Infrastructure, DEFECT, message)
        .help("run it again; if it happens again, report it with this message")
}
