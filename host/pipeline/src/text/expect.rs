//! Expect: reading a value as what a field takes, or saying what it should be.

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::suggest;
use crate::text::{Kind, Located, Table, Text, Value};

/// Reports that a field holds something else than it takes.
pub(crate) fn wrong_type(mistakes: &mut Mistakes, field: &str, wanted: &str, found: &Value) {
    let message = format!("`{field}` should be {wanted}, but is {}", found.value.in_words());
    let label = found.at.label(format!("should be {wanted}"));
    mistakes.add(Diagnostic::error(codes::WRONG_TYPE, message, label));
}

/// Reads a text.
pub(crate) fn text(
    mistakes: &mut Mistakes,
    field: &str,
    wanted: &str,
    value: Value,
) -> Option<Text> {
    let Kind::Text(text) = value.value else {
        wrong_type(mistakes, field, wanted, &value);
        return None;
    };
    Some(Located { value: text, at: value.at })
}

/// Reads a list of texts. Items that are something else are reported and left out.
pub(crate) fn texts(
    mistakes: &mut Mistakes,
    field: &str,
    value: Value,
) -> Option<Located<Vec<Text>>> {
    let at = value.at.clone();
    let Kind::List(items) = value.value else {
        let single = matches!(value.value, Kind::Text(_));
        let wanted = if single { "a list, in `[` and `]`" } else { "a list of texts" };
        wrong_type(mistakes, field, wanted, &value);
        return None;
    };
    let item_name = format!("{field}[]");
    let texts = items.into_iter();
    let texts = texts.filter_map(|item| text(mistakes, &item_name, "a text", item)).collect();
    Some(Located { value: texts, at })
}

/// Reads a text or a list of texts.
pub(crate) fn one_or_more(
    mistakes: &mut Mistakes,
    field: &str,
    value: Value,
) -> Option<Located<Vec<Text>>> {
    match value.value {
        Kind::Text(text) => {
            let text = Located { value: text, at: value.at };
            Some(Located { at: text.at.clone(), value: vec![text] })
        }
        Kind::List(_) => texts(mistakes, field, value),
        _ => {
            wrong_type(mistakes, field, "a text or a list of texts", &value);
            None
        }
    }
}

/// Reads a table.
pub(crate) fn table(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<Table> {
    let Kind::Table(table) = value.value else {
        wrong_type(mistakes, field, "a table", &value);
        return None;
    };
    Some(table)
}

/// Reports a key that does not exist. `owner` says whose key it is, such as `a step`.
pub(crate) fn unknown_key(mistakes: &mut Mistakes, owner: &str, key: &Text, known: &[&str]) {
    let message = format!("{owner} has no key `{}`", key.value);
    let mut diagnostic =
        Diagnostic::error(codes::UNKNOWN_KEY, message, key.at.label("not known here"));
    diagnostic.help = suggest::did_you_mean(&key.value, known, "the keys are");
    mistakes.add(diagnostic);
}
