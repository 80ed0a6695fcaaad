//! Hints: what a step that did not pass looked for in vain, although it exists.

use std::collections::BTreeSet;

use belljar_model::ports::Inputs;
use belljar_model::{Answer, Fault, Question, Trace, WorkspacePath};
use belljar_pipeline::Step;

/// More would bury the message that they explain.
const MOST: usize = 3;

/// Adds to a fault which files the step looked for that exist but are not among its inputs, and
/// the line that would declare them.
pub(crate) fn undeclared(
    mut fault: Fault,
    step: &Step,
    trace: &Trace,
    inputs: &dyn Inputs,
) -> Fault {
    let paths = looked_for(step, trace, inputs);
    if paths.is_empty() {
        return fault;
    }
    for path in &paths {
        fault =
            fault.note(format!("it looked for `{path}`, which exists but is not among its inputs"));
    }
    if fault.help.is_none() {
        let declared = step.inputs.texts().iter().map(String::as_str);
        let all = declared.chain(paths.iter().map(WorkspacePath::as_str));
        let all: Vec<_> = all.map(|path| format!("{path:?}")).collect();
        fault = fault.help(format!("declare it: `inputs = [{}]`", all.join(", ")));
    }
    fault
}

fn looked_for(step: &Step, trace: &Trace, inputs: &dyn Inputs) -> BTreeSet<WorkspacePath> {
    let mut found = BTreeSet::new();
    for seen in &trace.0 {
        let in_vain = match (&seen.question, &seen.answer) {
            (Question::Stat(path) | Question::Content(path), Answer::Absent)
            | (Question::Declared(path), Answer::Flag(false)) => Some(path),
            _ => None,
        };
        let Some(path) = in_vain else { continue };
        if !path.is_root() && !step.inputs.matches(path) && inputs.exists(path) {
            found.insert(path.clone());
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}
