//! Grants: what `grants` says, and the powers that it becomes.

use std::collections::BTreeMap;

use belljar_model::tool::StateMount;
use belljar_model::{Capability, Diagnostic, Grant, StepName, WorkspacePath};

use crate::codes;
use crate::lower::delivery::DeclaredSecret;
use crate::lower::fields::Texts;
use crate::lower::{host_port, pattern_code};
use crate::mistakes::Mistakes;
use crate::pipeline::GrantAt;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Located, Text, Value};

/// The keys of `grants`, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["env", "tools", "state", "network", "secrets"];

/// The parts of `grants`. `None` is what it does not say.
#[derive(Clone, Default, Debug)]
pub(crate) struct GrantFields {
    pub(crate) env: Option<Texts>,
    pub(crate) tools: Option<Texts>,
    pub(crate) state: Vec<StateField>,
    /// The valid ones, each in its one form.
    pub(crate) network: Option<Texts>,
    pub(crate) secrets: Option<Texts>,
}

/// One folder of `grants.state`.
#[derive(Clone, Debug)]
pub(crate) struct StateField {
    pub(crate) name: Text,
    /// Where tools find it. May hold variables.
    pub(crate) path: Text,
}

impl GrantFields {
    /// Reads the table. Mistakes are reported and left out.
    pub(crate) fn read(mistakes: &mut Mistakes, value: Value) -> Self {
        let mut grants = Self::default();
        for Entry { key, value } in expect::table(mistakes, "grants", value).unwrap_or_default().0 {
            match key.value.as_str() {
                "env" => grants.env = variables(mistakes, value),
                "tools" => grants.tools = expect::texts(mistakes, "grants.tools", value),
                "state" => grants.state = state(mistakes, value),
                "secrets" => grants.secrets = expect::texts(mistakes, "grants.secrets", value),
                "network" => grants.network = hosts(mistakes, "grants.network", value),
                _ => mistakes.add(unknown(&key)),
            }
        }
        grants
    }

    /// Lays these grants upon those of a template: folders are merged by name, a list replaces
    /// the list below it.
    pub(crate) fn upon(self, base: Self) -> Self {
        let mut state = base.state;
        for folder in self.state {
            match state.iter_mut().find(|own| own.name.value == folder.name.value) {
                Some(own) => *own = folder,
                None => state.push(folder),
            }
        }
        Self {
            env: self.env.or(base.env),
            tools: self.tools.or(base.tools),
            state,
            network: self.network.or(base.network),
            secrets: self.secrets.or(base.secrets),
        }
    }

    /// The grants that hold no variables, sorted, each once. That of a secret names the version
    /// that `secrets` declares, if any.
    pub(crate) fn fixed(&self, secrets: &BTreeMap<String, DeclaredSecret>) -> Vec<GrantAt> {
        let lists = [
            (Capability::Env, &self.env),
            (Capability::Tool, &self.tools),
            (Capability::Network, &self.network),
        ];
        let mut grants: Vec<GrantAt> = Vec::new();
        for (capability, list) in lists {
            for text in list.iter().flat_map(|list| &list.value) {
                let grant = Grant { capability, resource: text.value.clone() };
                grants.push(GrantAt { grant, at: text.at.clone() });
            }
        }
        for Text { value, at } in self.secrets.iter().flat_map(|list| &list.value) {
            let declared = secrets.get(value).and_then(|declared| declared.secret.as_ref());
            let resource = match declared.and_then(|secret| secret.version.as_ref()) {
                Some(version) => format!("{value}@{version}"),
                None => value.clone(),
            };
            let grant = Grant { capability: Capability::Secret, resource };
            grants.push(GrantAt { grant, at: at.clone() });
        }
        grants.sort_by(|one, other| one.grant.cmp(&other.grant));
        grants.dedup_by(|one, other| one.grant == other.grant);
        grants
    }
}

