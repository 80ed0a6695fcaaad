//! Action: one execution, complete and hashable.
//!
//! | what a step's result can depend on | in the family digest | in the action digest |
//! |---|---|---|
//! | the sandbox's own behavior ([`REVISION`]) | yes | yes |
//! | the plugin's bytes | yes | yes |
//! | the configuration, leaf by leaf | yes | yes |
//! | class, grants, declared outputs | yes | yes |
//! | values of granted environment variables | as Observations | yes |
//! | granted tools: identity and tier | as Observations | yes |
//! | the patterns that declare inputs | as Observations | yes |
//! | the input files | as Observations | yes |
//! | limits, the step's name, the machine | never | never |
//!
//! The *action digest* finds a result whose inputs are all the same. The *family digest* finds
//! earlier executions of the same logic, whose Traces are then compared with what is there now.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{Hashing, Visitor};
use crate::class::Class;
use crate::digest::Digest;
use crate::grant::Grant;
use crate::hex::{hex, unhex};
use crate::pattern::Patterns;
use crate::tool::GrantedTool;
use crate::view::View;

/// The revision of what the sandbox answers to a guest. Raised whenever an answer changes, so
/// that results of an older host are not taken for ours.
pub const REVISION: u32 = 1;

/// One execution: everything that its result may depend on.
#[derive(Clone, Debug)]
pub struct Action {
    /// The digest of the component.
    pub plugin: Digest,
    /// The class of the step.
    pub class: Class,
    /// The step's configuration as canonical JSON text ([`canonical_json`]), as the guest
    /// receives it.
    pub config: String,
    /// What the step was granted, sorted.
    pub grants: Vec<Grant>,
    /// Where it may write.
    pub outputs: Patterns,
    /// What it can see.
    pub view: View,
}

/// The digest of a canonically encoded [`Action`]: the cache key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionDigest([u8; 32]);

/// The digest of an [`Action`] without what the guest observes: its inputs and environment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FamilyDigest([u8; 32]);

/// One field of an [`Action`], as text: what the key covers, for explanations.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Field {
    /// The kind: `revision`, `plugin`, `class`, `config`, `grant` or `output`.
    pub tag: String,
    /// Which one of its kind: for `config`, a JSON pointer.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Action {
    /// Returns the key under which this Action's result is recorded.
    pub fn digest(&self) -> ActionDigest {
        self.keys().0
    }

    /// Returns the key under which Traces of the same logic are found.
    pub fn family(&self) -> FamilyDigest {
        self.keys().1
    }

    /// Returns both keys, for the price of little more than one.
    pub fn keys(&self) -> (ActionDigest, FamilyDigest) {
        let mut hashing = Hashing::new();
        self.visit_family(&mut hashing);
        let family = hashing.finish("belljar 2026 action family v1");
        self.visit_view(&mut hashing);
        let action = hashing.finish("belljar 2026 action v1");
        (ActionDigest(action), FamilyDigest(family))
    }

    /// Returns what the family digest covers, in canonical order.
    pub fn fields(&self) -> Vec<Field> {
        let mut explaining = Explaining(Vec::new());
        self.visit_family(&mut explaining);
        explaining.0
    }

    fn visit_family(&self, visitor: &mut impl Visitor) {
        let Self { plugin, class, config, grants, outputs, view: _ } = self; // no field forgotten
        visitor.field("revision", "", REVISION.to_string().as_bytes());
        visitor.field("plugin", "", plugin.to_string().as_bytes());
        visitor.field("class", "", class.as_str().as_bytes());
        let config = serde_json::from_str(config).expect("an Action's config is JSON text");
        visit_json(&config, &mut String::new(), visitor);
        for grant in grants {
            visitor.field("grant", &grant.to_string(), b"");
        }
        for pattern in outputs.texts() {
            visitor.field("output", pattern, b"");
        }
    }

    fn visit_view(&self, visitor: &mut impl Visitor) {
        let View { root, declared, environment, tools } = &self.view; // no field forgotten
        for (name, value) in &**environment {
            let digest = Digest::of(value.as_bytes());
            visitor.field("environment", name, digest.to_string().as_bytes());
        }
        for (name, GrantedTool { identity, tier }) in &**tools {
            visitor.field("tool", name, format!("{identity} {tier}").as_bytes());
        }
        for pattern in declared.texts() {
            visitor.field("input", pattern, b"");
        }
        visitor.field("input root", "", root.digest().to_string().as_bytes());
    }
}

