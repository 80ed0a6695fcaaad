//! Book: the ledger of a workspace, as verbs read it and add to it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use belljar_delivery::Standing;
use belljar_ledger::{FileLedger, Options};
use belljar_model::delivery::Approver;
use belljar_model::ports::Ledger;
use belljar_model::{Fault, LedgerEntry, LedgerEvent};
use belljar_pipeline::EnvironmentAt;

use super::fault::{self, NO_DEPLOYMENT, NO_ENVIRONMENT, OTHER_KEY};
use super::keys::{self, ApproverKey};
use crate::clock::SystemClock;
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::project::Project;
use crate::session::STATE;

/// The folder of the ledger in the workspace's state folder, where the file names none.
const FOLDER: &str = "ledger-v1";

/// The ledger of a workspace.
pub(crate) struct Book<'a> {
    /// The project whose ledger it is.
    pub(crate) project: &'a Project,
    /// Where it is.
    pub(crate) folder: PathBuf,
}

impl<'a> Book<'a> {
    /// The ledger that a project names.
    pub(crate) fn of(project: &'a Project) -> Self {
        let named = project.pipeline.ledger.folder.as_deref();
        let folder = match named {
            Some(folder) => project.root.join(folder),
            None => project.root.join(STATE).join(FOLDER),
        };
        Self { project, folder }
    }

    /// Opens it to read.
    pub(crate) fn to_read(&self) -> FileLedger {
        FileLedger::open_to_read(&self.folder)
    }

    /// Opens it to append, in the name of whoever uses this machine.
    pub(crate) fn to_append(&self) -> Result<FileLedger, CommandError> {
        let key = keys::ledger_key()?;
        if let Some(wanted) = &self.project.pipeline.ledger.key
            && *wanted != key.public()
        {
            let message = "this machine signs ledgers with another key than the file names";
            return Err(fault::configuration(OTHER_KEY, message)
                .note(format!("the file names {wanted}"))
                .note(format!("this machine has {}", key.public()))
                .help("deploy from the machine that has it, or change `key` in `[ledger]`")
                .into());
        }
        Ok(FileLedger::open(
            &self.folder,
            Options {
                origin: self.origin(),
                key,
                actor: self.actor()?,
                host: host_name(),
                clock: Arc::new(SystemClock::start()),
            },
        ))
    }

    /// The name of the log in its checkpoints.
    fn origin(&self) -> String {
        let named = self.project.pipeline.ledger.origin.clone();
        named.unwrap_or_else(|| {
            let name = self.project.root.file_name().unwrap_or_default().to_string_lossy();
            let plain = |letter: char| {
                if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' }
            };
            let name: String = name.chars().map(plain).collect();
            format!("belljar/{}", if name.is_empty() { "workspace" } else { &name })
        })
    }

    /// Who acts: the approver whose key is here, or whom the environment names.
    pub(crate) fn actor(&self) -> Result<String, CommandError> {
        if let Some(key) = ApproverKey::find()? {
            let key = key.public();
            if let Some(approver) = self.approvers().into_iter().find(|one| one.key == key) {
                return Ok(match approver.authors.first() {
                    Some(address) => format!("{} <{address}>", approver.name),
                    None => approver.name,
                });
            }
        }
        let named = EnvVar::get(EnvVar::ACTOR).or_else(|| EnvVar::get(EnvVar::USER));
        Ok(named.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// The approvers of the file.
    pub(crate) fn approvers(&self) -> Vec<Approver> {
        self.project.pipeline.approvers.values().map(|one| one.spec.clone()).collect()
    }

    /// The environment of this name.
    pub(crate) fn environment(&self, name: &str) -> Result<&'a EnvironmentAt, CommandError> {
        let all = &self.project.pipeline.environments;
        all.get(name).ok_or_else(|| {
            let fault = fault::configuration(
                NO_ENVIRONMENT,
                format!("the pipeline has no environment `{name}`"),
            );
            let names: Vec<_> = all.keys().map(|name| format!("`{name}`")).collect();
            let help = match names.as_slice() {
                [] => "an `[environment.NAME]` says where releases go".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            fault.help(help).into()
        })
    }

    /// How an environment stands.
    pub(crate) fn standing(&self, name: &str) -> Result<Standing, CommandError> {
        Ok(Standing::of(&self.entries()?, name))
    }

    /// All entries. Empty if nothing was written yet.
    pub(crate) fn entries(&self) -> Result<Vec<LedgerEntry>, CommandError> {
        let mut all = Vec::new();
        self.to_read().read(&mut |entries| all = entries.to_vec())?;
        match (&self.project.pipeline.ledger.key, signer(&all)) {
            (Some(wanted), Some(found)) if wanted != found => Err(other_signer(wanted, found)),
            _ => Ok(all),
        }
    }
}

/// The key that signs a ledger by now. That it did was checked when it was read.
fn signer(entries: &[LedgerEntry]) -> Option<&str> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        LedgerEvent::KeyChanged { new: key, .. } | LedgerEvent::LedgerOpened { key, .. } => {
            Some(key.as_str())
        }
        _ => None,
    })
}

