//! Proposal: the least grants of each entry of the file, to paste.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::event::Status;
use belljar_model::{ActionDigest, Patterns, Trace};
use belljar_pipeline::Plan;
use belljar_pipeline::lock::Named;
use belljar_pipeline::reference::Reference;
use belljar_runner::RunSummary;
use serde_json::{Value, json};

use super::ByEntry;
use crate::commands::audit::used::Used;

/// What the steps of one entry need.
#[derive(Default)]
pub(super) struct Proposal {
    /// Whether all of them ended with a result: if not, more may be needed.
    complete: bool,
    /// What is needed, by the kinds of grants.
    least: Named,
    /// What is granted today.
    granted: Named,
    /// Patterns of inputs, with whether any file that they let in was read.
    inputs: BTreeMap<String, bool>,
}

/// What each entry needs, as its steps have just shown.
pub(super) fn of(
    plan: &Plan,
    summary: &RunSummary,
    traces: &BTreeMap<ActionDigest, Trace>,
) -> ByEntry<Proposal> {
    let mut all: ByEntry<Proposal> = BTreeMap::new();
    for (step, report) in plan.steps.iter().zip(&summary.reports) {
        let entry = Reference::parse(step.name.as_str()).plain.to_owned();
        let proposal =
            all.entry(entry).or_insert_with(|| Proposal { complete: true, ..Proposal::default() });
        let trace = report.action.as_ref().and_then(|action| traces.get(action));
        let ended = matches!(report.status, Status::Passed | Status::Failed);
        proposal.complete &= ended && trace.is_some();
        let mut used = Used::default();
        used.report(report);
        if let Some(trace) = trace {
            used.trace(trace);
        }
        for at in &step.grants {
            let (kind, resource) = (at.grant.capability.as_str(), &at.grant.resource);
            add(&mut proposal.granted, kind, resource);
            if used.has(kind, resource) {
                add(&mut proposal.least, kind, resource);
            }
        }
        for tool in used.names.get("tools").into_iter().flatten() {
            add(&mut proposal.least, "tools", tool);
        }
        for text in step.inputs.texts().iter().filter(|text| !text.starts_with('!')) {
            let Ok(one) = Patterns::parse(&[text]) else { continue };
            let read = used.files.iter().any(|path| one.matches(path));
            *proposal.inputs.entry(text.clone()).or_default() |= read;
        }
    }
    all
}

fn add(all: &mut Named, kind: &str, name: &str) {
    all.entry(kind.to_owned()).or_default().insert(name.to_owned());
}

impl Proposal {
    /// What is granted and was not used.
    fn unused(&self) -> Vec<String> {
        let all = self
            .granted
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| (kind.as_str(), name)));
        let needed =
            |kind: &str, name: &str| self.least.get(kind).is_some_and(|names| names.contains(name));
        all.filter(|(kind, name)| !needed(kind, name))
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect()
    }

    fn unread(&self) -> Vec<&str> {
        let unread = self.inputs.iter().filter(|(_, read)| !**read);
        unread.map(|(text, _)| text.as_str()).collect()
    }
}

/// The proposals as a part of a pipeline file.
pub(super) fn as_toml(all: &ByEntry<Proposal>) -> String {
    let mut text = "# The least grants with which these steps do what they just did.\n".to_owned();
    for (entry, proposal) in all {
        text += &format!("\n[step.{}]\n", key(entry));
        if !proposal.complete {
            text += "# not all of its steps ended with a result, so more may be needed\n";
        }
        for (kind, names) in &proposal.least {
            text += &format!("grants.{kind} = {}\n", value(kind, names));
        }
        if proposal.least.is_empty() {
            text += "# it needs no grant\n";
        }
        for unused in proposal.unused() {
            text += &format!("# granted today, and not used: {unused}\n");
        }
        for unread in proposal.unread() {
            text += &format!("# an input of which no content was read: {}\n", quoted(unread));
        }
    }
    text
}

/// The value of one kind of grant, as the file has it.
fn value(kind: &str, names: &BTreeSet<String>) -> String {
    if kind == "state" {
        let mounts = names.iter().filter_map(|mount| mount.split_once('='));
        let mounts: Vec<_> =
            mounts.map(|(name, path)| format!("{} = {}", key(name), quoted(path))).collect();
        return format!("{{ {} }}", mounts.join(", "));
    }
    // A secret is granted by its name; what else the grant says comes from the file.
    let name = |name: &String| match kind {
        "secrets" => quoted(name.split('@').next().unwrap_or(name)),
        _ => quoted(name),
    };
    let names: Vec<_> = names.iter().map(name).collect();
    format!("[{}]", names.join(", "))
}

fn key(text: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// Names of the file have no control characters, so a JSON text is one of TOML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The proposals for programs.
pub(super) fn as_json(all: &ByEntry<Proposal>) -> Value {
    let one = |(entry, proposal): (&String, &Proposal)| {
        json!({
            "step": entry, "complete": proposal.complete, "least": proposal.least,
            "granted": proposal.granted, "unused": proposal.unused(),
            "unread_inputs": proposal.unread(),
        })
    };
    json!({
        "schema": "belljar.least-grants/v1",
        "steps": all.iter().map(one).collect::<Vec<_>>(),
        "toml": as_toml(all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_in_vain_is_a_comment() {
        let named =
            |kind: &str, name: &str| Named::from([(kind.to_owned(), [name.to_owned()].into())]);
        let mut granted = named("tools", "cargo");
        granted.extend(named("env", "HOME"));
        granted.extend(named("state", "t=a/target"));
        let mut least = named("tools", "cargo");
        least.extend(named("state", "t=a/target"));
        let inputs = BTreeMap::from([("a".to_owned(), true), ("b".to_owned(), false)]);
        let proposal = Proposal { complete: true, least, granted, inputs };
        let text = as_toml(&BTreeMap::from([("s".to_owned(), proposal)]));
        for line in [
            "[step.s]\ngrants.state = { t = \"a/target\" }\ngrants.tools = [\"cargo\"]\n",
            "# granted today, and not used: env HOME\n",
            "# an input of which no content was read: \"b\"\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