/// Visits every leaf of a JSON value in the order of sorted keys. Containers are visited too,
/// so that `[1]` and `{"0": 1}` differ.
fn visit_json(value: &Value, pointer: &mut String, visitor: &mut impl Visitor) {
    let length = pointer.len();
    match value {
        Value::Object(members) => {
            visitor.field("config", pointer, b"{}");
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            for name in names {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                visit_json(&members[name], pointer, visitor);
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            visitor.field("config", pointer, b"[]");
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                visit_json(item, pointer, visitor);
                pointer.truncate(length);
            }
        }
        leaf => visitor.field("config", pointer, leaf.to_string().as_bytes()),
    }
}

/// Writes a JSON value with sorted keys and without white space.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            let member = |name: &String| {
                format!("{}:{}", Value::from(name.as_str()), canonical_json(&members[name]))
            };
            let members: Vec<_> = names.into_iter().map(member).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical_json).collect();
            format!("[{}]", items.join(","))
        }
        leaf => leaf.to_string(),
    }
}

struct Explaining(Vec<Field>);

impl Visitor for Explaining {
    fn field(&mut self, tag: &'static str, name: &str, value: &[u8]) {
        let value = String::from_utf8_lossy(value).into_owned();
        self.0.push(Field { tag: tag.to_owned(), name: name.to_owned(), value });
    }
}

/// What [`ActionDigest`] and [`FamilyDigest`] share: 32 bytes that are shown as hexadecimal.
macro_rules! key {
    ($name:ident) => {
        impl $name {
            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Takes 32 bytes that a store kept.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The first eight digits, for people. Never an identity.
            pub fn short(&self) -> String {
                hex(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($name), self.short())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                let bytes = unhex(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{text}` is not 64 hexadecimal digits"))
                })?;
                Ok(Self(bytes))
            }
        }
    };
}

key!(ActionDigest);
key!(FamilyDigest);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    fn action(config: &str) -> Action {
        Action {
            plugin: Digest::of(b"component"),
            class: Class::Pure,
            config: config.to_owned(),
            grants: Vec::new(),
            outputs: Patterns::none(),
            view: View::empty(),
        }
    }

    #[test]
    fn the_key_of_a_fixed_action_never_changes() {
        let action = action(r#"{"a":[1,"b"]}"#);
        insta_like(&action.digest().to_string(), include_str!("testdata/action_digest.txt"));
        insta_like(&action.family().to_string(), include_str!("testdata/family_digest.txt"));
    }

    #[track_caller]
    fn insta_like(actual: &str, expected: &str) {
        assert_eq!(actual, expected.trim(), "a changed encoding needs a new context string");
    }

    #[test]
    fn containers_are_part_of_the_key() {
        let array = action(r#"{"a":[1]}"#).family();
        assert_ne!(array, action(r#"{"a":{"0":1}}"#).family());
        assert_ne!(array, action(r#"{"a/0":1}"#).family());
        assert_ne!(action(r#"{"a":[]}"#).family(), action(r#"{"a":{}}"#).family());
    }

    #[test]
    fn the_order_of_keys_is_not_part_of_the_key() {
        assert_eq!(action(r#"{"a":1,"b":2}"#).family(), action(r#"{"b":2,"a":1}"#).family());
    }

    #[test]
    fn inputs_and_environment_are_in_the_action_digest_only() {
        let base = action("{}");
        let mut other = base.clone();
        other.view.environment = Arc::new(BTreeMap::from([("A".to_owned(), "1".to_owned())]));
        assert_eq!(base.family(), other.family());
        assert_ne!(base.digest(), other.digest());
    }

    #[test]
    fn canonical_json_sorts_keys_at_every_depth() {
        let value = serde_json::from_str(r#"{ "b": {"d": 1, "c": [true, null]}, "a": "x" }"#);
        assert_eq!(canonical_json(&value.unwrap()), r#"{"a":"x","b":{"c":[true,null],"d":1}}"#);
    }
}
