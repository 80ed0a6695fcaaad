//! What one step was granted of the secrets, and what stands between it and all others.

use std::collections::BTreeSet;
use std::sync::Arc;

use belljar_model::ports::{NOT_GRANTED, Secrets, ToolRequest, ToolRun, Tools};
use belljar_model::{Action, Blame, Fault, SecretValue, StepName};

use crate::ports::Ports;

/// The secrets and tools of one step. Whoever executes it (another process, perhaps) is given
/// these, and can reach no secret of another step whatever it asks for.
pub(crate) struct Granted {
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) tools: Arc<dyn Tools>,
}

impl Granted {
    /// Reads the values of all secrets that the step was granted, so that they are masked before
    /// anyone has them, and a value that cannot be had ends the step before it starts.
    ///
    /// # Errors
    /// When the value of one cannot be had.
    pub(crate) fn of(ports: &Ports<'_>, step: &StepName, action: &Action) -> Result<Self, Fault> {
        let grants = action.grants.iter().filter(|grant| grant.secret().is_some());
        let grants: BTreeSet<String> = grants.map(|grant| grant.resource.clone()).collect();
        let names: BTreeSet<String> =
            action.grants.iter().filter_map(|grant| Some(grant.secret()?.to_owned())).collect();
        for name in &names {
            ports.secrets.reveal(name)?;
        }
        let inner = Arc::clone(ports.secrets);
        let tools = Arc::clone(ports.tools);
        Ok(Self {
            secrets: Arc::new(OfStep { inner, step: step.clone(), names }),
            tools: Arc::new(WithSecrets { inner: tools, grants }),
        })
    }
}

struct OfStep {
    inner: Arc<dyn Secrets>,
    step: StepName,
    names: BTreeSet<String>,
}

impl Secrets for OfStep {
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault> {
        if self.names.contains(name) {
            return self.inner.reveal(name);
        }
        Err(refused(&self.step, name))
    }
}

struct WithSecrets {
    inner: Arc<dyn Tools>,
    /// As they are in keys.
    grants: BTreeSet<String>,
}

impl Tools for WithSecrets {
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let asked = request.action.secrets.values();
        match asked.into_iter().find(|secret| !self.grants.contains(*secret)) {
            Some(secret) => Err(refused(request.step, secret)),
            None => self.inner.run(request),
        }
    }
}

fn refused(step: &StepName, name: &str) -> Fault {
    let name = belljar_model::text::harmless(name);
    let message = format!("step `{step}` was not granted the secret `{name}`");
    Fault::new(Blame::Policy, NOT_GRANTED, message)
        .help(format!("if it may, add `grants.secrets = [\"{name}\"]` to `[step.{step}]`"))
}
