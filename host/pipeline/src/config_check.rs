//! Checks the `with` of each step and environment against the JSON Schema of its plugin, with places in the user's
//! file: JSON Schema 2020-12, as the `jsonschema` crate validates it.

use std::collections::BTreeMap;

use belljar_model::{Descriptor, Diagnostic};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::check_asks::check_asks;
use crate::codes;
use crate::configured::{self, Configured, Once};
use crate::pipeline::Pipeline;
use crate::place::Place;
use crate::schema_walk::{allowed_values, known_keys};
use crate::suggest;

/// One plugin's schema, ready to validate.
struct Checker {
    schema: Value,
    validator: Validator,
}

/// Checks every step and environment whose plugin is in `descriptors`, a map by the plugin's name
/// in the file: its configuration, and what it is granted. Reports each mistake once, even if many
/// steps come from it.
pub fn check_config(
    pipeline: &Pipeline,
    descriptors: &BTreeMap<String, Descriptor>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut checkers = BTreeMap::new();
    for (name, descriptor) in descriptors {
        match Checker::new(&descriptor.config_schema) {
            Ok(checker) => drop(checkers.insert(name.as_str(), checker)),
            Err(reason) => found.extend(broken_schema(pipeline, name, descriptor, &reason)),
        }
    }
    let mut once = Once::default();
    for configured in configured::all(pipeline) {
        let Some(checker) = checkers.get(configured.uses) else { continue };
        for error in checker.validator.iter_errors(&configured.config) {
            checker.diagnose(&configured, &error).into_iter().for_each(|found| once.add(found));
        }
    }
    found.extend(once.found);
    found.extend(check_asks(pipeline, descriptors));
    found
}

fn broken_schema(
    pipeline: &Pipeline,
    name: &str,
    descriptor: &Descriptor,
    reason: &str,
) -> Option<Diagnostic> {
    let plugin = pipeline.plugins.get(name)?;
    let message = format!("the plugin `{}` has a broken schema: {reason}", descriptor.label());
    let diagnostic = Diagnostic::error(codes::BAD_CONFIG_SCHEMA, message, plugin.at.label(""));
    Some(diagnostic.help("this is a mistake of the plugin; its author can mend it"))
}

impl Checker {
    fn new(schema: &str) -> Result<Self, String> {
        let schema: Value = serde_json::from_str(schema).map_err(|error| error.to_string())?;
        let validator = jsonschema::draft202012::new(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    fn diagnose(&self, user: &Configured<'_>, error: &ValidationError<'_>) -> Vec<Diagnostic> {
        let pointer = error.instance_path().as_str();
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            let unknown = |key: &String| self.unknown_key(user, pointer, key);
            return unexpected.iter().map(unknown).collect();
        }
        let (message, help) = self.words(error, pointer);
        let place = value_place(user, pointer);
        let diagnostic = Diagnostic::error(codes::BAD_CONFIG, message, place.label(""));
        vec![match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }]
    }

    fn unknown_key(&self, user: &Configured<'_>, pointer: &str, key: &str) -> Diagnostic {
        let known = known_keys(&self.schema, pointer);
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        let escaped = key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{pointer}/{escaped}");
        let place = user.places.config(&pointer).map_or(user.at, |field| &field.key);
        let message = format!("the plugin `{}` knows no key `{key}` here", user.uses);
        let label = place.label("no such key");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_CONFIG_KEY, message, label);
        match suggest::did_you_mean(key, &known, "it knows") {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    /// What is wrong in the user's words, and what to do.
    fn words(&self, error: &ValidationError<'_>, pointer: &str) -> (String, Option<String>) {
        let what = subject(pointer);
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                (format!("{what} lacks the key `{key}`"), Some(format!("add `{key} = …`")))
            }
            ValidationErrorKind::Type { kind } => {
                let found = kind_of(error.instance());
                (format!("{what} must be {}, not {found}", expected(kind)), None)
            }
            ValidationErrorKind::Enum { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
                let values = allowed_values(&self.schema, pointer);
                let found = error.instance().to_string();
                if values.is_empty() {
                    return (format!("{what} cannot be {found}"), None);
                }
                let values: Vec<_> = values.iter().map(String::as_str).collect();
                let plain = found.trim_matches('"');
                let help = suggest::closest(plain, values.iter().copied())
                    .map(|meant| format!("did you mean `{meant}`?"));
                let values = suggest::quoted_list(&values);
                (format!("{what} cannot be {found}: it is one of {values}"), help)
            }
            _ => (format!("{what}: {}", lower_first(&error.to_string())), None),
        }
    }
}

fn value_place<'a>(user: &Configured<'a>, pointer: &str) -> &'a Place {
    user.places.config(pointer).map_or(user.at, |field| &field.value)
}

/// `/rules/spelling` as `with.rules.spelling`.
fn subject(pointer: &str) -> String {
    format!("`with{}`", belljar_model::miss::dotted(pointer))
}

fn expected(kind: &TypeKind) -> String {
    let name = |kind: String| match kind.as_str() {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        _ => "nothing",
    };
    match kind {
        TypeKind::Single(kind) => name(kind.to_string()).to_owned(),
        TypeKind::Multiple(kinds) => {
            let names: Vec<_> = kinds.iter().map(|kind| name(kind.to_string())).collect();
            names.join(" or ")
        }
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect::<String>().trim_end_matches('.').to_owned()
    })
}
