//! Environments: from what the file says to environments without mistakes.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::action::canonical_json;
use belljar_model::delivery::Environment;
use belljar_model::{Diagnostic, StepName};
use serde_json::{Map, Value as Json};

use super::{DeclaredEnvironment, DeliveryEntries, storage};
use crate::codes;
use crate::graph::{Order, order};
use crate::lower::document::Entries;
use crate::lower::interpolate::Scope;
use crate::lower::needs::Index;
use crate::lower::step::{Draft, Drafting, config_places};
use crate::lower::{PluginUse, check_uses, tools};
use crate::mistakes::Mistakes;
use crate::pipeline::{EnvironmentAt, Places};
use crate::suggest;
use crate::text::{Located, Text};

/// What resolving environments takes.
pub(crate) struct Resolving<'a> {
    pub(crate) drafting: Drafting<'a>,
    pub(crate) entries: &'a Entries,
    pub(crate) drafts: &'a [Draft],
    /// The drafts, by the names that the file uses.
    pub(crate) index: Index<'a>,
}

impl<'a> Resolving<'a> {
    /// Checks all environments. What is wrong of them is reported, and left out.
    pub(crate) fn environments(mut self) -> BTreeMap<String, EnvironmentAt> {
        let declared = self.entries.delivery.environments.values();
        declared.map(|one| (one.name.value.clone(), self.environment(one))).collect()
    }

    fn environment(&mut self, declared: &DeclaredEnvironment) -> EnvironmentAt {
        let DeclaredEnvironment { name, at, uses, with, .. } = declared;
        let plugin_use = PluginUse { name, at, uses: uses.as_ref(), broken: declared.broken };
        check_uses(self.drafting.mistakes, self.entries, plugin_use);
        let entries: &'a Entries = self.entries;
        let scope = Scope { vars: &entries.vars, member: None, matrix: &[] };
        let config = match with {
            Some(with) => self.drafting.json(&scope, &with.value),
            None => Json::Object(Map::new()),
        };
        let doc = declared.doc.as_ref().map(|doc| self.drafting.fill(&scope, doc));
        let artifacts = self.artifacts(&scope, declared);
        let storage = declared.storage.as_ref().map(|text| self.storage(&scope, text));
        self.check_tools(&declared.tools);
        let mistakes = &mut *self.drafting.mistakes;
        check_secrets(mistakes, &entries.delivery, declared.secrets.iter());
        let spec = Environment {
            name: name.value.clone(),
            doc: doc.unwrap_or_default(),
            needs: in_order(&declared.needs),
            artifacts,
            uses: uses.as_ref().map(|uses| uses.value.clone()).unwrap_or_default(),
            config: canonical_json(&config),
            storage,
            hosts: sorted(&declared.hosts),
            secrets: sorted(&declared.secrets),
            tools: sorted(&declared.tools),
            approvals: declared.approvals.resolve(mistakes, name, &entries.delivery),
            gate: declared.gate.clone(),
            freezes: declared.freezes.clone(),
            monitor: declared.monitor.clone(),
        };
        let places = Places {
            uses: uses.as_ref().map_or_else(|| at.clone(), |uses| uses.at.clone()),
            with: config_places(with.as_ref()),
            ..Places::default()
        };
        EnvironmentAt { spec, at: at.clone(), places }
    }

    /// The steps whose outputs are shipped, in the order of the file, each once.
    fn artifacts(&mut self, scope: &Scope<'_>, declared: &DeclaredEnvironment) -> Vec<StepName> {
        let name = &declared.name.value;
        let texts = declared.artifacts.iter().flat_map(|texts| &texts.value);
        let mut found = BTreeSet::new();
        for text in texts {
            let value = self.drafting.fill(scope, text);
            let text = Located { value, at: text.at.clone() };
            let Some(steps) = self.index.find(&text.value) else {
                let unknown = self.index.unknown(&format!("`{name}` ships"), &text);
                self.drafting.mistakes.add(unknown);
                continue;
            };
            for at in steps.iter() {
                let draft = &self.drafts[*at];
                if draft.outputs.is_empty() {
                    let message = format!("`{}` has no outputs to ship", draft.step.name);
                    let label = text.at.label("ships nothing");
                    self.drafting.mistakes.add(
                        Diagnostic::error(codes::NOTHING_SHIPPED, message, label)
                            .label(draft.step.at.label("has no `outputs`"))
                            .help("name a step that makes files, or declare its `outputs`"),
                    );
                }
            }
            found.extend(steps.iter().copied());
        }
        let is_empty = declared.artifacts.as_ref().is_none_or(|texts| texts.value.is_empty());
        if is_empty && !declared.broken {
            let at = declared.artifacts.as_ref().map_or(&declared.at, |texts| &texts.at);
            let message = format!("nothing is shipped to `{name}`");
            self.drafting.mistakes.add(
                Diagnostic::error(codes::NOTHING_SHIPPED, message, at.label("no artifacts"))
                    .help("add `artifacts = [\"STEP\"]`, the steps whose outputs are shipped"),
            );
        }
        found.into_iter().map(|at| self.drafts[at].step.name.clone()).collect()
    }

