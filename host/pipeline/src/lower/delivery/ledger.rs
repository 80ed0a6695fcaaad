//! What `[ledger]` says: where the ledger is, what it is called, and its key.

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::pipeline::LedgerSettings;
use crate::place::Place;
use crate::text::expect;
use crate::text::{Entry, Table, Text};

/// The keys of `[ledger]`, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["folder", "origin", "key"];

/// What all files together say of the ledger.
#[derive(Default, Debug)]
pub(crate) struct LedgerFields {
    /// What is right of it.
    pub(crate) settings: LedgerSettings,
    /// The keys that were read.
    seen: Vec<Text>,
}

impl LedgerFields {
    /// Adds what one file says. Mistakes are reported and left out.
    pub(crate) fn read(&mut self, mistakes: &mut Mistakes, table: Table) {
        for Entry { key, value } in table.0 {
            if let Some(first) = self.seen.iter().find(|seen| seen.value == key.value) {
                let message = format!("`ledger.{}` is there twice", key.value);
                mistakes.add(
                    Diagnostic::error(codes::DUPLICATE_NAME, message, key.at.label("again"))
                        .label(first.at.label("first")),
                );
                continue;
            }
            let field = format!("ledger.{}", key.value);
            let mut text = |wanted: &str| expect::text(mistakes, &field, wanted, value.clone());
            let own = &mut self.settings;
            match key.value.as_str() {
                "folder" => {
                    let text = text("the path of a folder");
                    own.folder = text.and_then(|text| folder(mistakes, &text));
                }
                "origin" => {
                    let text = text("a text");
                    own.origin = text.and_then(|text| origin(mistakes, text));
                }
                "key" => {
                    let text = text("a public key");
                    let key = text.and_then(|text| super::public_key(mistakes, text));
                    own.key = key.map(|key| key.value);
                }
                _ => {
                    expect::unknown_key(mistakes, "`ledger`", &key, KEYS);
                    continue;
                }
            }
            self.seen.push(key);
        }
    }
}

fn folder(mistakes: &mut Mistakes, text: &Text) -> Option<String> {
    let path = text.value.trim_end_matches('/');
    let relative = !path.starts_with('/');
    let mut segments = path.split('/');
    let reason = if path.contains(char::is_control) || path.contains('\\') {
        "it holds a character that no path has on every system"
    } else if segments.clone().all(|segment| matches!(segment, "" | ".")) {
        "a ledger has a folder of its own"
    } else if segments.any(|segment| segment == "..") {
        "it has `..`"
    } else if relative && path.starts_with('~') {
        "`~` is not filled in"
    } else {
        return Some(path.to_owned());
    };
    let help = "write a path in the workspace, such as `.belljar/ledger-v1`, or an absolute one";
    bad(mistakes, format!("the ledger cannot be at `{}`: {reason}", text.value), &text.at, help);
    None
}

/// An origin is one line of a checkpoint and the name of its key, which cannot hold more.
fn origin(mistakes: &mut Mistakes, text: Text) -> Option<String> {
    let holds = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    let reason = if text.value.is_empty() {
        "it is empty"
    } else if text.value.contains(holds) {
        "it has a blank, a control character or a `+`"
    } else if text.value.len() > 256 {
        "it is longer than 256 bytes"
    } else {
        return Some(text.value);
    };
    let help = "write a name such as `example.org/acme`";
    bad(mistakes, format!("this cannot be the name of a ledger: {reason}"), &text.at, help);
    None
}

fn bad(mistakes: &mut Mistakes, message: String, at: &Place, help: &str) {
    mistakes.add(Diagnostic::error(codes::BAD_LEDGER, message, at.label("")).help(help));
}
