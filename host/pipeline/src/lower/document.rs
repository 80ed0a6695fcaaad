//! Entries: what all files of a pipeline declare, by kind and name.

use std::collections::BTreeMap;

use belljar_model::{Diagnostic, StepName, WorkspacePath};

use crate::codes;
use crate::lower::delivery::{self, DeclaredEnvironment, DeliveryEntries};
use crate::lower::fields::Fields;
use crate::lower::tool_fields::DeclaredTool;
use crate::mistakes::Mistakes;
use crate::pipeline::{PluginLocation, PluginSource};
use crate::place::Place;
use crate::text::expect;
use crate::text::{Document, Entry, Kind, Located, Table, Text, Value};

/// The keys of a pipeline file.
pub(crate) const KEYS: &[&str] = &[
    "schema",
    "include",
    "vars",
    "plugins",
    "tools",
    "template",
    "step",
    "environment",
    "approver",
    "secret",
    "ledger",
];

/// A step or template as written.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) name: Text,
    /// Its header.
    pub(crate) at: Place,
    pub(crate) fields: Fields,
}

/// A plugin as written.
#[derive(Debug)]
pub(crate) struct DeclaredPlugin {
    pub(crate) name: Text,
    /// `None` if it was not understood. The name is known nevertheless.
    pub(crate) source: Option<PluginSource>,
}

/// Everything that the files declare. Each name is there once.
#[derive(Default, Debug)]
pub(crate) struct Entries {
    pub(crate) vars: BTreeMap<String, Text>,
    pub(crate) var_names: Vec<Text>,
    pub(crate) plugins: BTreeMap<String, DeclaredPlugin>,
    pub(crate) tools: BTreeMap<String, DeclaredTool>,
    pub(crate) templates: Vec<Declared>,
    /// In the order of the files.
    pub(crate) steps: Vec<Declared>,
    pub(crate) delivery: DeliveryEntries,
}

/// Where each name of one kind was seen first.
type Seen = BTreeMap<String, Place>;

struct Reading<'a> {
    mistakes: &'a mut Mistakes,
    entries: Entries,
    /// By kind.
    seen: BTreeMap<&'static str, Seen>,
}

/// Reads the entries of all documents.
pub(crate) fn read(mistakes: &mut Mistakes, documents: Vec<Document>) -> Entries {
    let mut reading = Reading { mistakes, entries: Entries::default(), seen: BTreeMap::new() };
    for document in documents {
        for Entry { key, value } in document.root.0 {
            reading.section(&key, value);
        }
    }
    reading.entries
}