    fn storage(&mut self, scope: &Scope<'_>, text: &Text) -> String {
        let value = self.drafting.fill(scope, text);
        if let Err((reason, help)) = storage::check(&value) {
            let message = format!("`{}` is no storage: {reason}", value.escape_debug());
            let label = text.at.label("");
            let mut diagnostic = Diagnostic::error(codes::BAD_STORAGE, message, label);
            diagnostic.help = help;
            self.drafting.mistakes.add(diagnostic);
        }
        value
    }

    fn check_tools(&mut self, names: &[Text]) {
        for name in names.iter().filter(|name| !self.entries.tools.contains_key(&name.value)) {
            self.drafting.mistakes.add(tools::unknown(&self.entries.tools, name));
        }
    }
}

/// Reports secrets that nobody declares.
pub(crate) fn check_secrets<'a>(
    mistakes: &mut Mistakes,
    entries: &DeliveryEntries,
    names: impl Iterator<Item = &'a Text>,
) {
    for name in names.filter(|name| !entries.secrets.contains_key(&name.value)) {
        let known: Vec<&str> = entries.secrets.keys().map(String::as_str).collect();
        let message = format!("there is no secret `{}`", name.value);
        let label = name.at.label("not in `[secret]`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_SECRET, message, label);
        mistakes.add(match suggest::closest(&name.value, known.iter().copied()) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None if StepName::is_plain(&name.value) => diagnostic
                .help(format!("add `{0} = {{ env = \"{0}\" }}` to `[secret]`", name.value)),
            None => diagnostic.help("name each secret as `[secret]` does"),
        });
    }
}

/// Reports environments that need what nobody declares, or each other.
pub(crate) fn check_needs(mistakes: &mut Mistakes, entries: &DeliveryEntries) {
    let declared: Vec<&DeclaredEnvironment> = entries.environments.values().collect();
    let known: Vec<&str> = entries.environments.keys().map(String::as_str).collect();
    let mut edges = Vec::new();
    for environment in &declared {
        let mut needs = Vec::new();
        for need in &environment.needs {
            match known.binary_search(&need.value.as_str()) {
                Ok(at) => needs.push(at),
                Err(_) => mistakes.add(unknown(environment, need, &known)),
            }
        }
        needs.sort_unstable();
        needs.dedup();
        edges.push(needs);
    }
    if let Order::Cycles(cycles) = order(&edges) {
        for cycle in &cycles {
            mistakes.add(describe(&declared, cycle));
        }
    }
}

fn unknown(environment: &DeclaredEnvironment, need: &Text, known: &[&str]) -> Diagnostic {
    let name = &environment.name.value;
    let message = format!("`{name}` needs the environment `{}`, which is not declared", need.value);
    let label = need.at.label("no environment has this name");
    let mut diagnostic = Diagnostic::error(codes::UNKNOWN_ENVIRONMENT, message, label);
    let others: Vec<&str> = known.iter().copied().filter(|other| other != name).collect();
    diagnostic.help = suggest::did_you_mean(&need.value, &others, "the other environments are");
    diagnostic
}

fn describe(declared: &[&DeclaredEnvironment], cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| declared[at].name.value.as_str();
    let mut path = name(cycle[0]).to_owned();
    let mut labels = Vec::new();
    for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        path = format!("{path} -> {}", name(*to));
        let at = declared[*from].needs.iter().find(|text| text.value == name(*to));
        let at = at.map_or(&declared[*from].at, |text| &text.at);
        labels.push(at.label(format!("`{}` needs `{}`", name(*from), name(*to))));
    }
    let first = labels.remove(0);
    let (message, help) = if cycle.len() == 1 {
        (format!("the environment `{}` needs itself", name(cycle[0])), "take it out of `needs`")
    } else {
        (format!("environments need each other: {path}"), "take one of these needs away")
    };
    let diagnostic = Diagnostic::error(codes::ENVIRONMENT_CYCLE, message, first).help(help);
    labels.into_iter().fold(diagnostic, Diagnostic::label)
}

fn in_order(texts: &[Text]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let texts = texts.iter().map(|text| text.value.clone());
    texts.filter(|text| seen.insert(text.clone())).collect()
}

fn sorted(texts: &[Text]) -> Vec<String> {
    let mut texts: Vec<String> = texts.iter().map(|text| text.value.clone()).collect();
    texts.sort();
    texts.dedup();
    texts
}
