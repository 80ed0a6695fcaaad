//! Pins and changes, for people and for programs.

use std::collections::BTreeSet;

use belljar_pipeline::lock::{Change, Named, Pin, Standing};
use serde_json::{Value, json};

/// What a plugin can do, in one line.
pub(crate) fn powers(pin: &Pin) -> String {
    let interfaces: BTreeSet<&str> = pin
        .imports
        .iter()
        .filter_map(|import| import.split(['@', '#']).next())
        .map(|interface| interface.rsplit('/').next().unwrap_or(interface))
        .collect();
    let interfaces: Vec<_> = interfaces.into_iter().collect();
    let mut line = format!("{}, a {}", pin.label, pin.world);
    if !interfaces.is_empty() {
        line += &format!("; it uses {}", interfaces.join(", "));
    }
    for (verb, all) in [("asks for", &pin.asks), ("is granted", &pin.grants)] {
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

/// A pin for programs.
pub(crate) fn as_json(pin: &Pin) -> Value {
    json!({
        "source": pin.source, "label": pin.label, "world": pin.world, "class": pin.class,
        "size": pin.digest.size(), "blake3": pin.digest.hex(), "sha256": pin.sha256,
        "imports": pin.imports, "asks": pin.asks, "grants": pin.grants,
    })
}

/// Changes for programs.
pub(crate) fn changes_json(changes: &[Change]) -> Value {
    let one = |change: &Change| json!({ "effect": change.effect.as_str(), "what": change.what });
    changes.iter().map(one).collect()
}

/// How a plugin stands to the lock file, in one word.
pub(crate) const fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::New => "new",
        Standing::Unchanged => "unchanged",
        Standing::Moved(_) => "moved",
        Standing::Gained(_) => "gained",
        Standing::Swapped(_) => "swapped",
    }
}
