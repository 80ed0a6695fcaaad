//! What a deployment is given besides its configuration.

use std::time::Duration;

use super::host::OutletRef;
use super::{Artifact, DeployRequest, EffectTools, Http, Storage};
use crate::host::HostRef;
use crate::{Inputs, Log, StepError};

/// Everything a deployment can reach: what is shipped and where to, requests, the storage, tools,
/// the log.
///
/// The parts that it hands out ([`Http`], [`Storage`], [`EffectTools`], [`Inputs`], [`Log`]) do
/// not borrow it.
pub struct DeployCx {
    request: DeployRequest,
    host: HostRef,
    outlet: OutletRef,
}

impl DeployCx {
    /// Makes a context on the imports of this component.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn of_component(request: DeployRequest) -> Self {
        Self { request, host: crate::component::Component, outlet: super::host::Component }
    }

    /// Makes a context on a host of the test's own.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(
        request: DeployRequest,
        host: std::rc::Rc<dyn crate::Host>,
        outlet: std::rc::Rc<dyn super::DeployHost>,
    ) -> Self {
        Self { request, host, outlet }
    }

    /// Returns the configuration as text. The deployment has it as a value already.
    pub fn config(&self) -> &str {
        &self.request.config
    }

    /// Returns the name of the environment.
    pub fn environment(&self) -> &str {
        &self.request.environment
    }

    /// Returns the id of the release: the digest of all artifacts.
    pub fn release(&self) -> &str {
        &self.request.release
    }

    /// Returns a text that is the same for every attempt at one deployment, and for no other.
    pub fn idempotency_key(&self) -> &str {
        &self.request.idempotency_key
    }

    /// Returns the shipped files, sorted by path.
    pub fn artifacts(&self) -> &[Artifact] {
        &self.request.artifacts
    }

    /// Returns the shipped file at a path.
    pub fn artifact(&self, path: &str) -> Option<&Artifact> {
        self.artifacts().iter().find(|artifact| artifact.path == path)
    }

    /// Returns the shipped files that match any of `patterns` and none of `except`, sorted by
    /// path. Patterns are gitignore-style globs.
    pub fn select<P: AsRef<str>, E: AsRef<str>>(
        &self,
        patterns: &[P],
        except: &[E],
    ) -> Vec<Artifact> {
        let found = self.inputs().glob_except(patterns, except);
        let found: std::collections::BTreeSet<String> =
            found.into_iter().map(|found| found.path).collect();
        let selected = self.artifacts().iter().filter(|artifact| found.contains(&artifact.path));
        selected.cloned().collect()
    }

    /// Returns the shipped files as inputs, for a deployment that has to look into them.
    pub fn inputs(&self) -> Inputs {
        Inputs::new(self.host.clone())
    }

    /// Returns the way to send requests.
    pub fn http(&self) -> Http {
        Http::new(self.outlet.clone())
    }

    /// Returns the storage that the environment names.
    pub fn storage(&self) -> Storage {
        Storage::new(self.outlet.clone())
    }

    /// Returns the granted tools.
    pub fn tools(&self) -> EffectTools {
        EffectTools::new(self.outlet.clone())
    }

    /// Returns the log.
    pub fn log(&self) -> Log {
        Log::new(self.host.clone())
    }

    /// Returns whether the deployment should stop soon.
    pub fn cancelled(&self) -> bool {
        self.host.cancelled()
    }

    /// Ends a long loop when the deployment should stop: `cx.check_cancelled()?`.
    ///
    /// # Errors
    /// [`StepError::Cancelled`] when it should stop.
    pub fn check_cancelled(&self) -> Result<(), StepError> {
        if self.cancelled() { Err(StepError::Cancelled) } else { Ok(()) }
    }

    /// Returns how long the call may take in all. A limit, not a clock.
    pub fn time_limit(&self) -> Duration {
        Duration::from_millis(self.host.time_limit_ms())
    }
}
