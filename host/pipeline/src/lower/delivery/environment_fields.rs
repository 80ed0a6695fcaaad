//! What one `[environment.x]` says, each part of the right type.

use belljar_model::delivery::{Freeze, Gate, Monitor};

use super::approvals::PolicyFields;
use super::{freeze, gate};
use crate::lower::fields::Texts;
use crate::lower::grants;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Kind, Table, Text, Value};

/// The keys of an environment, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &[
    "doc",
    "needs",
    "artifacts",
    "uses",
    "with",
    "storage",
    "hosts",
    "secrets",
    "tools",
    "approvals",
    "gate",
    "monitor",
    "freeze",
];

/// An environment as written. Variables are not filled in.
#[derive(Debug)]
pub(crate) struct DeclaredEnvironment {
    pub(crate) name: Text,
    /// Its header.
    pub(crate) at: Place,
    pub(crate) doc: Option<Text>,
    pub(super) needs: Vec<Text>,
    pub(crate) artifacts: Option<Texts>,
    pub(crate) uses: Option<Text>,
    pub(crate) with: Option<Entry>,
    pub(crate) storage: Option<Text>,
    pub(super) hosts: Vec<Text>,
    pub(crate) secrets: Vec<Text>,
    pub(crate) tools: Vec<Text>,
    pub(super) approvals: PolicyFields,
    pub(super) gate: Gate,
    pub(super) monitor: Monitor,
    pub(super) freezes: Vec<Freeze>,
    /// Whether something that it says was not understood, so that what is missing may be there.
    pub(crate) broken: bool,
}

impl DeclaredEnvironment {
    /// Reads an entry. Mistakes are reported and left out. Without a table, there was no entry.
    pub(crate) fn read(
        mistakes: &mut Mistakes,
        name: Text,
        at: Place,
        table: Option<Table>,
    ) -> Self {
        let broken = table.is_none();
        let mut environment = Self {
            name,
            at,
            doc: None,
            needs: Vec::new(),
            artifacts: None,
            uses: None,
            with: None,
            storage: None,
            hosts: Vec::new(),
            secrets: Vec::new(),
            tools: Vec::new(),
            approvals: PolicyFields::default(),
            gate: Gate::default(),
            monitor: Monitor::default(),
            freezes: Vec::new(),
            broken,
        };
        for entry in table.unwrap_or_default().0 {
            environment.take(mistakes, entry);
        }
        environment
    }

    /// The names of the approvers and groups that it asks; `None` if it takes any.
    pub(crate) fn asks(&self) -> Option<&[Text]> {
        let from = &self.approvals.from;
        (!from.is_empty()).then_some(from)
    }

    fn take(&mut self, mistakes: &mut Mistakes, entry: Entry) {
        let Entry { key, value } = entry;
        let field = key.value.as_str();
        match field {
            "doc" => self.doc = expect::text(mistakes, field, "a text", value),
            "needs" => self.needs = list(mistakes, field, value),
            "artifacts" => {
                self.artifacts = expect::texts(mistakes, field, value);
                self.broken |= self.artifacts.is_none();
            }
            "uses" => {
                self.uses = expect::text(mistakes, field, "the name of a plugin", value);
                self.broken |= self.uses.is_none();
            }
            "with" => match value.value {
                Kind::Table(_) => self.with = Some(Entry { key, value }),
                _ => expect::wrong_type(mistakes, field, "a table", &value),
            },
            "storage" => {
                self.storage = expect::text(mistakes, field, "`\"fs:…\"` or `\"s3:…\"`", value);
            }
            "hosts" => {
                let hosts = grants::hosts(mistakes, field, value);
                self.hosts = hosts.map(|hosts| hosts.value).unwrap_or_default();
            }
            "secrets" => self.secrets = list(mistakes, field, value),
            "tools" => self.tools = list(mistakes, field, value),
            "approvals" => self.approvals = PolicyFields::read(mistakes, value),
            "gate" => self.gate = gate::gate(mistakes, value),
            "monitor" => self.monitor = gate::monitor(mistakes, value),
            "freeze" => self.freezes = freeze::freezes(mistakes, value),
            _ => {
                expect::unknown_key(mistakes, "an environment", &key, KEYS);
                self.broken |= suggest::closest(field, ["uses", "artifacts"]).is_some();
            }
        }
    }
}

fn list(mistakes: &mut Mistakes, field: &str, value: Value) -> Vec<Text> {
    expect::texts(mistakes, field, value).map(|texts| texts.value).unwrap_or_default()
}