impl Reading<'_> {
    fn section(&mut self, key: &Text, value: Value) {
        match key.value.as_str() {
            "vars" => self.each("vars", "variable", value, Self::var),
            "plugins" => {
                self.each("plugins", "plugin", value, |reading, name, value| {
                    reading.plugin(name, &value);
                });
            }
            "tools" => self.each("tools", "tool", value, Self::tool),
            "template" => self.each("template", "template", value, Self::template),
            "step" => self.each("step", "step", value, Self::step),
            "environment" => self.each("environment", "environment", value, Self::environment),
            "approver" => self.each("approver", "approver", value, |reading, name, value| {
                reading.approver(&name, value);
            }),
            "secret" => self.each("secret", "secret", value, Self::secret),
            "ledger" => {
                if let Some(table) = expect::table(self.mistakes, "ledger", value) {
                    self.entries.delivery.ledger.read(self.mistakes, table);
                }
            }
            _ => expect::unknown_key(self.mistakes, "a pipeline file", key, KEYS),
        }
    }

    /// Takes each entry of a section whose name can be and is new.
    fn each(
        &mut self,
        section: &str,
        kind: &'static str,
        value: Value,
        take: impl Fn(&mut Self, Text, Value),
    ) {
        let Some(Table(entries)) = expect::table(self.mistakes, section, value) else { return };
        for Entry { key, value } in entries {
            if !StepName::is_plain(&key.value) {
                let message = format!("`{}` cannot be the name of a {kind}", key.value);
                let rule = "a name starts with a letter and has letters, digits, `-` and `_`";
                // One that looks like a letter of ours is the likely mistake, or the trick.
                let foreign = key.value.chars().find(|letter| !letter.is_ascii());
                let foreign =
                    foreign.map(|letter| format!("`{}` is none of them", letter.escape_unicode()));
                let label = key.at.label(foreign.unwrap_or_default());
                self.mistakes.add(Diagnostic::error(codes::BAD_NAME, message, label).help(rule));
            }
            let seen = self.seen.entry(kind).or_default();
            if let Some(first) = seen.get(&key.value) {
                let message = format!("the {kind} `{}` is declared twice", key.value);
                self.mistakes.add(
                    Diagnostic::error(codes::DUPLICATE_NAME, message, key.at.label("again"))
                        .label(first.label("first")),
                );
                continue;
            }
            seen.insert(key.value.clone(), key.at.clone());
            take(self, key, value);
        }
    }

    fn var(&mut self, name: Text, value: Value) {
        let field = format!("vars.{}", name.value);
        let at = value.at.clone();
        // A variable of the wrong type is still a variable: what mentions it is right.
        let text = expect::text(self.mistakes, &field, "a text", value)
            .unwrap_or(Located { value: String::new(), at });
        self.entries.vars.insert(name.value.clone(), text);
        self.entries.var_names.push(name);
    }

    fn plugin(&mut self, name: Text, value: &Value) {
        let at = name.at.clone();
        let location = match &value.value {
            Kind::Text(text) => self.plugin_text(text, &value.at),
            Kind::Table(table) => self.plugin_table(&name, table, &value.at),
            _ => {
                let wanted = "`\"builtin:NAME\"` or `{ path = \"…\" }`";
                expect::wrong_type(
                    self.mistakes,
                    &format!("plugins.{}", name.value),
                    wanted,
                    value,
                );
                None
            }
        };
        let source = location.map(|location| PluginSource { location, at });
        self.entries.plugins.insert(name.value.clone(), DeclaredPlugin { name, source });
    }

    fn plugin_text(&mut self, text: &str, at: &Place) -> Option<PluginLocation> {
        match text.strip_prefix("builtin:") {
            Some(name) if !name.is_empty() => Some(PluginLocation::Builtin(name.to_owned())),
            _ => {
                let message = format!("`{text}` does not say where the plugin is");
                let help = format!(
                    "write `{{ path = \"{}\" }}` for a folder or a component file of this \
                     workspace, or `\"builtin:NAME\"` for one that comes with belljar",
                    text.escape_default()
                );
                self.mistakes.add(
                    Diagnostic::error(codes::BAD_PLUGIN_SOURCE, message, at.label("")).help(help),
                );
                None
            }
        }
    }

    fn plugin_table(&mut self, name: &Text, table: &Table, at: &Place) -> Option<PluginLocation> {
        let mut path = None;
        for Entry { key, value } in &table.0 {
            if key.value == "path" {
                let wanted = "a path in this workspace";
                path = expect::text(self.mistakes, "path", wanted, value.clone());
                path.as_ref()?;
            } else {
                expect::unknown_key(self.mistakes, "a plugin", key, &["path"]);
            }
        }
        let Some(path) = path else {
            let message = format!("the plugin `{}` has no `path`", name.value);
            let label = at.label("where is it?");
            self.mistakes.add(Diagnostic::error(codes::BAD_PLUGIN_SOURCE, message, label));
            return None;
        };
        match WorkspacePath::parse(&path.value) {
            Ok(path) => Some(PluginLocation::Path(path)),
            Err(error) => {
                let code = crate::lower::pattern_code(&path.value);
                self.mistakes.add(Diagnostic::error(code, error.to_string(), path.at.label("")));
                None
            }
        }
    }

    fn tool(&mut self, name: Text, value: Value) {
        let key = name.value.clone();
        let tool = DeclaredTool::read(self.mistakes, name, value);
        self.entries.tools.insert(key, tool);
    }

    fn template(&mut self, name: Text, value: Value) {
        let declared = self.declared("template", name, value);
        self.entries.templates.push(declared);
    }

    fn step(&mut self, name: Text, value: Value) {
        let declared = self.declared("step", name, value);
        self.entries.steps.push(declared);
    }

    fn environment(&mut self, name: Text, value: Value) {
        let at = header(&name, &value);
        let key = name.value.clone();
        let table = expect::table(self.mistakes, &format!("environment.{key}"), value);
        let environment = DeclaredEnvironment::read(self.mistakes, name, at, table);
        self.entries.delivery.environments.insert(key, environment);
    }

    fn approver(&mut self, name: &Text, value: Value) {
        let key = name.value.clone();
        let table = expect::table(self.mistakes, &format!("approver.{key}"), value);
        let approver = delivery::approver(self.mistakes, name, table);
        self.entries.delivery.approvers.insert(key, approver);
    }

    fn secret(&mut self, name: Text, value: Value) {
        let key = name.value.clone();
        let secret = delivery::secret(self.mistakes, name, value);
        self.entries.delivery.secrets.insert(key, secret);
    }

    fn declared(&mut self, kind: &str, name: Text, value: Value) -> Declared {
        let at = header(&name, &value);
        let field = format!("{kind}.{}", name.value);
        let fields = match expect::table(self.mistakes, &field, value) {
            Some(table) => Fields::read(self.mistakes, table, &format!("a {kind}")),
            None => Fields { broken: true, ..Fields::default() },
        };
        Declared { name, at, fields }
    }
}

/// Where an entry begins: `[step.x]` is its own place; an inline table or dotted keys are found
/// by their name.
fn header(name: &Text, value: &Value) -> Place {
    let is_header = value.at.span.start < name.at.span.start;
    if is_header { value.at.clone() } else { name.at.clone() }
}
