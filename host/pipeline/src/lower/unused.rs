//! Unused: what is declared, but nothing mentions.

use std::collections::BTreeSet;

use belljar_model::Diagnostic;

use crate::codes;
use crate::lower::document::{Declared, Entries};
use crate::lower::fields::Fields;
use crate::lower::interpolate::variables;
use crate::lower::template;
use crate::mistakes::Mistakes;
use crate::text::{Kind, Text, Value};

/// Warns of plugins, templates and variables that nothing uses.
pub(crate) fn warn(mistakes: &mut Mistakes, entries: &Entries) {
    template::warn_unused(mistakes, &entries.templates, &entries.steps);
    let all = || entries.steps.iter().chain(&entries.templates);
    let uses: BTreeSet<&str> =
        all().filter_map(|declared| Some(declared.fields.uses.as_ref()?.value.as_str())).collect();
    for plugin in entries.plugins.values() {
        let name = &plugin.name;
        if !uses.contains(name.value.as_str()) {
            let message = format!("no step uses the plugin `{}`", name.value);
            mistakes.add(Diagnostic::warning(codes::UNUSED_PLUGIN, message, name.at.label("")));
        }
    }
    if entries.var_names.is_empty() {
        return;
    }
    let mut mentioned = BTreeSet::new();
    for Declared { fields, .. } in all() {
        visit(fields, &mut |text| {
            mentioned.extend(variables(text).filter_map(|name| name.strip_prefix("vars.")));
        });
    }
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

/// Shows every text in which variables are filled.
fn visit<'a>(fields: &'a Fields, see: &mut impl FnMut(&'a str)) {
    let lists = [&fields.needs, &fields.inputs, &fields.outputs];
    let listed = lists.into_iter().flatten().flat_map(|texts| &texts.value);
    for Text { value, .. } in listed.chain(&fields.doc) {
        see(value);
    }
    if let Some(with) = &fields.with {
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
