//! What keeps the values of secrets from leaving a run: nothing passes that was not looked at.
//!
//! | what | what happens to a value in it |
//! |---|---|
//! | events, lines of the log, findings, tests, messages, faults | `***` stands in its place |
//! | what a tool prints | `***` stands in its place |
//! | files, their names, coverage, questions of the Trace | the step ends, and nothing is recorded |
//! | arguments and files that a tool is given | the tool is not run: they are in its key |

mod blobs;
mod granted;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use belljar_model::event::StepReport;
use belljar_model::ports::{EventSink, Execution};
use belljar_model::secret::MASKED;
use belljar_model::{
    Action, ActionResult, Blame, Code, Event, Fault, Mask, Sharing, ToolAction, Trace, Veil,
};

pub use self::blobs::{MaskedBlobs, SealedBlobs};
pub(crate) use self::granted::Granted;

/// A value was found in what would be kept.
const LEAK: Code = Code::new("E0432");

/// The fault of a value that was found where nothing can stand in its place.
pub(crate) fn leak(place: &str) -> Fault {
    Fault::new(Blame::Policy, LEAK, format!("the value of a secret is in {place}"))
        .note("nothing of it was recorded or put into the workspace")
        .help(
            "a secret belongs into the environment of a tool (`run-with-secrets`), and nowhere \
             else; if it was given away before, replace it",
        )
}

/// Takes Events without the values in them.
pub(crate) struct VeiledEvents {
    pub(crate) inner: Arc<dyn EventSink>,
    pub(crate) veil: Veil,
}

impl EventSink for VeiledEvents {
    fn emit(&self, event: Event) {
        // An Event that cannot be told without a value is not told. None is known.
        if let Ok(event) = self.veil.mask().thing(event) {
            self.inner.emit(event);
        }
    }
}

/// What came of an execution, without the values in it.
pub(crate) fn cleared(mask: &Mask, action: &Action, execution: Execution) -> Execution {
    let has_secret = action.grants.iter().any(|grant| grant.secret().is_some());
    let sharing = if has_secret { Sharing::Local } else { Sharing::Free };
    let Execution { outcome, trace, log, cost, tools } = execution;
    let outcome = outcome.map(|result| {
        let sharing = result.sharing.max(sharing);
        ActionResult { sharing, ..result }
    });
    if mask.is_empty() {
        return Execution { outcome, trace, log, cost, tools };
    }
    let outcome = outcome.and_then(|result| {
        check_result(mask, &result)?;
        check_trace(mask, &trace)?;
        mask.thing(result).map_err(|_| leak("what the step reports"))
    });
    let outcome = outcome.map_err(|fault| mask.thing(fault).unwrap_or_else(|_| leak("an error")));
    let trace = if mask.finds_in(&trace) { Trace::default() } else { trace };
    let log = log.into_iter().filter_map(|line| mask.thing(line).ok()).collect();
    let tools = tools.into_iter().filter_map(|tool| mask.thing(tool).ok()).collect();
    Execution { outcome, trace, log, cost, tools }
}

/// What is told of a step, without the values in it. Most was cleared before; a panic was not.
pub(crate) fn of_report(mask: &Mask, report: StepReport) -> StepReport {
    let (step, status) = (report.step.clone(), report.status);
    mask.thing(report.clone()).unwrap_or_else(|_| StepReport {
        step,
        status,
        summary: MASKED.to_owned(),
        fault: Some(leak("what would be told of the step")),
        outputs: Vec::new(),
        tools: Vec::new(),
        ..report
    })
}

/// The contents of files were looked at when they were kept; this is about their names.
fn check_result(mask: &Mask, result: &ActionResult) -> Result<(), Fault> {
    let named = result.outputs.iter().any(|output| mask.finds(output.path.as_str().as_bytes()));
    if named { Err(leak("the name of an output")) } else { Ok(()) }
}

fn check_trace(mask: &Mask, trace: &Trace) -> Result<(), Fault> {
    if mask.finds_in(trace) {
        return Err(leak("a question about the inputs, which would be recorded"));
    }
    Ok(())
}

/// Checks that the key of a run holds no value.
pub(crate) fn check_run(mask: &Mask, action: &ToolAction) -> Result<(), Fault> {
    let ToolAction { tool, label, args, env, secrets, cwd, writes, .. } = action;
    let variables = env.iter().chain(secrets).flat_map(|(name, value)| [name, value]);
    let texts = [tool, label].into_iter().chain(args).chain(variables).chain(writes.texts());
    let mut texts = texts.map(String::as_str).chain([cwd.as_str()]);
    if !mask.is_empty() && texts.any(|text| mask.finds(text.as_bytes())) {
        return Err(leak("the command line or environment of a tool, which is part of its key"));
    }
    Ok(())
}

/// Checks the names of what a run made. The contents were looked at when they were kept.
pub(crate) fn check_made(
    mask: &Mask,
    result: &belljar_model::tool::ToolResult,
) -> Result<(), Fault> {
    let files = result.outputs.iter().map(|output| output.path.as_str());
    let links = result.links.iter().flat_map(|link| [link.path.as_str(), &link.target]);
    if !mask.is_empty() && files.chain(links).any(|name| mask.finds(name.as_bytes())) {
        return Err(leak("the name of a file that a tool made"));
    }
    Ok(())
}
