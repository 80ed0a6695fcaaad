//! Deployer: calls the plugin of an environment, without deciding anything.

use std::sync::Arc;

use crate::delivery::{Artifact, Change, DeployPhase, HealthObservation};
use crate::digest::Digest;
use crate::event::LogLine;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::ports::executor::{Cancel, LogSink};
use crate::ports::outlet::Outlet;

/// One call of a deploying plugin.
#[derive(Clone, Copy)]
pub struct DeployCall<'a> {
    /// The component.
    pub plugin: Digest,
    /// What it is asked for.
    pub phase: DeployPhase,
    /// Its configuration: JSON text of an object.
    pub config: &'a str,
    /// The name of the environment.
    pub environment: &'a str,
    /// The id of the release, as text.
    pub release: &'a str,
    /// The same for every attempt at one deployment, and for no other.
    pub idempotency_key: &'a str,
    /// What is shipped, sorted by path. The plugin reads these as its inputs.
    pub artifacts: &'a [Artifact],
    /// Tools that it may run, sorted.
    pub tools: &'a [String],
    /// Secrets that it may name, sorted.
    pub secrets: &'a [String],
    /// How much of the machine it may use.
    pub limits: &'a Limits,
    /// Asked again and again while it runs.
    pub cancel: &'a Cancel,
    /// Where its lines go. Shared, because the guest's state owns a handle to it.
    pub log: &'a Arc<dyn LogSink>,
    /// Its way out. Shared, because the guest's state owns a handle to it.
    pub outlet: &'a Arc<dyn Outlet>,
}

/// What a plugin answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deployed {
    /// To preview and apply: what it would do, or did, in its own words.
    Changes(Vec<Change>),
    /// To observe: what it saw.
    Observation(HealthObservation),
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct DeployEnded {
    /// The answer, or why there is none. A plugin that says `failed` is a fault that blames the
    /// project.
    pub outcome: Result<Deployed, Fault>,
    /// All lines, in order. They went to the [`LogSink`] already.
    pub log: Vec<LogLine>,
}

/// Calls the plugin of an environment.
pub trait Deployer: Send + Sync {
    /// Makes one call to its end, on the caller's thread, in a fresh instance.
    fn call(&self, call: &DeployCall<'_>) -> DeployEnded;
}
