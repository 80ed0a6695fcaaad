//! Delivery: environments, who approves, secrets, and the ledger.

pub(crate) mod approvals;
pub(crate) mod approvers;
pub(crate) mod environment_fields;
mod environments;
pub(crate) mod freeze;
pub(crate) mod gate;
pub(crate) mod ledger;
mod numbers;
pub(crate) mod secrets;
mod storage;

use std::collections::BTreeMap;

pub(crate) use approvers::approver;
pub(crate) use environment_fields::DeclaredEnvironment;
pub(crate) use environments::check_secrets;
pub(crate) use environments::{Resolving, check_needs};
pub(crate) use secrets::secret;

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::pipeline::{ApproverAt, SecretAt};
use crate::place::Place;
use crate::text::Text;

/// What `ed25519:` keys begin with.
const KEY_PREFIX: &str = "ed25519:";

/// An approver as written.
#[derive(Debug)]
pub(crate) struct DeclaredApprover {
    /// `None` if it was not understood. The name is known nevertheless.
    pub(crate) approver: Option<ApproverAt>,
    /// Where the key is.
    pub(crate) key_at: Option<Place>,
}

/// A secret as written. The name is known even if the rest was not understood.
#[derive(Debug)]
pub(crate) struct DeclaredSecret {
    pub(crate) name: Text,
    pub(crate) secret: Option<SecretAt>,
}

/// What all files declare about delivery, by name.
#[derive(Default, Debug)]
pub(crate) struct DeliveryEntries {
    pub(crate) environments: BTreeMap<String, DeclaredEnvironment>,
    pub(crate) approvers: BTreeMap<String, DeclaredApprover>,
    pub(crate) secrets: BTreeMap<String, DeclaredSecret>,
    pub(crate) ledger: ledger::LedgerFields,
}

/// Reads a public key.
fn public_key(mistakes: &mut Mistakes, text: Text) -> Option<Text> {
    let digits = text.value.strip_prefix(KEY_PREFIX);
    let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    let reason = match digits {
        None => "it does not begin with `ed25519:`".to_owned(),
        Some(digits) if digits.len() == 64 && digits.bytes().all(is_digit) => return Some(text),
        Some(digits) if digits.bytes().any(|digit| digit.is_ascii_uppercase()) => {
            "its digits are not in lower case".to_owned()
        }
        Some(digits) if !digits.bytes().all(is_digit) => {
            "after `ed25519:` come hexadecimal digits".to_owned()
        }
        Some(digits) => format!("it has {} digits, not 64", digits.len()),
    };
    let message = format!("this is no public key: {reason}");
    mistakes.add(
        Diagnostic::error(codes::BAD_KEY, message, text.at.label(""))
            .help("write `ed25519:` and 64 hexadecimal digits in lower case"),
    );
    None
}

/// Reports people with one key: who holds it would count twice.
pub(crate) fn check_keys(mistakes: &mut Mistakes, approvers: &BTreeMap<String, DeclaredApprover>) {
    let mut holders: BTreeMap<&str, (&str, &Place)> = BTreeMap::new();
    let mut known: Vec<_> = approvers
        .values()
        .filter_map(|declared| Some((declared.approver.as_ref()?, declared.key_at.as_ref()?)))
        .collect();
    // What stands later in the file is the mistake.
    known.sort_by_key(|(_, at)| (at.file.clone(), at.span.start));
    for (ApproverAt { spec, .. }, at) in known {
        let Some((first, first_at)) = holders.get(spec.key.as_str()) else {
            holders.insert(&spec.key, (&spec.name, at));
            continue;
        };
        let message = format!("`{first}` and `{}` have the same key", spec.name);
        mistakes.add(
            Diagnostic::error(codes::SHARED_KEY, message, at.label("again"))
                .label(first_at.label("first"))
                .help("one person has one key, so that two approvals come from two people"),
        );
    }
}
