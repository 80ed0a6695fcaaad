//! Where the value of a secret comes from, as one entry of `[secret]` says.

use belljar_model::Diagnostic;
use belljar_model::delivery::SecretSource;

use super::DeclaredSecret;
use crate::codes;
use crate::lower::grants::is_variable;
use crate::mistakes::Mistakes;
use crate::pipeline::SecretAt;
use crate::place::Place;
use crate::text::expect;
use crate::text::{Entry, Kind, Text, Value};

/// The keys of a secret. Of the first three it has one.
pub(crate) const KEYS: &[&str] = &["env", "file", "command", "version"];
/// What to write.
const HELP: &str = "write one of `{ env = \"NAME\" }`, `{ file = \"PATH\" }` and \
                    `{ command = [\"PROGRAM\", \"ARGUMENT\"] }`";

/// Reads an entry. Mistakes are reported and left out.
pub(crate) fn secret(mistakes: &mut Mistakes, name: Text, value: Value) -> DeclaredSecret {
    let mut version = None;
    let source = source(mistakes, (&name, &mut version), value);
    let at = name.at.clone();
    DeclaredSecret { name, secret: source.map(|source| SecretAt { source, version, at }) }
}

/// A version is part of a key and of messages: one word.
fn version(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<String> {
    let text = expect::text(mistakes, field, "a text", value)?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !text.value.is_empty() && text.value.len() <= 64 && text.value.chars().all(is_plain) {
        return Some(text.value);
    }
    let message = format!("`{}` cannot be the version of a secret", text.value.escape_debug());
    let diagnostic = Diagnostic::error(codes::BAD_SECRET_SOURCE, message, text.at.label(""));
    mistakes.add(diagnostic.help("write up to 64 letters, digits, `-`, `_` and `.`, such as `2`"));
    None
}

fn source(
    mistakes: &mut Mistakes,
    (name, versioned): (&Text, &mut Option<String>),
    value: Value,
) -> Option<SecretSource> {
    let table = match value.value {
        Kind::Table(table) => table,
        Kind::Text(_) => {
            // The place is that of the name, so that the value is not marked as well.
            let message = format!("the secret `{}` does not say where its value is", name.value);
            bad(mistakes, message, &name.at, "the value itself does not belong into this file");
            return None;
        }
        _ => {
            expect::wrong_type(mistakes, &format!("secret.{}", name.value), "a table", &value);
            return None;
        }
    };
    let mut sources: Vec<(Text, Option<SecretSource>)> = Vec::new();
    let mut broken = false;
    for Entry { key, value } in table.0 {
        let field = format!("secret.{}.{}", name.value, key.value);
        let source = match key.value.as_str() {
            "env" => {
                let text = expect::text(mistakes, &field, "the name of a variable", value);
                text.and_then(|text| variable(mistakes, text))
            }
            "file" => {
                let text = expect::text(mistakes, &field, "the path of a file", value);
                text.and_then(|text| file(mistakes, text))
            }
            "command" => command(mistakes, &field, value),
            "version" => {
                *versioned = version(mistakes, &field, value);
                continue;
            }
            _ => {
                expect::unknown_key(mistakes, "a secret", &key, KEYS);
                broken = true;
                continue;
            }
        };
        sources.push((key, source));
    }
    match sources.as_mut_slice() {
        [(_, source)] => source.take(),
        [] if broken => None,
        [] => {
            let message = format!("the secret `{}` does not say where its value is", name.value);
            bad(mistakes, message, &name.at, "where is it?");
            None
        }
        [first, .., last] => {
            let message = format!("the secret `{}` has more than one source", name.value);
            mistakes.add(
                Diagnostic::error(codes::BAD_SECRET_SOURCE, message, last.0.at.label("and this"))
                    .label(first.0.at.label("this"))
                    .help(HELP),
            );
            None
        }
    }
}

fn variable(mistakes: &mut Mistakes, text: Text) -> Option<SecretSource> {
    if is_variable(&text.value) {
        return Some(SecretSource::Env(text.value));
    }
    let message = format!("`{}` cannot be the name of an environment variable", text.value);
    bad(mistakes, message, &text.at, "");
    None
}

fn file(mistakes: &mut Mistakes, text: Text) -> Option<SecretSource> {
    let is_folder = text.value.is_empty() || text.value.ends_with('/');
    if !is_folder && !text.value.contains(char::is_control) {
        return Some(SecretSource::File(text.value));
    }
    let message = format!("`{}` cannot be the path of a file", text.value.escape_debug());
    bad(mistakes, message, &text.at, "");
    None
}

fn command(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<SecretSource> {
    let words = expect::texts(mistakes, field, value)?;
    if words.value.first().is_none_or(|program| program.value.is_empty()) {
        bad(mistakes, "the command names no program".to_owned(), &words.at, "");
        return None;
    }
    if let Some(word) = words.value.iter().find(|word| word.value.contains('\0')) {
        bad(mistakes, "no program can be given a text with a NUL".to_owned(), &word.at, "");
        return None;
    }
    Some(SecretSource::Command(words.value.into_iter().map(|word| word.value).collect()))
}

fn bad(mistakes: &mut Mistakes, message: String, at: &Place, label: &str) {
    let diagnostic = Diagnostic::error(codes::BAD_SECRET_SOURCE, message, at.label(label));
    mistakes.add(diagnostic.help(HELP));
}
