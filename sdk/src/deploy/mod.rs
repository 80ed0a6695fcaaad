//! What a plugin that deploys is written with.
//!
//! `impl Deployment` + `DeployCx` (HTTP, storage, tools) → changes; what is live → Observation
//!
//! **Invariant:** `preview` and `apply` are one function. What a plan shows is what is done.

mod cx;
mod error;
mod host;
mod http;
mod storage;
mod tool;

use serde::de::DeserializeOwned;

pub use crate::deploy_bindings::belljar::step::effect_tool::{
    Command as EffectToolCommand, Ended as EffectToolEnded, SecretEnv,
};
pub use crate::deploy_bindings::belljar::step::http::{
    Body, HttpError as HttpProblem, Request as RequestWire, Response as ResponseWire, SecretHeader,
};
pub use crate::deploy_bindings::belljar::step::storage::{StorageError as StorageProblem, Stored};
pub use crate::deploy_bindings::exports::belljar::step::deployment::{
    Artifact, Change, Condition, Observation, Request as DeployRequest,
};
pub use cx::DeployCx;
pub use error::{HttpError, StorageError};
#[cfg(not(target_arch = "wasm32"))]
pub use host::DeployHost;
pub use http::{Http, HttpRequest, HttpResponse};
pub use storage::Storage;
pub use tool::{EffectCommand, EffectTools, Ended};

use crate::StepError;

/// What a deployment returns: its changes, in its own words.
pub type DeployResult = Result<Vec<Change>, StepError>;

/// A way to bring a release into an environment. The attribute
/// [`deployment`](macro@crate::deployment) makes it a plugin.
///
/// What it does must follow from its configuration, the artifacts and the storage alone. When a
/// plan is made, `apply` runs while nothing is sent: a request is answered with the first status
/// that it expects and an empty body, a command with the first exit code, and what is written to
/// the storage is seen by later reads of the same call. What it asked for is the plan; when the
/// plan is applied, nothing else leaves.
pub trait Deployment {
    /// The `with` table of an environment. [`NoConfig`](crate::NoConfig) for none.
    type Config: DeserializeOwned + schemars::JsonSchema;

    /// Makes the release live, and returns what that changed. It is called for the plan as well,
    /// and again after an interruption.
    ///
    /// # Errors
    /// When the release could not be made live.
    fn apply(config: Self::Config, cx: &mut DeployCx) -> DeployResult;

    /// Looks at what is live. It may send GET and HEAD, read the storage, and run tools. When it
    /// is called for the plan nothing is sent, and the commands that it runs then are those that
    /// it may run later: so whether a command is run must not follow from an answer.
    ///
    /// That something could not be asked is an observation ([`Observation::unknown`]), no error.
    ///
    /// # Errors
    /// When it could not be found out how to look.
    fn observe(config: Self::Config, cx: &mut DeployCx) -> Result<Observation, StepError>;
}

impl Change {
    /// One change: what is done (`upload`, `switch`, `remove`), and to what.
    pub fn new(action: impl Into<String>, subject: impl Into<String>) -> Self {
        Self { action: action.into(), subject: subject.into(), detail: String::new() }
    }

    /// Says more about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl Observation {
    /// It answers as it should: `detail` is one line for people.
    pub fn healthy(detail: impl Into<String>) -> Self {
        Self::new(Condition::Healthy, detail.into())
    }

    /// It answers, and not as it should.
    pub fn unhealthy(detail: impl Into<String>) -> Self {
        Self::new(Condition::Unhealthy, detail.into())
    }

    /// It could not be asked. Never success.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::new(Condition::Unknown, detail.into())
    }

    /// Says which release is live.
    #[must_use]
    pub fn release(mut self, id: impl Into<String>) -> Self {
        self.release = Some(id.into());
        self
    }

    fn new(condition: Condition, detail: String) -> Self {
        Self { condition, release: None, detail, attrs: Vec::new() }
    }
}
