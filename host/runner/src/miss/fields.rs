//! Differences between two Actions in what their family digests cover.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use belljar_model::action::Field;
use belljar_model::{Digest, MissReason};

/// One Action's fields: tag, then name, to value.
struct ByTag<'a>(BTreeMap<&'a str, Named<'a>>);

/// The fields of one tag: name to value.
type Named<'a> = BTreeMap<&'a str, &'a str>;

impl<'a> ByTag<'a> {
    fn of(fields: &'a [Field]) -> Self {
        let mut by_tag = BTreeMap::<&str, Named<'a>>::new();
        for Field { tag, name, value } in fields {
            by_tag.entry(tag).or_default().insert(name, value);
        }
        Self(by_tag)
    }

    fn named(&self, tag: &str) -> Named<'a> {
        self.0.get(tag).cloned().unwrap_or_default()
    }

    /// The value of a field that each Action has once.
    fn single(&self, tag: &str) -> Option<&'a str> {
        self.0.get(tag)?.get("").copied()
    }
}

/// Returns what differs: sandbox, plugin, class, configuration, grants, outputs, in this order.
pub(super) fn differences(then: &[Field], now: &[Field]) -> Vec<MissReason> {
    let (old, new) = (ByTag::of(then), ByTag::of(now));
    let mut reasons = Vec::new();
    if let Some((old, new)) = single("revision", &old, &new) {
        reasons.push(MissReason::SandboxChanged { old: old.to_owned(), new: new.to_owned() });
    }
    if let Some((old, new)) = single("plugin", &old, &new)
        && let (Ok(old), Ok(new)) = (old.parse::<Digest>(), new.parse::<Digest>())
    {
        reasons.push(MissReason::PluginChanged { old, new });
    }
    if let Some((old, new)) = single("class", &old, &new) {
        reasons.push(MissReason::ClassChanged { old: old.to_owned(), new: new.to_owned() });
    }
    config(&old.named("config"), &new.named("config"), &mut reasons);
    let (gained, lost) = names(&old.named("grant"), &new.named("grant"));
    reasons.extend(gained.into_iter().map(|grant| MissReason::GrantAdded { grant }));
    reasons.extend(lost.into_iter().map(|grant| MissReason::GrantRemoved { grant }));
    if patterns(then) != patterns(now) {
        // Both lists are empty if only the order differs.
        let (added, removed) = names(&old.named("output"), &new.named("output"));
        reasons.push(MissReason::OutputsChanged { added, removed });
    }
    reasons
}

/// The old and new value of a field that each Action has once, if they differ.
fn single<'a>(tag: &str, old: &ByTag<'a>, new: &ByTag<'a>) -> Option<(&'a str, &'a str)> {
    let (old, new) = (old.single(tag)?, new.single(tag)?);
    (old != new).then_some((old, new))
}

/// Reports the leaves that differ. A table or list is only named itself where it is the whole
/// difference: where it became empty or another kind of value.
fn config(old: &Named<'_>, new: &Named<'_>, reasons: &mut Vec<MissReason>) {
    let pointers: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    for pointer in pointers {
        let (then, now) = (old.get(pointer).copied(), new.get(pointer).copied());
        if then == now {
            continue;
        }
        let differs = match (then, now) {
            (Some(_), Some(_)) => true,
            (Some(value), None) => !is_container(value) || is_empty(pointer, old),
            (None, Some(value)) => !is_container(value) || is_empty(pointer, new),
            (None, None) => false,
        };
        if differs {
            reasons.push(MissReason::ConfigChanged {
                pointer: pointer.to_owned(),
                old: then.map(str::to_owned),
                new: now.map(str::to_owned),
            });
        }
    }
}

/// Text that is `{}` or `[]` marks a container; a string of these letters has quotes.
fn is_container(value: &str) -> bool {
    matches!(value, "{}" | "[]")
}

/// Whether a container has no members.
fn is_empty(pointer: &str, side: &Named<'_>) -> bool {
    let below = format!("{pointer}/");
    let mut next = side.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded));
    !next.next().is_some_and(|(pointer, _)| pointer.starts_with(&below))
}

/// The names that only the new side has, and those that only the old side has.
fn names(old: &Named<'_>, new: &Named<'_>) -> (Vec<String>, Vec<String>) {
    let only = |one: &Named<'_>, other: &Named<'_>| {
        let only = one.keys().filter(|name| !other.contains_key(*name));
        only.map(|name| (*name).to_owned()).collect()
    };
    (only(new, old), only(old, new))
}

/// The declared outputs as written.
fn patterns(fields: &[Field]) -> Vec<&str> {
    let outputs = fields.iter().filter(|field| field.tag == "output");
    outputs.map(|field| field.name.as_str()).collect()
}
