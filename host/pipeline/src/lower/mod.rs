//! Lowering: from trees of values to checked, expanded steps.

pub(crate) mod delivery;
pub(crate) mod document;
pub(crate) mod expand;
pub(crate) mod fields;
pub(crate) mod grants;
mod host_port;
mod interpolate;
pub(crate) mod limits;
mod needs;
mod outputs;
mod quantity;
mod step;
mod template;
pub(crate) mod tool_fields;
mod tools;
mod unused;

pub use quantity::size as parse_size;

use std::collections::BTreeSet;
use std::sync::Arc;

use belljar_model::{Code, Diagnostic, StepName};

use crate::codes;
use crate::files::Files;
use crate::lower::document::Entries;
use crate::lower::step::{Draft, Drafting};
use crate::lower::template::Templates;
use crate::mistakes::Mistakes;
use crate::pipeline::{Pipeline, Step};
use crate::place::{Place, Sources};
use crate::suggest;
use crate::text::Text;

/// The code for a path or pattern that was refused.
pub(crate) fn pattern_code(text: &str) -> Code {
    let body = text.strip_prefix('!').unwrap_or(text);
    let leaves = body.starts_with('/') || body.split('/').any(|segment| segment == "..");
    if leaves { codes::OUTSIDE_WORKSPACE } else { codes::BAD_PATTERN }
}

/// Checks and expands all entries. `None` if the steps have no order; other errors are only
/// reported, and what they concern is left out.
pub(crate) fn lower(
    mistakes: &mut Mistakes,
    files: &dyn Files,
    sources: &Sources,
    entries: Entries,
) -> Option<Pipeline> {
    check_vars(mistakes, &entries);
    let templates = Templates::resolve(mistakes, &entries.templates);
    let tools = tools::resolve(mistakes, sources, &entries);
    let drafts = drafts(mistakes, files, sources, (&entries, &templates));
    let names: BTreeSet<&str> = entries.steps.iter().map(|step| step.name.value.as_str()).collect();
    let edges = needs::resolve(mistakes, &drafts, &names);
    let sorted = needs::sorted(mistakes, &drafts, &edges);
    outputs::check_shared(mistakes, &drafts);
    outputs::check_order(mistakes, &drafts, &edges);
    delivery::check_needs(mistakes, &entries.delivery);
    delivery::check_keys(mistakes, &entries.delivery.approvers);
    let environments = delivery::Resolving {
        drafting: Drafting::new(mistakes, sources, &entries),
        entries: &entries,
        drafts: &drafts,
        index: needs::Index::new(&drafts, &names),
    };
    let environments = environments.environments();
    if !mistakes.any_error() {
        // With a misspelt name among the errors, what it meant would seem to be unused.
        unused::warn(mistakes, &entries);
    }
    let steps = assemble(drafts, &edges.needs, &sorted?);
    let source = |(name, plugin): (String, document::DeclaredPlugin)| Some((name, plugin.source?));
    let plugins = entries.plugins.into_iter().filter_map(source).collect();
    let delivery::DeliveryEntries { approvers, secrets, ledger, .. } = entries.delivery;
    let approvers = approvers.into_iter();
    let approvers = approvers.filter_map(|(name, declared)| Some((name, declared.approver?)));
    let secrets = secrets.into_iter();
    let secrets = secrets.filter_map(|(name, declared)| Some((name, declared.secret?)));
    Some(Pipeline {
        plugins,
        tools,
        steps,
        environments,
        approvers: approvers.collect(),
        secrets: secrets.collect(),
        ledger: ledger.settings,
    })
}

/// The values of variables are taken as they are, so a variable in one is a mistake.
fn check_vars(mistakes: &mut Mistakes, entries: &Entries) {
    for value in entries.vars.values() {
        if let Some(name) = interpolate::variables(&value.value).next() {
            let message = format!("`${{{name}}}` is not filled in here: a variable holds no other");
            let label = value.at.label("taken as it is");
            mistakes.add(Diagnostic::error(codes::UNKNOWN_VARIABLE, message, label));
        }
    }
}

