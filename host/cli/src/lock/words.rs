//! Entries and changes, for people and for programs.

use std::collections::BTreeSet;

use belljar_pipeline::lock::{Change, Comparison, LockEntry, Named};
use serde_json::{Value, json};

/// What a plugin can do, in one line.
pub(crate) fn powers(entry: &LockEntry) -> String {
    let interfaces: BTreeSet<&str> = entry
        .imports
        .iter()
        .filter_map(|import| import.split(['@', '#']).next())
        .map(|interface| interface.rsplit('/').next().unwrap_or(interface))
        .collect();
    let interfaces: Vec<_> = interfaces.into_iter().collect();
    let mut line = format!("{}, a {}", entry.label, entry.world);
    if !interfaces.is_empty() {
        line += &format!("; it uses {}", interfaces.join(", "));
    }
    for (verb, all) in [("asks for", &entry.asks), ("is granted", &entry.grants)] {
        if !all.is_empty() {
            line += &format!("; {verb} {}", named(all));
        }
    }
    line
}

fn named(all: &Named) -> String {
    let kind = |(kind, names): (&String, &BTreeSet<String>)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!("{kind} {}", names.join(", "))
    };
    all.iter().map(kind).collect::<Vec<_>>().join("; ")
}

/// A entry for programs.
pub(crate) fn as_json(entry: &LockEntry) -> Value {
    json!({
        "source": entry.source, "label": entry.label, "world": entry.world, "class": entry.class,
        "size": entry.digest.size(), "blake3": entry.digest.hex(), "sha256": entry.sha256,
        "imports": entry.imports, "asks": entry.asks, "grants": entry.grants,
    })
}

/// Changes for programs.
pub(crate) fn changes_json(changes: &[Change]) -> Value {
    let one = |change: &Change| json!({ "power": change.power.as_str(), "what": change.what });
    changes.iter().map(one).collect()
}

/// How a plugin stands to the lock file, in one word.
pub(crate) const fn comparison_word(comparison: &Comparison) -> &'static str {
    match comparison {
        Comparison::New => "new",
        Comparison::Unchanged => "unchanged",
        Comparison::Moved(_) => "moved",
        Comparison::Gained(_) => "gained",
        Comparison::Swapped(_) => "swapped",
    }
}
