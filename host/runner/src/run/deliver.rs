//! Deliver: from a result, old or new, to files in the workspace and lines in the report.

use belljar_model::event::{Source, Status, StepReport};
use belljar_model::fault::Blame;
use belljar_model::{ActionResult, Code, Event, Fault, Trace, Verdict};
use tracing::trace_span;

use super::perform::Turn;
use crate::hints;
use crate::lookup::trace_of;

/// The plugin is not content with the project.
const FAILED: Code = Code::new("E0400");

/// Puts the outputs in place, tells what was found, and completes the report. `trace` is what
/// the execution asked, if it is at hand.
pub(super) fn deliver(
    turn: &Turn<'_, '_>,
    result: ActionResult,
    source: Source,
    trace: Option<&Trace>,
    report: &mut StepReport,
) -> Result<(), Fault> {
    let ports = turn.run.ports;
    tell(turn, &result);
    report.cost = result.cost;
    report.isolation.clone_from(&result.isolation);
    report.log = result.log;
    report.summary = result.summary;
    match result.verdict {
        Verdict::Passed => {
            if source == Source::Executed && !result.outputs.is_empty() {
                let _span = trace_span!("write outputs", files = result.outputs.len()).entered();
                ports.write_back.write_back(&result.outputs)?;
            }
            report.status = Status::Passed;
        }
        Verdict::Failed { code, message } => {
            let kept = match trace {
                Some(_) => None,
                None => trace_of(ports.cache, &turn.key, &turn.action.view)?,
            };
            let mut fault = Fault::new(Blame::Project, FAILED, message);
            if !code.is_empty() {
                fault = fault.note(format!("{} calls it `{code}`", report.plugin));
            }
            if let Some(trace) = trace.or(kept.as_ref()) {
                fault = hints::undeclared(fault, turn.step, trace, ports.inputs);
            }
            if report.summary.is_empty() {
                report.summary.clone_from(&fault.message);
            }
            report.status = Status::Failed;
            report.fault = Some(fault);
        }
    }
    report.source = Some(source);
    report.outputs = result.outputs;
    Ok(())
}

fn tell(turn: &Turn<'_, '_>, result: &ActionResult) {
    let step = &turn.step.name;
    for finding in &result.findings {
        let (step, finding) = (step.clone(), finding.clone());
        turn.run.emit(Event::StepFinding { step, finding });
    }
    for test in &result.tests {
        let (step, test) = (step.clone(), test.clone());
        turn.run.emit(Event::StepTest { step, test });
    }
}
