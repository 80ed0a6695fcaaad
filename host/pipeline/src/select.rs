//! Select: from the names a person asks for to a Plan.

use std::sync::Arc;

use belljar_model::Code;
use belljar_model::fault::{Blame, Fault};

use crate::codes;
use crate::graph::StepGraph;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::reference::Reference;
use crate::suggest;

/// Which steps besides those asked for belong to the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Those that the asked ones need.
    Needs,
    /// None (`--only`).
    Only,
    /// Those that need the asked ones, and all that any of these need (`--with-dependents`).
    Dependents,
}

/// A name that means no step.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no step is named `{asked}`")]
pub struct SelectError {
    /// What was asked for.
    pub asked: String,
    /// What to do, as a sentence without a period.
    pub help: String,
}

impl SelectError {
    /// The stable code.
    pub fn code(&self) -> Code {
        codes::UNKNOWN_STEP_ASKED
    }

    /// The same as a fault of the command line.
    pub fn fault(&self) -> Fault {
        Fault::new(Blame::Configuration, self.code(), self.to_string()).help(self.help.clone())
    }
}

/// Chooses the steps that `asked` means; all steps when it is empty.
///
/// An entry is a step's name, or a [`Reference`]: `test` (all its expansions), `web:test`,
/// `:test`, `test-*`, `web:*`.
///
/// # Errors
/// One for every entry that means no step.
pub fn select(
    pipeline: &Pipeline,
    asked: &[String],
    reach: Reach,
) -> Result<Plan, Vec<SelectError>> {
    let graph = StepGraph::from(pipeline);
    let mut chosen = vec![asked.is_empty(); graph.steps.len()];
    let mut errors = Vec::new();
    for text in asked {
        let reference = Reference::parse(text);
        let mut found = false;
        for (index, step) in graph.steps.iter().enumerate() {
            if reference.means(step) {
                chosen[index] = true;
                found = true;
            }
        }
        if !found {
            errors.push(unknown(pipeline, text));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    match reach {
        Reach::Only => {}
        Reach::Needs => spread(&mut chosen, &graph.needs),
        Reach::Dependents => {
            spread(&mut chosen, &graph.dependents);
            spread(&mut chosen, &graph.needs);
        }
    }
    Ok(plan(&graph, &chosen))
}

/// Chooses all that can be reached from what is chosen.
fn spread(chosen: &mut [bool], edges: &[Vec<usize>]) {
    let mut stack: Vec<usize> = (0..chosen.len()).filter(|index| chosen[*index]).collect();
    while let Some(index) = stack.pop() {
        for &next in &edges[index] {
            if !std::mem::replace(&mut chosen[next], true) {
                stack.push(next);
            }
        }
    }
}

fn plan(graph: &StepGraph, chosen: &[bool]) -> Plan {
    let mut index_in_plan = vec![None; graph.steps.len()];
    let mut plan = Plan::default();
    for (index, step) in graph.steps.iter().enumerate() {
        if !chosen[index] {
            continue;
        }
        index_in_plan[index] = Some(plan.steps.len());
        plan.steps.push(Arc::clone(step));
        plan.needs
            .push(graph.needs[index].iter().filter_map(|need| index_in_plan[*need]).collect());
    }
    plan
}

fn unknown(pipeline: &Pipeline, asked: &str) -> SelectError {
    let full = pipeline.steps.iter().map(|step| step.name.as_str());
    let plain = full.clone().map(|name| Reference::parse(name).plain);
    let asked_plain = Reference::parse(asked).plain;
    // With a folder or a value that it does not have, a plain name may still be right.
    let known = plain.clone().find(|plain| *plain == asked_plain && *plain != asked);
    let help = match suggest::closest(asked, full.chain(plain)).or(known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`belljar ls` shows all steps".to_owned(),
    };
    SelectError { asked: asked.to_owned(), help }
}
