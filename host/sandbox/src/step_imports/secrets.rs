//! `belljar:step/secrets` and `secrets-reveal`: names that are handed on, and values that are seen.

use std::collections::BTreeMap;

use belljar_model::ports::NOT_GRANTED;
use belljar_model::text::harmless;
use belljar_model::{Blame, Fault, Question, Sharing, StepName};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::tool::is_name;
use crate::bindings::plugin::belljar::step::{secrets, secrets_reveal};
use crate::load::Loaded;
use crate::state::State;

/// A secret that the guest holds: its name, never its value.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenSecret {
    /// Its name in the pipeline file.
    name: String,
    /// As it was granted: with its version.
    granted: String,
}

/// Checks that a plugin which can reach for secrets is not run in a step that was granted none.
///
/// # Errors
/// When it is.
pub(crate) fn check_granted(
    loaded: &Loaded,
    step: &StepName,
    grants: &[belljar_model::Grant],
) -> std::result::Result<(), Fault> {
    let mut imports = loaded.imports.iter().filter(|import| import.reaches_secrets());
    // One that takes whatever it is granted (`*`) does without, and is told so when it asks.
    let is_content = loaded.descriptor.secrets.iter().any(|asked| asked == "*")
        || grants.iter().any(|grant| grant.secret().is_some());
    let Some(import) = imports.next().filter(|_| !is_content) else { return Ok(()) };
    let (label, interface) = (loaded.descriptor.label(), &import.interface);
    let message =
        format!("plugin {label} imports `{interface}`, and step `{step}` was granted no secret");
    Err(Fault::new(Blame::Policy, NOT_GRANTED, message)
        .help(format!("if it may use one, add `grants.secrets = [\"NAME\"]` to `[step.{step}]`")))
}

impl State {
    /// Who was within reach of a secret makes nothing that others are given.
    pub(crate) fn sharing(&self) -> Sharing {
        let has_secret = self.grants.iter().any(|grant| grant.secret().is_some());
        if has_secret { Sharing::Local } else { Sharing::Free }
    }

    fn secret_not_granted(&self, name: &str) -> Fault {
        let (name, step) = (harmless(name), &self.step);
        let message = format!(
            "plugin {} wants the secret `{name}`, which step `{step}` was not granted",
            self.label
        );
        Fault::new(Blame::Policy, NOT_GRANTED, message).help(format!(
            "if it may, add `grants.secrets = [\"{name}\"]` to `[step.{step}]`, and `{name}` to \
             `[secret]`"
        ))
    }

    /// Turns handles into names, by the variable in which a tool will find each value.
    pub(super) fn secret_variables(
        &mut self,
        env: &BTreeMap<String, String>,
        secrets: Vec<(String, Resource<OpenSecret>)>,
    ) -> Result<BTreeMap<String, String>> {
        let mut variables = BTreeMap::new();
        for (variable, secret) in secrets {
            let granted = self.table.get(&secret)?.granted.clone();
            if !is_name(&variable) || env.contains_key(&variable) {
                let shown = harmless(&variable);
                let misuse = self.misuse(&format!(
                    "puts a secret into the variable `{shown}`, which is no name or is set already"
                ));
                return self.end(misuse);
            }
            variables.insert(variable, granted);
        }
        Ok(variables)
    }
}

impl secrets::Host for State {
    fn granted(&mut self) -> Result<Vec<String>> {
        // A grant is part of the family, so the answer needs no Observation.
        let names = self.grants.iter().filter_map(|grant| grant.secret());
        Ok(names.map(str::to_owned).collect())
    }

    fn open(&mut self, name: String) -> Result<Resource<OpenSecret>> {
        let grant = self.grants.iter().find(|grant| grant.secret() == Some(name.as_str()));
        let Some(granted) = grant.map(|grant| grant.resource.clone()) else {
            let fault = self.secret_not_granted(&name);
            return self.end(fault);
        };
        Ok(self.table.push(OpenSecret { name, granted })?)
    }
}

impl secrets::HostSecret for State {
    fn name(&mut self, this: Resource<OpenSecret>) -> Result<String> {
        Ok(self.table.get(&this)?.name.clone())
    }

    fn drop(&mut self, this: Resource<OpenSecret>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl secrets_reveal::Host for State {
    fn reveal(&mut self, secret: Resource<OpenSecret>) -> Result<Vec<u8>> {
        let name = self.table.get(&secret)?.name.clone();
        self.ask(Question::Secret(name.clone()));
        let value = self.secrets.reveal(&name);
        Ok(self.or_end(value)?.expose().to_vec())
    }
}
