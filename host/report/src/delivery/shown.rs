//! What is live, as several views show it.

use belljar_model::Digest;
use belljar_model::delivery::{Condition, Revision};
use serde::Serialize;

/// How a live release was when it was last observed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HealthShown {
    /// How it was.
    pub condition: Condition,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// One line in the plugin's words; may be empty.
    pub detail: String,
}

/// The release that is live in an environment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LiveShown {
    /// The number of the deployment that made it live.
    pub number: u64,
    /// The release.
    pub release: Digest,
    /// What it was built from.
    pub revision: Option<Revision>,
    /// The run that made or restored it.
    pub run: String,
    /// Who asked for the deployment.
    pub by: String,
    /// Since when it is live, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// How it was last; `None` if it was never observed.
    pub health: Option<HealthShown>,
}
