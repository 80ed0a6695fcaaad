//! The lock file: which plugins a pipeline uses, what each can do, and what was accepted of it.
//!
//! [`LockFile`] is what is written down; the same [`LockEntry`] is made of what is there today, and
//! [`judge`] compares the two. Nothing here reads a file or knows what a component is.

mod compare;
mod grants;
mod insert;
mod look_alike;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{Class, Digest};

pub use compare::{Change, Comparison, Power, compare, judge};
pub use grants::granted;
pub use insert::{InsertError, insert_plugin, plugin_line};
pub use look_alike::look_alike;
pub(crate) use look_alike::warn as warn_of_twins;
pub use parse::parse_lock;

/// The newest `version` of a lock file that is understood.
pub const VERSION: i64 = 1;

/// Names by their kind: `tools` -> `cargo`, `node`. A kind without names is not there.
pub type Named = BTreeMap<String, BTreeSet<String>>;

/// What a lock file says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LockFile {
    /// The plugins, by their name in the pipeline file.
    pub plugins: BTreeMap<String, LockEntry>,
}

/// One plugin as it was accepted, or as it is there now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockEntry {
    /// Where it comes from: `builtin:NAME`, or `path:PLACE` in the workspace.
    pub source: String,
    /// What it calls itself: `name@version`.
    pub label: String,
    /// The world that it is made for: `pure-step`, `step-plugin` or `deploy-plugin`.
    pub world: String,
    /// How much of the outside it can touch at most.
    pub class: Class,
    /// The BLAKE3 digest of the component, with its size.
    pub digest: Digest,
    /// The SHA-256 of the component: 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// What it imports beyond what every toolchain does, by function:
    /// `belljar:step/inputs@0.1.0#read`.
    pub imports: BTreeSet<String>,
    /// What it asks for, by the kinds of [`ASKS`].
    pub asks: Named,
    /// What the steps and environments of the pipeline file grant it, by the kinds of [`GRANTS`].
    pub grants: Named,
}

/// The kinds of what a plugin can ask for.
pub const ASKS: &[&str] = &["hosts", "secrets", "tools"];
/// The kinds of what a plugin can be granted.
pub const GRANTS: &[&str] = &["env", "hosts", "network", "secrets", "state", "storage", "tools"];

/// The world of a plugin that can touch so much.
pub const fn world_of(class: Class) -> &'static str {
    match class {
        Class::Pure => "pure-step",
        Class::Exec => "step-plugin",
        Class::Effect => "deploy-plugin",
    }
}

/// What is locked of a plugin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compared {
    /// Its bytes: they are those of a file.
    Bytes,
    /// Its powers: the bytes are made anew with the program, or from source of the workspace,
    /// and differ from machine to machine.
    Powers,
}

impl LockEntry {
    /// What is locked of it.
    pub fn compared(&self) -> Compared {
        let path = self.source.strip_prefix("path:").map(std::path::Path::new);
        let is_file = path.and_then(std::path::Path::extension) == Some("wasm".as_ref());
        if is_file { Compared::Bytes } else { Compared::Powers }
    }

    /// The version that it gives itself; empty if it gives none.
    pub fn version(&self) -> &str {
        self.label.split_once('@').map_or("", |(_, version)| version)
    }
}