/// The grants of folders, whose variables are filled in.
pub(crate) fn mounts(mistakes: &mut Mistakes, folders: &[StateField]) -> Vec<GrantAt> {
    let mut mounts: Vec<(StateMount, &Place)> = Vec::new();
    for StateField { name, path } in folders {
        let Some(parsed) = mount_path(mistakes, path) else { continue };
        let overlaps = |(mount, _): &&(StateMount, &Place)| {
            mount.path.is_within(&parsed) || parsed.is_within(&mount.path)
        };
        if let Some((other, at)) = mounts.iter().find(overlaps) {
            let message = if other.path == parsed {
                format!("`{}` and `{}` are both at `{parsed}`", other.name, name.value)
            } else {
                format!(
                    "one of `{}` at `{}` and `{}` at `{parsed}` would lie inside of the other",
                    other.name, other.path, name.value
                )
            };
            mistakes.add(
                Diagnostic::error(codes::BAD_STATE_PATH, message, path.at.label("overlaps"))
                    .label(at.label("this"))
                    .help("give each state folder a path of its own"),
            );
            continue;
        }
        mounts.push((StateMount { name: name.value.clone(), path: parsed }, &path.at));
    }
    let grant = |(mount, at): (StateMount, &Place)| GrantAt { grant: mount.into(), at: at.clone() };
    mounts.into_iter().map(grant).collect()
}

fn mount_path(mistakes: &mut Mistakes, path: &Text) -> Option<WorkspacePath> {
    if matches!(path.value.as_str(), "" | "." | "./") {
        let message = "the workspace itself cannot be a state folder";
        mistakes.add(
            Diagnostic::error(codes::BAD_STATE_PATH, message, path.at.label(""))
                .help("name a folder in it, such as `target`"),
        );
        return None;
    }
    match WorkspacePath::parse(&path.value) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            let code = pattern_code(&path.value);
            mistakes.add(Diagnostic::error(code, error.to_string(), path.at.label("")));
            None
        }
    }
}

fn unknown(key: &Text) -> Diagnostic {
    let message = format!("there is no grant `{}`", key.value);
    let label = key.at.label("nothing of this name can be granted");
    let mut diagnostic = Diagnostic::error(codes::UNKNOWN_GRANT, message, label);
    diagnostic.help = suggest::did_you_mean(&key.value, KEYS, "the grants are");
    diagnostic
}

fn variables(mistakes: &mut Mistakes, value: Value) -> Option<Texts> {
    let names = expect::texts(mistakes, "grants.env", value)?;
    for name in &names.value {
        if !is_variable(&name.value) {
            let message = format!("`{}` cannot be the name of an environment variable", name.value);
            mistakes.add(
                Diagnostic::error(codes::BAD_GRANT, message, name.at.label(""))
                    .help("name each variable, without `$` and without wildcards"),
            );
        }
    }
    Some(names)
}

/// Whether an environment variable may have this name.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0', '*', '?', '$'])
}

fn state(mistakes: &mut Mistakes, value: Value) -> Vec<StateField> {
    let mut folders = Vec::new();
    for Entry { key, value } in expect::table(mistakes, "grants.state", value).unwrap_or_default().0
    {
        if !StepName::is_plain(&key.value) {
            let message = format!("`{}` cannot be the name of a state folder", key.value);
            let rule = "a name starts with a letter and has letters, digits, `-` and `_`";
            let label = key.at.label("");
            mistakes.add(Diagnostic::error(codes::BAD_NAME, message, label).help(rule));
        }
        let field = format!("grants.state.{}", key.value);
        if let Some(path) = expect::text(mistakes, &field, "a path in this workspace", value) {
            folders.push(StateField { name: key, path });
        }
    }
    folders
}

/// Reads a list of hosts with their ports. Those that are none are reported and left out.
pub(crate) fn hosts(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<Texts> {
    let hosts = expect::texts(mistakes, field, value)?;
    let mut valid = Vec::new();
    for Located { value, at } in hosts.value {
        match host_port::parse(&value) {
            Ok(value) => valid.push(Located { value, at }),
            Err(reason) => {
                let message = format!("`{value}` is no host with a port: {reason}");
                mistakes.add(
                    Diagnostic::error(codes::BAD_HOST, message, at.label(""))
                        .help("write `host:port`, such as `example.org:443` or `[::1]:8080`"),
                );
            }
        }
    }
    Some(Located { value: valid, at: hosts.at })
}
