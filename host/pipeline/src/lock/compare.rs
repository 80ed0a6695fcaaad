//! Compare: what changed between two entries of a plugin, and what follows from it.

use std::collections::BTreeSet;
use std::fmt;

use belljar_model::Class;

use super::{Compared, LockEntry, Named};

/// What a change does to the power of a plugin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Power {
    /// It can do something that it could not.
    Gains,
    /// It can no longer do something.
    Loses,
    /// It can do what it could.
    Same,
}

impl Power {
    /// As it is written in answers for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gains => "gains",
            Self::Loses => "loses",
            Self::Same => "same",
        }
    }
}

/// One difference between two entries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Change {
    /// What it does to the plugin's power.
    pub power: Power,
    /// What differs: `import belljar:step/tool@0.1.0#open`, `grant env HOME`.
    pub what: String,
}

impl Change {
    /// Whether it is a power that the user's own file gives, and not one that the plugin takes.
    pub fn is_grant(&self) -> bool {
        self.what.starts_with("grant ")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.power {
            Power::Gains => '+',
            Power::Loses => '-',
            Power::Same => '~',
        };
        write!(out, "{sign} {}", self.what)
    }
}

/// What an entry of today is to the one in the lock file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// There is none in the lock file.
    New,
    /// Nothing that is compared has changed.
    Unchanged,
    /// It has no more power than before; these changes are written down.
    Moved(Vec<Change>),
    /// It has more power than what was accepted. Some of the changes gain power.
    Gained(Vec<Change>),
    /// It calls itself what was locked, or older, but its bytes are others.
    Swapped(Vec<Change>),
}

/// Interfaces that give no power: a log line and a question about time leak nothing.
const POWERLESS: [&str; 2] = ["belljar:step/log", "belljar:step/control"];

/// All that differs between two entries, gained power first.
pub fn compare(before: &LockEntry, now: &LockEntry) -> Vec<Change> {
    let mut changes = Vec::new();
    let same_bytes = before.digest == now.digest && before.sha256 == now.sha256;
    if before.source != now.source {
        // Another place with other bytes is another plugin, whatever it calls itself.
        let power = if same_bytes { Power::Same } else { Power::Gains };
        changes.push(was(power, "source", &before.source, &now.source));
    }
    if before.class != now.class {
        let power =
            if reach(now.class) > reach(before.class) { Power::Gains } else { Power::Loses };
        let (was_class, is_class) = (before.class.to_string(), now.class.to_string());
        changes.push(was(power, "class", &was_class, &is_class));
    }
    imports(before, now, &mut changes);
    named("ask", &before.asks, &now.asks, &mut changes);
    named("grant", &before.grants, &now.grants, &mut changes);
    if before.world != now.world {
        changes.push(was(Power::Same, "world", &before.world, &now.world));
    }
    if before.label != now.label {
        changes.push(was(Power::Same, "version", &before.label, &now.label));
    }
    if before.digest.size() != now.digest.size() {
        let sizes = [before, now].map(|entry| format!("{} bytes", entry.digest.size()));
        changes.push(was(Power::Same, "size", &sizes[0], &sizes[1]));
    }
    if before.digest.hash() != now.digest.hash() {
        changes.push(was(Power::Same, "blake3", &before.digest.short(), &now.digest.short()));
    }
    if before.sha256 != now.sha256 {
        let short = |entry: &LockEntry| entry.sha256.chars().take(8).collect::<String>();
        changes.push(was(Power::Same, "sha256", &short(before), &short(now)));
    }
    changes.sort_by_key(|change| change.power);
    changes
}

/// What an entry of today is to that in the lock file, if there is one.
pub fn judge(before: Option<&LockEntry>, now: &LockEntry) -> Comparison {
    let Some(before) = before else { return Comparison::New };
    let mut changes = compare(before, now);
    if changes.iter().any(|change| change.power == Power::Gains) {
        return Comparison::Gained(changes);
    }
    let same_bytes = before.digest == now.digest && before.sha256 == now.sha256;
    match now.compared() {
        Compared::Bytes if !same_bytes && !is_newer(now.version(), before.version()) => {
            return Comparison::Swapped(changes);
        }
        Compared::Bytes => {}
        // The lock file is what such a plugin may have at most; how it was built is no change.
        Compared::Powers => {
            let moved = before.source != now.source || before.grants != now.grants;
            if !moved {
                changes.clear();
            }
        }
    }
    if changes.is_empty() { Comparison::Unchanged } else { Comparison::Moved(changes) }
}

fn was(power: Power, what: &str, before: &str, now: &str) -> Change {
    Change { power, what: format!("{what} {before} -> {now}") }
}

const fn reach(class: Class) -> u8 {
    match class {
        Class::Pure => 0,
        Class::Exec => 1,
        Class::Effect => 2,
    }
}

/// An import without the version of its interface: what it reaches is the host's to decide.
fn reachable(import: &str) -> String {
    let (interface, function) = import.split_once('#').unwrap_or((import, ""));
    let plain = interface.split_once('@').map_or(interface, |(plain, _)| plain);
    format!("{plain}#{function}")
}

fn imports(before: &LockEntry, now: &LockEntry, changes: &mut Vec<Change>) {
    let powers = |entry: &LockEntry| entry.imports.iter().map(|import| reachable(import)).collect();
    let (had, has): (BTreeSet<String>, BTreeSet<String>) = (powers(before), powers(now));
    let power = |import: &str, others: &BTreeSet<String>, power: Power| {
        let reached = reachable(import);
        let harmless = POWERLESS.iter().any(|interface| {
            reached.strip_prefix(interface).is_some_and(|rest| rest.starts_with('#'))
        });
        if harmless || others.contains(&reached) { Power::Same } else { power }
    };
    for import in now.imports.difference(&before.imports) {
        let power = power(import, &had, Power::Gains);
        changes.push(Change { power, what: format!("import {import}") });
    }
    for import in before.imports.difference(&now.imports) {
        let power = power(import, &has, Power::Loses);
        let what = match power {
            Power::Same => format!("no import {import}"),
            Power::Gains | Power::Loses => format!("import {import}"),
        };
        changes.push(Change { power, what });
    }
}

fn named(verb: &str, before: &Named, now: &Named, changes: &mut Vec<Change>) {
    for (more, less, power) in [(now, before, Power::Gains), (before, now, Power::Loses)] {
        for (kind, names) in more {
            let others = less.get(kind);
            for name in names.iter().filter(|name| !others.is_some_and(|all| all.contains(*name))) {
                changes.push(Change { power, what: format!("{verb} {kind} {name}") });
            }
        }
    }
}

/// Whether a version comes after another one. Of versions that differ only in what follows the
/// three numbers, each counts as later than the other: what they mean is their author's.
fn is_newer(version: &str, than: &str) -> bool {
    match (numbers(version), numbers(than)) {
        (Some(new), Some(old)) => new > old || (new == old && version != than),
        _ => false,
    }
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}
