//! Spans: what a step says of itself to whoever listens, for a timeline of the run.
//!
//! They carry no time: who listens has a clock. If nobody does, nothing is made for them.

use belljar_model::event::{Source, Status, StepReport};
use belljar_model::{StepName, Trace};
use tracing::field::{Empty, display};
use tracing::{Span, trace_span};

/// One step, from its turn to its end.
pub(super) fn step(step: &StepName) -> Span {
    trace_span!(
        "step",
        name = %step,
        status = Empty,
        source = Empty,
        plugin = Empty,
        key = Empty,
        miss = Empty,
        fault = Empty,
        observations = Empty,
    )
}

/// Says how many questions its execution has asked, or the Trace that it was found by has.
pub(super) fn observed(step: &Span, trace: &Trace) {
    step.record("observations", trace.0.len());
}

/// Says what became of it.
pub(super) fn settled(step: &Span, report: &StepReport) {
    if step.is_disabled() {
        return;
    }
    step.record("status", status(report.status));
    step.record("source", report.source.map_or("none", source));
    step.record("plugin", &*report.plugin);
    if let Some(action) = &report.action {
        step.record("key", display(action));
    }
    if !report.miss.is_empty() {
        let reasons: Vec<_> = report.miss.iter().map(ToString::to_string).collect();
        step.record("miss", &*reasons.join("; "));
    }
    if let Some(fault) = &report.fault {
        step.record("fault", display(fault));
    }
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Errored => "errored",
        Status::Skipped => "skipped",
        Status::Cancelled => "cancelled",
    }
}

/// Where a result came from, as the event stream says it.
pub(crate) const fn source(source: Source) -> &'static str {
    match source {
        Source::Executed => "executed",
        Source::ExactHit => "exact-hit",
        Source::ObservedHit => "observed-hit",
    }
}
