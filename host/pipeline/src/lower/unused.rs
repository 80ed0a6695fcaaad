//! Unused: what is declared, but nothing mentions.

use std::collections::BTreeSet;

use belljar_model::Diagnostic;
use belljar_model::delivery::GROUP_PREFIX;

use crate::codes;
use crate::lower::delivery::{DeclaredEnvironment, DeclaredSecret};
use crate::lower::document::{Declared, Entries};
use crate::lower::fields::Fields;
use crate::lower::interpolate::variables;
use crate::lower::template;
use crate::lower::tool_fields::{DeclaredProgram, DeclaredTool};
use crate::mistakes::Mistakes;
use crate::pipeline::ApproverAt;
use crate::text::{Kind, Text, Value};

/// Warns of plugins, tools, templates and variables that nothing uses.
pub(crate) fn warn(mistakes: &mut Mistakes, entries: &Entries) {
    template::warn_unused(mistakes, &entries.templates, &entries.steps);
    let all = || entries.steps.iter().chain(&entries.templates);
    let environments = || entries.delivery.environments.values();
    let by_steps = all().filter_map(|declared| declared.fields.uses.as_ref());
    let by_environments = environments().filter_map(|declared| declared.uses.as_ref());
    let uses: BTreeSet<&str> =
        by_steps.chain(by_environments).map(|uses| uses.value.as_str()).collect();
    for plugin in entries.plugins.values() {
        let name = &plugin.name;
        if !uses.contains(name.value.as_str()) {
            let message = format!("no step uses the plugin `{}`", name.value);
            mistakes.add(Diagnostic::warning(codes::UNUSED_PLUGIN, message, name.at.label("")));
        }
    }
    warn_tools(mistakes, entries);
    warn_secrets(mistakes, entries);
    warn_approvers(mistakes, entries);
    if entries.var_names.is_empty() {
        return;
    }
    let mut mentioned = BTreeSet::new();
    let mut see = |text| {
        mentioned.extend(variables(text).filter_map(|name| name.strip_prefix("vars.")));
    };
    for Declared { fields, .. } in all() {
        visit(fields, &mut see);
    }
    entries.tools.values().for_each(|tool| visit_tool(tool, &mut see));
    environments().for_each(|environment| visit_environment(environment, &mut see));
    for name in &entries.var_names {
        if !mentioned.contains(name.value.as_str()) {
            let message = format!("nothing mentions the variable `{}`", name.value);
            mistakes.add(
                Diagnostic::warning(codes::UNUSED_VARIABLE, message, name.at.label(""))
                    .note(format!("it would be mentioned as `${{vars.{}}}`", name.value)),
            );
        }
    }
}

fn warn_tools(mistakes: &mut Mistakes, entries: &Entries) {
    let all = entries.steps.iter().chain(&entries.templates);
    let granted = all.flat_map(|declared| &declared.fields.grants.tools);
    let started = entries.tools.values().flat_map(|tool| &tool.uses);
    let deploying = entries.delivery.environments.values().flat_map(|declared| &declared.tools);
    let used = granted.flat_map(|names| &names.value).chain(started).chain(deploying);
    let used: BTreeSet<&str> = used.map(|name| name.value.as_str()).collect();
    for DeclaredTool { name, .. } in entries.tools.values() {
        if !used.contains(name.value.as_str()) {
            let message = format!("no step is granted the tool `{}`", name.value);
            mistakes.add(
                Diagnostic::warning(codes::UNUSED_TOOL, message, name.at.label(""))
                    .note(format!("it would be granted by `grants.tools = [\"{}\"]`", name.value)),
            );
        }
    }
}

fn warn_secrets(mistakes: &mut Mistakes, entries: &Entries) {
    let all = entries.steps.iter().chain(&entries.templates);
    let steps = all.flat_map(|declared| &declared.fields.grants.secrets);
    let environments = entries.delivery.environments.values();
    let granted = environments.flat_map(|declared| &declared.secrets);
    let granted = granted.chain(steps.flat_map(|names| &names.value));
    let used: BTreeSet<&str> = granted.map(|name| name.value.as_str()).collect();
    for DeclaredSecret { name, .. } in entries.delivery.secrets.values() {
        if !used.contains(name.value.as_str()) {
            let message = format!("no step and no environment uses the secret `{}`", name.value);
            mistakes.add(
                Diagnostic::warning(codes::UNUSED_SECRET, message, name.at.label("")).note(
                    format!(
                        "it would be granted by `secrets = [\"{}\"]`, to a step below `grants`",
                        name.value
                    ),
                ),
            );
        }
    }
}

fn warn_approvers(mistakes: &mut Mistakes, entries: &Entries) {
    let asked: Vec<_> = entries.delivery.environments.values().map(|one| one.asks()).collect();
    if asked.iter().any(Option::is_none) {
        return; // that environment takes anyone
    }
    let asked: BTreeSet<&str> =
        asked.into_iter().flatten().flatten().map(|from| from.value.as_str()).collect();
    let approvers = entries.delivery.approvers.values();
    for ApproverAt { spec, at } in approvers.filter_map(|declared| declared.approver.as_ref()) {
        let by_group = |group: &String| asked.contains(format!("{GROUP_PREFIX}{group}").as_str());
        if !asked.contains(spec.name.as_str()) && !spec.groups.iter().any(by_group) {
            let message = format!("no environment asks the approver `{}`", spec.name);
            mistakes.add(
                Diagnostic::warning(codes::UNUSED_APPROVER, message, at.label(""))
                    .note("whom an environment asks is in its `approvals.from`"),
            );
        }
    }
}

/// Shows every text in which variables are filled.
fn visit<'a>(fields: &'a Fields, see: &mut impl FnMut(&'a str)) {
    let lists = [&fields.needs, &fields.inputs, &fields.outputs];
    let listed = lists.into_iter().flatten().flat_map(|texts| &texts.value);
    for Text { value, .. } in listed.chain(&fields.doc) {
        see(value);
    }
    fields.grants.state.iter().for_each(|folder| see(&folder.path.value));
    if let Some(with) = &fields.with {
        visit_value(&with.value, see);
    }
}

fn visit_tool<'a>(tool: &'a DeclaredTool, see: &mut impl FnMut(&'a str)) {
    let program = match &tool.program {
        Some(DeclaredProgram::Native(path) | DeclaredProgram::Wasm(path)) => Some(path),
        None => None,
    };
    let lists = [&tool.closure, &tool.version, &tool.identity].into_iter().flatten();
    let values = tool.env.iter().map(|(_, value)| value);
    program.into_iter().chain(lists).chain(values).for_each(|text| see(&text.value));
}

fn visit_environment<'a>(environment: &'a DeclaredEnvironment, see: &mut impl FnMut(&'a str)) {
    let artifacts = environment.artifacts.iter().flat_map(|texts| &texts.value);
    let single = [&environment.doc, &environment.storage].into_iter().flatten();
    artifacts.chain(single).for_each(|text| see(&text.value));
    if let Some(with) = &environment.with {
        visit_value(&with.value, see);
    }
}

fn visit_value<'a>(value: &'a Value, see: &mut impl FnMut(&'a str)) {
    match &value.value {
        Kind::Text(text) => see(text),
        Kind::List(items) => items.iter().for_each(|item| visit_value(item, see)),
        Kind::Table(table) => table.0.iter().for_each(|entry| visit_value(&entry.value, see)),
        _ => {}
    }
}