fn drafts(
    mistakes: &mut Mistakes,
    files: &dyn Files,
    sources: &Sources,
    (entries, templates): (&Entries, &Templates),
) -> Vec<Draft> {
    let mut drafting = Drafting::new(mistakes, sources, entries);
    let mut drafts = Vec::new();
    for declared in &entries.steps {
        let fields = templates.apply(drafting.mistakes, declared.fields.clone());
        let uses = PluginUse {
            name: &declared.name,
            at: &declared.at,
            uses: fields.uses.as_ref(),
            broken: fields.broken,
        };
        check_uses(drafting.mistakes, entries, uses);
        tools::check_granted(drafting.mistakes, &entries.tools, &fields.grants);
        let secrets = fields.grants.secrets.iter().flat_map(|names| &names.value);
        delivery::check_secrets(drafting.mistakes, &entries.delivery, secrets);
        let shared = drafting.share(declared, &fields);
        for expansion in expand::expand(drafting.mistakes, files, declared, &fields) {
            drafts.push(drafting.draft(declared, &fields, &shared, expansion));
        }
    }
    drafts
}

/// What a step or an environment says of its plugin.
#[derive(Clone, Copy)]
pub(crate) struct PluginUse<'a> {
    pub(crate) name: &'a Text,
    /// The header of the entry.
    pub(crate) at: &'a Place,
    pub(crate) uses: Option<&'a Text>,
    /// Whether `uses` may be there, but was not understood.
    pub(crate) broken: bool,
}

/// Reports a plugin that is not named, or that nobody declares.
pub(crate) fn check_uses(mistakes: &mut Mistakes, entries: &Entries, plugin: PluginUse<'_>) {
    let known: Vec<&str> = entries.plugins.keys().map(String::as_str).collect();
    let Some(uses) = plugin.uses else {
        if !plugin.broken {
            let message = format!("`{}` does not say which plugin it uses", plugin.name.value);
            let label = plugin.at.label("has no `uses`");
            let diagnostic = Diagnostic::error(codes::MISSING_USES, message, label);
            mistakes.add(match known.as_slice() {
                [] => diagnostic.help("declare a plugin in `[plugins]`, and name it in `uses`"),
                [only] => diagnostic.help(format!("add `uses = \"{only}\"`")),
                _ if known.len() > 12 => diagnostic.help("add `uses = \"…\"`"),
                _ => diagnostic
                    .help(format!("add `uses` with one of {}", suggest::quoted_list(&known))),
            });
        }
        return;
    };
    if entries.plugins.contains_key(&uses.value) {
        return;
    }
    let message = format!("there is no plugin `{}`", uses.value);
    let label = uses.at.label("not in `[plugins]`");
    let diagnostic = Diagnostic::error(codes::UNKNOWN_PLUGIN, message, label);
    mistakes.add(match suggest::did_you_mean(&uses.value, &known, "the plugins are") {
        Some(help) => diagnostic.help(help),
        None => diagnostic.help(format!("add `{}` to `[plugins]`", uses.value)),
    });
}

/// Turns drafts into steps, in the given order.
fn assemble(drafts: Vec<Draft>, needs: &[Vec<usize>], sorted: &[usize]) -> Vec<Arc<Step>> {
    let mut rank = vec![0; drafts.len()];
    for (position, draft) in sorted.iter().enumerate() {
        rank[*draft] = position;
    }
    let names: Vec<StepName> = drafts.iter().map(|draft| draft.step.name.clone()).collect();
    let mut steps: Vec<Option<Step>> = drafts.into_iter().map(|draft| Some(draft.step)).collect();
    let finish = |at: &usize| {
        let mut step = steps[*at].take().expect("the order holds each draft once");
        let mut needed = needs[*at].clone();
        needed.sort_unstable_by_key(|need| rank[*need]);
        step.needs = needed.into_iter().map(|need| names[need].clone()).collect();
        Arc::new(step)
    };
    sorted.iter().map(finish).collect()
}
