//! One Action, from its View to its ActionResult.

use std::time::Instant;

use belljar_model::fault::ConfigProblem;
use belljar_model::pattern::Base;
use belljar_model::ports::{Execution, Request};
use belljar_model::{ActionResult, Cost, Fault, OutputFile, Patterns, Trace, Verdict};

use crate::bindings::plugin::StepPluginPre;
use crate::bindings::plugin::belljar::step::types::{self as wit, Problem, StepError};
use crate::bindings::plugin::exports::belljar::step::step::{Invocation, Outcome};
use crate::fault;
use crate::guest::{self, Ended};
use crate::state::State;
use crate::trap;
use crate::vfs::Blobs;
use belljar_model::text::{harmless, harmless_lines};

/// Executes `request` with a plugin that is called `label`.
pub(crate) fn execute(
    pre: &StepPluginPre<State>,
    request: &Request<'_>,
    label: &str,
    blobs: Blobs,
) -> Execution {
    let state = State::new(request, label, blobs);
    let call = Invocation { config: request.action.config.clone(), attrs: Vec::new() };
    let Ended { returned, mut state } = guest::call(pre.engine(), state, |store| {
        pre.instantiate(&mut *store)?.belljar_step_step().call_run(store, &call)
    });
    let result = returned.and_then(|returned| conclude(&mut state, returned));
    let State { meter, vfs, log, started, tool_reports: tools, .. } = state;
    let (trace, cost) = vfs.finish();
    let (log, last_words) = log.finish();
    let cost = Cost { wall_us: micros(started), peak_memory: meter.peak, ..cost };
    let outcome = match result {
        Ok(result) => Ok(ActionResult { cost, ..result }),
        Err(fault) => Err(trap::with_last_words(fault, label, &last_words)),
    };
    Execution { outcome, trace, log, cost, tools }
}

/// The execution of an Action that did not come to run anything.
pub(crate) fn none(fault: Fault) -> Execution {
    Execution {
        outcome: Err(fault),
        trace: Trace::default(),
        log: Vec::new(),
        cost: Cost::default(),
        tools: Vec::new(),
    }
}

pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Turns what the guest returned into a result.
fn conclude(
    state: &mut State,
    returned: Result<Outcome, StepError>,
) -> Result<ActionResult, Fault> {
    if state.told_to_stop {
        return Err(fault::cancelled());
    }
    match returned {
        Ok(outcome) => {
            let outputs = state.vfs.collect()?;
            check_written(&state.label, state.vfs.layer.declared(), &outputs)?;
            Ok(result(state, Verdict::Passed, harmless(&outcome.summary), outputs))
        }
        Err(StepError::Failed(Problem { code, message, .. })) => {
            let (code, message) = (harmless(&code), harmless_lines(&message));
            let verdict = Verdict::Failed { code, message: message.clone() };
            Ok(result(state, verdict, message, Vec::new()))
        }
        Err(StepError::InvalidConfig(problems)) => Err(invalid_config(&state.label, problems)),
        Err(StepError::Internal(problem)) => Err(gave_up(&state.label, &problem)),
        Err(StepError::Cancelled) => Err(fault::cancelled()),
    }
}

/// The plugin does not accept its configuration.
pub(crate) fn invalid_config(label: &str, problems: Vec<wit::ConfigProblem>) -> Fault {
    let problem = |problem: wit::ConfigProblem| {
        let message = harmless_lines(&problem.message);
        ConfigProblem { pointer: harmless(&problem.pointer), message }
    };
    fault::invalid_config(label, problems.into_iter().map(problem).collect())
}

/// The plugin says that it is at fault itself.
pub(crate) fn gave_up(label: &str, problem: &Problem) -> Fault {
    let reason = harmless_lines(&problem.message);
    let fault = fault::plugin(fault::INTERNAL, format!("plugin {label} gave up: {reason}"));
    with_code(fault, &problem.code)
}

/// Adds the code that the plugin itself has for what went wrong.
pub(crate) fn with_code(fault: Fault, code: &str) -> Fault {
    if code.is_empty() {
        fault
    } else {
        fault.note(format!("the plugin's own code is `{}`", harmless(code)))
    }
}

fn result(
    state: &mut State,
    verdict: Verdict,
    summary: String,
    outputs: Vec<OutputFile>,
) -> ActionResult {
    let reported = std::mem::take(&mut state.reported);
    ActionResult {
        verdict,
        summary,
        class: state.class,
        outputs,
        findings: reported.findings,
        tests: reported.tests,
        coverage: reported.coverage,
        log: None,
        isolation: state.isolation.take(),
        tool: None,
        sharing: state.sharing(),
        cost: Cost::default(),
    }
}

/// Checks that each output that is declared by its plain path was written.
fn check_written(label: &str, declared: &Patterns, outputs: &[OutputFile]) -> Result<(), Fault> {
    for base in declared.bases() {
        let Base::Path(path) = base else { continue };
        if !outputs.iter().any(|output| output.path.is_within(path)) {
            let message = format!("plugin {label} did not write the declared output `{path}`");
            let fault = fault::plugin(fault::NOT_WRITTEN, message);
            let written: Vec<_> = outputs.iter().map(|output| output.path.to_string()).collect();
            let note = if written.is_empty() { "nothing".to_owned() } else { written.join(", ") };
            return Err(fault
                .note(format!("it wrote {note}"))
                .help(format!("if `{path}` is not always made, declare a pattern with `*`")));
        }
    }
    Ok(())
}
