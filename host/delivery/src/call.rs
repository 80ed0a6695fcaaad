//! Call: asks the plugin of a plan for one phase, through a given outlet.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::delivery::{Change, DeployPhase, Environment, HealthObservation, Release};
use belljar_model::limits::Limit;
use belljar_model::ports::{DeployCall, Deployed, Outlet};
use belljar_model::{Blame, Code, Digest, Fault, Limits};

use crate::ports::Ports;

/// The plugin answered another question.
const WRONG_ANSWER: Code = crate::fault::NO_SUCH;

/// What a plugin is asked about.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) release: &'a Release,
    pub(crate) plugin: Digest,
    /// The number of the deployment that it belongs to.
    pub(crate) number: u64,
    /// Whether it goes back.
    pub(crate) rollback: bool,
}

impl Subject<'_> {
    /// The same for every attempt, and for nothing else.
    fn idempotency_key(&self) -> String {
        let what = if self.rollback { "rollback" } else { "deploy" };
        let (name, number, release) = (&self.environment.name, self.number, self.release.id);
        let text = format!("belljar idempotency v1\n{what}\n{number}\n{release}\n{name}\n");
        Digest::of(text.as_bytes()).hex()[..32].to_owned()
    }
}

/// Asks for the changes of a preview or an apply.
///
/// # Errors
/// When the plugin does not answer, or says no.
pub(crate) fn changes(
    ports: &Ports,
    subject: Subject<'_>,
    phase: DeployPhase,
    outlet: &Arc<dyn Outlet>,
) -> Result<Vec<Change>, Fault> {
    match call(ports, subject, (phase, &Limits::default()), outlet)? {
        Deployed::Changes(changes) => Ok(changes),
        Deployed::Observation(_) => Err(wrong(phase)),
    }
}

/// Asks how the live release is, for at most `time_ms`.
///
/// # Errors
/// When the plugin does not answer, or says no.
pub(crate) fn observation(
    ports: &Ports,
    subject: Subject<'_>,
    time_ms: u64,
    outlet: &Arc<dyn Outlet>,
) -> Result<HealthObservation, Fault> {
    let time = Limit { value: Duration::from_millis(time_ms), set_at: Some("the gate".to_owned()) };
    let limits = Limits { time, ..Limits::default() };
    match call(ports, subject, (DeployPhase::Observe, &limits), outlet)? {
        Deployed::Observation(observation) => Ok(observation),
        Deployed::Changes(_) => Err(wrong(DeployPhase::Observe)),
    }
}

fn call(
    ports: &Ports,
    subject: Subject<'_>,
    (phase, limits): (DeployPhase, &Limits),
    outlet: &Arc<dyn Outlet>,
) -> Result<Deployed, Fault> {
    let Subject { environment, release, plugin, .. } = subject;
    let ended = ports.deployer.call(&DeployCall {
        plugin,
        phase,
        config: &environment.config,
        environment: &environment.name,
        release: &release.id.hex(),
        idempotency_key: &subject.idempotency_key(),
        artifacts: &release.artifacts,
        tools: &environment.tools,
        secrets: &environment.secrets,
        limits,
        cancel: &ports.cancel,
        log: &ports.log,
        outlet,
    });
    ended.outcome
}

fn wrong(phase: DeployPhase) -> Fault {
    let message = format!("the sandbox gave another answer than one to `{}`", phase.as_str());
    Fault::new(Blame::Infrastructure, WRONG_ANSWER, message)
}
