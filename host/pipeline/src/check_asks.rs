//! Checks that each step is granted the tools that its plugin asks for, and none if it asks for
//! none.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{Capability, Descriptor, Diagnostic};

use crate::codes;
use crate::pipeline::{GrantAt, Pipeline, Step};

/// The name of a need that means: any tool that the user grants.
const ANY: &str = "*";

/// Compares what every step is granted with what its plugin asks for. `descriptors` is a map by
/// the plugin's name in the file; a step whose plugin is not there is left out. Reports each
/// mistake once, even if many steps come from it.
pub fn check_asks(
    pipeline: &Pipeline,
    descriptors: &BTreeMap<String, Descriptor>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for step in &pipeline.steps {
        let Some(descriptor) = descriptors.get(&step.uses) else { continue };
        for diagnostic in unwanted(step, descriptor).chain(missing(pipeline, step, descriptor)) {
            let label = &diagnostic.labels[0];
            if seen.insert((label.file.clone(), label.span.start, diagnostic.message.clone())) {
                found.push(diagnostic);
            }
        }
    }
    found
}

fn granted(step: &Step) -> impl Iterator<Item = &GrantAt> {
    step.grants.iter().filter(|grant| grant.grant.capability == Capability::Tool)
}

/// The tools that were granted in vain.
fn unwanted(step: &Step, descriptor: &Descriptor) -> impl Iterator<Item = Diagnostic> {
    let in_vain = granted(step).filter(|_| descriptor.tools.is_empty());
    in_vain.map(|GrantAt { at, grant }| {
        let message = format!("the plugin `{}` asks for no tool", step.uses);
        let label = at.label(format!("`{}` would never run", grant.resource));
        Diagnostic::error(codes::UNWANTED_TOOL, message, label)
            .help("take it out of `grants.tools`")
    })
}

/// The tools that were not granted.
fn missing(
    pipeline: &Pipeline,
    step: &Step,
    descriptor: &Descriptor,
) -> impl Iterator<Item = Diagnostic> {
    let granted: BTreeSet<&str> =
        granted(step).map(|grant| grant.grant.resource.as_str()).collect();
    let needs = descriptor.tools.iter();
    let needs: Vec<_> =
        needs.filter(|need| need.name != ANY && !granted.contains(need.name.as_str())).collect();
    let wanted = needs.iter().map(|need| need.name.as_str());
    let all: BTreeSet<&str> = granted.iter().copied().chain(wanted).collect();
    let list: Vec<String> = all.iter().map(|name| format!("{name:?}")).collect();
    let grant = format!("add `grants.tools = [{}]` to the step", list.join(", "));
    needs.into_iter().map(move |need| {
        let name = &need.name;
        let message = format!("the plugin `{}` needs the tool `{name}`", step.uses);
        let label = step.places.uses.label(format!("`{name}` is not granted"));
        let diagnostic = Diagnostic::error(codes::MISSING_TOOL, message, label);
        let diagnostic = match need.reason.trim() {
            "" => diagnostic,
            reason => diagnostic.note(format!("the plugin says why: {reason}")),
        };
        diagnostic.help(if pipeline.tools.contains_key(name) {
            grant.clone()
        } else {
            format!("{grant}, and `{name} = {name:?}` to `[tools]`")
        })
    })
}
