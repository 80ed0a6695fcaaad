//! Checks that each step is granted the tools that its plugin asks for, and none if it asks for
//! none, and the secrets and hosts that it asks for; and that each environment grants the tools, secrets and hosts that its plugin asks for.

mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{Capability, Code, Descriptor, Diagnostic};

use crate::codes;
use crate::configured::Once;
use crate::pipeline::{EnvironmentAt, GrantAt, Pipeline, Step};

/// The name of a need that means: any tool that the user grants.
const ANY: &str = "*";

/// Compares what every step and environment is granted with what its plugin asks for. `descriptors` is a map by
/// the plugin's name in the file; one whose plugin is not there is left out. Reports each
/// mistake once, even if many steps come from it.
pub fn check_asks(
    pipeline: &Pipeline,
    descriptors: &BTreeMap<String, Descriptor>,
) -> Vec<Diagnostic> {
    let mut once = Once::default();
    for step in &pipeline.steps {
        let Some(descriptor) = descriptors.get(&step.uses) else { continue };
        unwanted(step, descriptor).for_each(|found| once.add(found));
        missing(pipeline, step, descriptor).for_each(|found| once.add(found));
        for found in secrets::check(pipeline, step, descriptor) {
            once.add(found);
        }
        for found in unreachable(step, descriptor) {
            once.add(found);
        }
    }
    for environment in pipeline.environments.values() {
        let Some(descriptor) = descriptors.get(&environment.spec.uses) else { continue };
        for found in ungranted(environment, descriptor) {
            once.add(found);
        }
    }
    once.found
}

/// What the plugin of an environment asks for, and the environment does not grant.
fn ungranted(environment: &EnvironmentAt, descriptor: &Descriptor) -> Vec<Diagnostic> {
    let spec = &environment.spec;
    let tools = descriptor.tools.iter().map(|need| (need.name.as_str(), need.reason.trim()));
    let plain = |names: &'static str| move |name: &String| (names, name.clone());
    let mut asked: Vec<(&str, String, &str)> =
        tools.map(|(name, reason)| ("tools", name.to_owned(), reason)).collect();
    let secrets = descriptor.secrets.iter().map(plain("secrets"));
    let hosts = descriptor.hosts.iter().map(plain("hosts"));
    asked.extend(secrets.chain(hosts).map(|(key, name)| (key, name, "")));
    let mut found = Vec::new();
    for (key, name, reason) in asked {
        let (kind, code, granted): (_, Code, _) = match key {
            "tools" => ("tool", codes::MISSING_TOOL, &spec.tools),
            "secrets" => ("secret", codes::MISSING_SECRET, &spec.secrets),
            _ => ("host", codes::MISSING_HOST, &spec.hosts),
        };
        if name == ANY || granted.contains(&name) {
            continue;
        }
        let message = format!("the plugin `{}` needs the {kind} `{name}`", spec.uses);
        let label = environment.places.uses.label(format!("`{name}` is not granted"));
        let diagnostic = Diagnostic::error(code, message, label);
        let diagnostic = match reason {
            "" => diagnostic,
            reason => diagnostic.note(format!("the plugin says why: {reason}")),
        };
        let all: BTreeSet<&str> =
            granted.iter().map(String::as_str).chain([name.as_str()]).collect();
        let list: Vec<String> = all.iter().map(|name| format!("{name:?}")).collect();
        let help = format!("add `{key} = [{}]` to the environment", list.join(", "));
        found.push(diagnostic.help(help));
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

/// The hosts that were not granted.
fn unreachable(step: &Step, descriptor: &Descriptor) -> Vec<Diagnostic> {
    let grants = step.grants.iter().map(|at| &at.grant);
    let granted: BTreeSet<&str> = grants
        .filter(|grant| grant.capability == Capability::Network)
        .map(|grant| grant.resource.as_str())
        .collect();
    let needed = descriptor.hosts.iter().map(String::as_str).filter(|name| *name != ANY);
    let missing: Vec<&str> = needed.filter(|name| !granted.contains(name)).collect();
    let all: BTreeSet<&str> = granted.iter().copied().chain(missing.iter().copied()).collect();
    let list: Vec<String> = all.iter().map(|name| format!("{name:?}")).collect();
    let say = |name: &str| {
        let message = format!("the plugin `{}` needs the host `{name}`", step.uses);
        let label = step.places.uses.label(format!("`{name}` is not granted"));
        let help = format!("add `grants.network = [{}]` to the step", list.join(", "));
        Diagnostic::error(codes::MISSING_HOST, message, label).help(help)
    };
    missing.into_iter().map(say).collect()
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
