//! Templates: fields that steps share.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::Diagnostic;

use crate::codes;
use crate::graph::{Order, order};
use crate::lower::document::Declared;
use crate::lower::fields::Fields;
use crate::mistakes::Mistakes;
use crate::suggest;
use crate::text::Text;

/// The templates, each with all that it extends merged in.
pub(crate) struct Templates {
    merged: BTreeMap<String, Fields>,
}

impl Templates {
    /// Merges the templates among themselves.
    pub(crate) fn resolve(mistakes: &mut Mistakes, declared: &[Declared]) -> Self {
        let index: BTreeMap<&str, usize> = declared
            .iter()
            .enumerate()
            .map(|(at, template)| (template.name.value.as_str(), at))
            .collect();
        let ends = |template: &Declared| {
            let names = template.fields.extends.iter();
            names.filter_map(|name| index.get(name.value.as_str()).copied()).collect()
        };
        let edges: Vec<Vec<usize>> = declared.iter().map(ends).collect();
        let mut templates = Self { merged: BTreeMap::new() };
        match order(&edges) {
            Order::Sorted(sorted) => {
                for at in sorted {
                    let Declared { name, fields, .. } = &declared[at];
                    let merged = templates.apply(mistakes, fields.clone());
                    templates.merged.insert(name.value.clone(), merged);
                }
            }
            Order::Cycles(cycles) => {
                for cycle in &cycles {
                    mistakes.add(describe(declared, cycle));
                }
                // What they would say is not known; steps that extend them are not blamed.
                let broken = Fields { broken: true, ..Fields::default() };
                let names = declared.iter().map(|template| template.name.value.clone());
                templates.merged = names.map(|name| (name, broken.clone())).collect();
            }
        }
        templates
    }

    /// Lays fields upon the templates that they extend; later templates win over earlier ones.
    pub(crate) fn apply(&self, mistakes: &mut Mistakes, mut fields: Fields) -> Fields {
        let mut base = Fields::default();
        for name in &fields.extends {
            if let Some(template) = self.merged.get(&name.value) {
                base = template.clone().upon(&base);
            } else {
                let known: Vec<&str> = self.merged.keys().map(String::as_str).collect();
                mistakes.add(unknown(name, &known));
                fields.broken = true;
            }
        }
        fields.upon(&base)
    }
}

/// Warns of templates that nothing extends.
pub(crate) fn warn_unused(mistakes: &mut Mistakes, templates: &[Declared], steps: &[Declared]) {
    let extends = templates.iter().chain(steps).flat_map(|declared| &declared.fields.extends);
    let used: BTreeSet<&str> = extends.map(|name| name.value.as_str()).collect();
    for template in templates {
        let name = &template.name;
        if !used.contains(name.value.as_str()) {
            let message = format!("no step extends the template `{}`", name.value);
            mistakes.add(Diagnostic::warning(codes::UNUSED_TEMPLATE, message, name.at.label("")));
        }
    }
}

fn unknown(name: &Text, known: &[&str]) -> Diagnostic {
    let message = format!("there is no template `{}`", name.value);
    let mut diagnostic =
        Diagnostic::error(codes::UNKNOWN_TEMPLATE, message, name.at.label("not declared"));
    diagnostic.help = suggest::did_you_mean(&name.value, known, "the templates are");
    diagnostic
}

fn describe(declared: &[Declared], cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| declared[at].name.value.as_str();
    let mut path = name(cycle[0]).to_owned();
    let mut labels = Vec::new();
    for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        path = format!("{path} -> {}", name(*to));
        let extends = declared[*from].fields.extends.iter();
        let at = extends.filter(|text| text.value == name(*to)).map(|text| &text.at).next();
        let text = format!("`{}` extends `{}`", name(*from), name(*to));
        labels.push(at.unwrap_or(&declared[*from].name.at).label(text));
    }
    let first = labels.remove(0);
    let message = format!("templates extend each other: {path}");
    let diagnostic = Diagnostic::error(codes::TEMPLATE_CYCLE, message, first);
    labels.into_iter().fold(diagnostic, Diagnostic::label)
}
