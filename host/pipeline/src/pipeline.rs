//! Pipeline and Step: what the user wrote, checked and expanded.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::delivery::{Approver, Environment, SecretSource};
use belljar_model::tool::ToolSpec;
use belljar_model::{Grant, Limits, Patterns, StepName, Tier, WorkspacePath};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::place::Place;

/// A whole pipeline without mistakes.
#[derive(Clone, Default, Debug)]
pub struct Pipeline {
    /// The plugins, by the name that steps use.
    pub plugins: BTreeMap<String, PluginSource>,
    /// The tools that steps may be granted, by name.
    pub tools: BTreeMap<String, Tool>,
    /// The steps, expanded, each after all that it needs; otherwise in the order of the file.
    pub steps: Vec<Arc<Step>>,
    /// The places that releases are deployed to, by name.
    pub environments: BTreeMap<String, EnvironmentAt>,
    /// The people who may approve, by name. No two have the same key.
    pub approvers: BTreeMap<String, ApproverAt>,
    /// Where the values of secrets come from, by name.
    pub secrets: BTreeMap<String, SecretAt>,
    /// What the file says of the ledger.
    pub ledger: LedgerSettings,
}

/// An environment, and where it is declared.
#[derive(Clone, Debug)]
pub struct EnvironmentAt {
    /// What the file says of it.
    pub spec: Environment,
    /// Its header in the file.
    pub at: Place,
    /// Where its fields are. It has no inputs, outputs and timeout.
    pub places: Places,
}

/// A person who may approve, and where that is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApproverAt {
    /// What the file says of the person.
    pub spec: Approver,
    /// The name in the file.
    pub at: Place,
}

/// A secret, and where it is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretAt {
    /// Where its value comes from.
    pub source: SecretSource,
    /// What is raised when a new value is to make results old: part of the key of steps, as the
    /// value never is.
    pub version: Option<String>,
    /// The name in the file.
    pub at: Place,
}

/// What `[ledger]` says. `None` is what it does not say.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LedgerSettings {
    /// The folder of the ledger: absolute, or relative to the workspace.
    pub folder: Option<String>,
    /// The name in its checkpoints.
    pub origin: Option<String>,
    /// The public key that its checkpoints must have: `ed25519:` and 64 lower-case hexadecimal
    /// digits.
    pub key: Option<String>,
}

/// Where a plugin comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PluginSource {
    /// What to load.
    pub location: PluginLocation,
    /// The entry in the file.
    pub at: Place,
}

/// What to load for a plugin.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum PluginLocation {
    /// One that comes with the program, by its name (`builtin:lint` is `lint`).
    Builtin(String),
    /// A folder with the plugin's source, or a component file.
    Path(WorkspacePath),
}

/// A tool, and where it is declared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tool {
    /// What the file says of it.
    pub spec: ToolSpec,
    /// The entry in the file.
    pub at: Place,
}

/// One step, with nothing left to look up. Its form in bytes is for the same version of this
/// program only.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name, unique in the pipeline.
    pub name: StepName,
    /// One line for lists; may be empty.
    pub doc: String,
    /// The name of its plugin, a key of [`Pipeline::plugins`].
    pub uses: String,
    /// The steps that must pass before, in the order of [`Pipeline::steps`], each once.
    pub needs: Vec<StepName>,
    /// What it can see.
    pub inputs: Patterns,
    /// Where it may write.
    pub outputs: Patterns,
    /// The configuration of its plugin: always an object.
    #[serde(with = "as_text")]
    pub config: Value,
    /// The powers that it received.
    pub grants: Vec<GrantAt>,
    /// The weakest tier in which its native tools may run.
    pub min_isolation: Tier,
    /// What it may use of the machine.
    pub limits: Limits,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// The folder it was made for, if it has `for-each`.
    pub member: Option<WorkspacePath>,
    /// Its header in the file.
    pub at: Place,
    /// Where its fields are; shared by all steps made from one entry of the file.
    pub places: Arc<Places>,
}

/// A grant and where it is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GrantAt {
    /// The power.
    pub grant: Grant,
    /// The text that grants it.
    pub at: Place,
}

/// Where the fields of a step or an environment are written. A field that comes from a template points there.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Places {
    /// The value of `uses`.
    pub uses: Place,
    /// The list of inputs, if there is one.
    pub inputs: Option<Place>,
    /// The list of outputs, if there is one.
    pub outputs: Option<Place>,
    /// The value of `timeout`, if there is one.
    pub timeout: Option<Place>,
    /// The parts of `with`, by JSON pointer (RFC 6901); `""` is the whole of it.
    pub with: BTreeMap<String, FieldPlace>,
}

/// Where one part of a configuration is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FieldPlace {
    /// Its key; for an item of a list, the item itself.
    pub key: Place,
    /// Its value.
    pub value: Place,
}

impl Places {
    /// The part of `with` that a JSON pointer means; if that is not written anywhere, the
    /// nearest part around it. `None` if there is no `with`.
    pub fn config(&self, pointer: &str) -> Option<&FieldPlace> {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.with.get(pointer) {
                return Some(place);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }
}

/// A JSON value as its text: forms in bytes that do not say what comes next cannot hold one.
mod as_text {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        let text = value.to_string();
        // Reading a number may round it. A plugin must not see another one the second time.
        match serde_json::from_str::<Value>(&text) {
            Ok(again) if again == *value => text.serialize(to),
            Ok(_) | Err(_) => Err(S::Error::custom("it has a number that its text does not hold")),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        let text = String::deserialize(from)?;
        serde_json::from_str(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_to_what_is_not_written_finds_what_is_around_it() {
        let place = |start| {
            let place = Place { file: Arc::from("f"), span: start..start };
            FieldPlace { key: place.clone(), value: place }
        };
        let mut places = Places::default();
        assert_eq!(places.config("/a"), None);
        places.with = [("", 1), ("/a", 2), ("/a/0", 3)]
            .map(|(pointer, start)| (pointer.to_owned(), place(start)))
            .into();
        for (pointer, start) in [("", 1), ("/b", 1), ("/a", 2), ("/a/1/x", 2), ("/a/0/x/y", 3)] {
            assert_eq!(places.config(pointer), Some(&place(start)), "{pointer}");
        }
    }
}