/// Whoever can write the folder can write another ledger, which is whole in itself.
fn other_signer(wanted: &str, found: &str) -> CommandError {
    let message = "the ledger is signed with another key than the file names";
    fault::configuration(OTHER_KEY, message)
        .note(format!("the file names {wanted}"))
        .note(format!("the ledger is signed with {}", belljar_model::text::harmless(found)))
        .help("do not trust it: fetch the ledger again, or ask who changed `key` in `[ledger]`")
        .into()
}

/// The name of this machine.
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// A deployment as people name it: `production#42`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeploymentId {
    /// The environment.
    pub(crate) environment: String,
    /// Its number; `None` for the plan that waits.
    pub(crate) number: Option<u64>,
}

impl FromStr for DeploymentId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let id = |environment: &str, number| Self { environment: environment.to_owned(), number };
        match text.split_once('#') {
            None if !text.is_empty() => Ok(id(text, None)),
            Some((environment, number)) if !environment.is_empty() => match number.parse() {
                Ok(number) if number > 0 => Ok(id(environment, Some(number))),
                _ => Err(format!("`{number}` is no number of a deployment")),
            },
            _ => Err("expected `ENVIRONMENT#NUMBER`".to_owned()),
        }
    }
}

impl DeploymentId {
    /// The deployment.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn find(
        &self,
        standing: &Standing,
    ) -> Result<belljar_delivery::Deployment, CommandError> {
        let found = match self.number {
            Some(number) => standing.deployments.get(&number),
            None => standing.pending().or_else(|| standing.going_on()),
        };
        let name = &self.environment;
        found.cloned().ok_or_else(|| {
            let message = match self.number {
                Some(number) => format!("there is no deployment {name}#{number}"),
                None => format!("no plan for `{name}` waits"),
            };
            let fault: Fault = fault::configuration(NO_DEPLOYMENT, message);
            fault.help(format!("`belljar history {name}` lists its deployments")).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signer_of_a_ledger_is_the_last_key_that_it_names() {
        let entry = |seq: u64, event: LedgerEvent| LedgerEntry {
            seq,
            at: 1,
            actor: String::new(),
            host: String::new(),
            event,
        };
        let opened = LedgerEvent::LedgerOpened {
            schema: String::new(),
            origin: String::new(),
            key: "first".to_owned(),
        };
        let changed = LedgerEvent::KeyChanged { old: "first".to_owned(), new: "next".to_owned() };
        let lifted =
            LedgerEvent::Unfrozen { environment: "live".to_owned(), reason: String::new() };
        let entries = [entry(0, opened), entry(1, changed), entry(2, lifted)];
        assert_eq!(signer(&entries), Some("next"));
        assert_eq!(signer(&entries[..1]), Some("first"));
        assert_eq!(signer(&[]), None);
    }

    #[test]
    fn a_deployment_is_named_by_its_environment_and_number() {
        let check = |text: &str, expected: Option<(&str, Option<u64>)>| {
            let found = text.parse::<DeploymentId>().ok();
            let found = found.map(|id| (id.environment, id.number));
            let expected = expected.map(|(name, number)| (name.to_owned(), number));
            assert_eq!(found, expected, "{text}");
        };
        check("production", Some(("production", None)));
        check("production#42", Some(("production", Some(42))));
        check("production#0", None);
        check("production#x", None);
        check("#4", None);
        check("", None);
    }
}
