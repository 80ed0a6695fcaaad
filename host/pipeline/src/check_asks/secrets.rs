//! Checks that each step is granted the secrets that its plugin asks for, and no other; and that
//! what a secret comes from is not open to a step in another way.

use std::collections::BTreeSet;

use belljar_model::delivery::SecretSource;
use belljar_model::{Capability, Descriptor, Diagnostic, WorkspacePath};

use super::ANY;
use crate::codes;
use crate::pipeline::{GrantAt, Pipeline, Step};

/// What is wrong with the secrets of one step.
pub(super) fn check(pipeline: &Pipeline, step: &Step, descriptor: &Descriptor) -> Vec<Diagnostic> {
    let mut found = missing(pipeline, step, descriptor);
    found.extend(unwanted(step, descriptor));
    found.extend(step.grants.iter().filter_map(|grant| open_variable(pipeline, grant)));
    found.extend(granted(step).filter_map(|(name, grant)| open_file(pipeline, step, name, grant)));
    found
}

fn granted(step: &Step) -> impl Iterator<Item = (&str, &GrantAt)> {
    step.grants.iter().filter_map(|grant| Some((grant.grant.secret()?, grant)))
}

/// The secrets that were not granted.
fn missing(pipeline: &Pipeline, step: &Step, descriptor: &Descriptor) -> Vec<Diagnostic> {
    let granted: BTreeSet<&str> = granted(step).map(|(name, _)| name).collect();
    let asked = descriptor.secrets.iter().map(String::as_str).filter(|name| *name != ANY);
    let all: BTreeSet<&str> = granted.iter().copied().chain(asked.clone()).collect();
    let list: Vec<String> = all.iter().map(|name| format!("{name:?}")).collect();
    let line = format!("add `grants.secrets = [{}]` to the step", list.join(", "));
    let missing = asked.filter(|name| !granted.contains(name));
    missing
        .map(|name| {
            let message = format!("the plugin `{}` needs the secret `{name}`", step.uses);
            let label = step.places.uses.label(format!("`{name}` is not granted"));
            let help = if pipeline.secrets.contains_key(name) {
                line.clone()
            } else {
                format!("{line}, and `{name} = {{ env = \"NAME\" }}` to `[secret]`")
            };
            Diagnostic::error(codes::STEP_MISSING_SECRET, message, label).help(help)
        })
        .collect()
}

/// The secrets that were granted in vain: power that nobody uses is power that is forgotten.
fn unwanted(step: &Step, descriptor: &Descriptor) -> impl Iterator<Item = Diagnostic> {
    let asks = |name: &str| descriptor.secrets.iter().any(|asked| asked == name || asked == ANY);
    granted(step).filter(move |(name, _)| !asks(name)).map(|(name, grant)| {
        let message = format!("the plugin `{}` does not ask for the secret `{name}`", step.uses);
        let label = grant.at.label("granted for nothing");
        Diagnostic::error(codes::UNWANTED_SECRET, message, label)
            .help("take it out of `grants.secrets`")
    })
}

/// A variable that is a secret's, and is granted as an ordinary one: the key would cover its
/// digest, and nothing would mask it.
fn open_variable(pipeline: &Pipeline, granted: &GrantAt) -> Option<Diagnostic> {
    let variable = &granted.grant.resource;
    if granted.grant.capability != Capability::Env {
        return None;
    }
    let is_it = |source: &SecretSource| matches!(source, SecretSource::Env(own) if own == variable);
    let (name, secret) = pipeline.secrets.iter().find(|(_, secret)| is_it(&secret.source))?;
    let message =
        format!("the variable `{variable}` is the secret `{name}`, and is granted openly");
    Some(
        Diagnostic::error(codes::OPEN_SECRET, message, granted.at.label("its value can be seen"))
            .label(secret.at.label("a secret"))
            .help(format!(
                "take it out of `grants.env`; `grants.secrets = [\"{name}\"]` hands it out"
            )),
    )
}

/// The file of a secret among the inputs of a step that is granted the secret.
fn open_file(
    pipeline: &Pipeline,
    step: &Step,
    name: &str,
    granted: &GrantAt,
) -> Option<Diagnostic> {
    let SecretSource::File(file) = &pipeline.secrets.get(name)?.source else { return None };
    let path = WorkspacePath::parse(file).ok().filter(|path| step.inputs.matches(path))?;
    let message = format!("the file of the secret `{name}` is among the inputs of the step");
    Some(
        Diagnostic::error(codes::OPEN_SECRET, message, granted.at.label("a secret"))
            .help(format!("keep it out of the workspace, or add `\"!{path}\"` to `inputs`")),
    )
}
