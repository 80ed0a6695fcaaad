//! A person who may approve, as one `[approver.x]` says.

use belljar_model::delivery::{Approver, GROUP_PREFIX};
use belljar_model::{Diagnostic, StepName};

use super::{DeclaredApprover, public_key};
use crate::codes;
use crate::mistakes::Mistakes;
use crate::pipeline::ApproverAt;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Table, Text};

/// The keys of an approver, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["key", "groups", "authors"];

/// Reads an entry. Mistakes are reported and left out. `None` is an entry that is no table.
pub(crate) fn approver(
    mistakes: &mut Mistakes,
    name: &Text,
    table: Option<Table>,
) -> DeclaredApprover {
    let mut broken = table.is_none();
    let (mut key_text, mut groups, mut authors) = (None, Vec::new(), Vec::new());
    for Entry { key, value } in table.unwrap_or_default().0 {
        let field = format!("approver.{}.{}", name.value, key.value);
        match key.value.as_str() {
            "key" => {
                let text = expect::text(mistakes, &field, "a public key", value);
                key_text = text.and_then(|text| public_key(mistakes, text));
                broken |= key_text.is_none();
            }
            "groups" => {
                let texts = expect::texts(mistakes, &field, value);
                let texts = texts.map(|texts| texts.value).unwrap_or_default();
                groups.extend(texts.into_iter().filter_map(|text| group(mistakes, text)));
            }
            "authors" => {
                let texts = expect::texts(mistakes, &field, value);
                let texts = texts.map(|texts| texts.value).unwrap_or_default();
                authors.extend(texts.into_iter().filter_map(|text| author(mistakes, &text)));
            }
            _ => {
                expect::unknown_key(mistakes, "an approver", &key, KEYS);
                broken |= suggest::closest(&key.value, ["key"]).is_some();
            }
        }
    }
    if key_text.is_none() && !broken {
        let message = format!("the approver `{}` has no key", name.value);
        mistakes.add(
            Diagnostic::error(codes::BAD_KEY, message, name.at.label("has no `key`"))
                .help("add `key = \"ed25519:…\"`, the public key of the person"),
        );
    }
    for list in [&mut groups, &mut authors] {
        list.sort();
        list.dedup();
    }
    let at = name.at.clone();
    let key_at = key_text.as_ref().map(|key| key.at.clone());
    let approver = key_text.map(|key| {
        let spec = Approver { name: name.value.clone(), key: key.value, groups, authors };
        ApproverAt { spec, at }
    });
    DeclaredApprover { approver, key_at }
}

fn group(mistakes: &mut Mistakes, text: Text) -> Option<String> {
    if StepName::is_plain(&text.value) {
        return Some(text.value);
    }
    let message = format!("`{}` cannot be the name of a group", text.value);
    let rule = match text.value.strip_prefix(GROUP_PREFIX) {
        Some(name) => format!("write `{name}`: only `from` has `{GROUP_PREFIX}`"),
        None => "a name starts with a letter and has letters, digits, `-` and `_`".to_owned(),
    };
    mistakes.add(Diagnostic::error(codes::BAD_NAME, message, text.at.label("")).help(rule));
    None
}

fn author(mistakes: &mut Mistakes, text: &Text) -> Option<String> {
    let forbidden =
        |letter: char| letter.is_whitespace() || letter.is_control() || "<>,;".contains(letter);
    let parts = text.value.rsplit_once('@');
    let is_address = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if is_address && !text.value.contains(forbidden) {
        return Some(text.value.to_lowercase());
    }
    let message = format!("`{}` is no e-mail address", text.value.escape_debug());
    mistakes.add(
        Diagnostic::error(codes::BAD_AUTHOR, message, text.at.label(""))
            .help("write the address alone, as it is in the person's commits"),
    );
    None
}
