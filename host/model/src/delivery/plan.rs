//! DeployPlan: all that a deployment would do, as one value with one digest. That digest is what
//! people approve.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::delivery::effect::{Effect, StorageRead};
use crate::delivery::environment::{Approver, Environment};
use crate::delivery::release::{Change, Commit, Release};
use crate::digest::{Digest, DigestError};

/// The release that a failed deployment goes back to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WayBack {
    /// The number of the deployment that made it live.
    pub number: u64,
    /// The release.
    pub release: Digest,
}

/// All that a deployment would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeployPlan {
    /// The number that the deployment will have in its environment, counted from 1. It makes
    /// every plan another one: an approval of an earlier deployment is worth nothing.
    pub number: u64,
    /// The environment with everything that the file says of it: gate, approvals, grants.
    pub environment: Environment,
    /// The people whose approval counts, as the file has them.
    pub approvers: Vec<Approver>,
    /// What is deployed.
    pub release: Release,
    /// The commits since the release that is live, newest first.
    pub commits: Vec<Commit>,
    /// The plugin as `name@version`.
    pub plugin: String,
    /// The component.
    pub plugin_digest: Digest,
    /// What the plugin says it does.
    pub changes: Vec<Change>,
    /// Everything that it may do, in order.
    pub effects: Vec<Effect>,
    /// What it asked the storage, and was told, in order.
    pub reads: Vec<StorageRead>,
    /// Requests and runs of tools that observing may make, beyond reading. In no order.
    pub observe_effects: Vec<Effect>,
    /// Where to go back to; `None` if nothing was ever healthy here.
    pub rollback: Option<WayBack>,
    /// The deployment from which this one is promoted, as `environment#number`.
    pub promoted_from: Option<String>,
    /// The deployment whose release is made live again, if a person goes back.
    pub rollback_to: Option<u64>,
    /// Why it is done, if it was not planned: the id of an incident.
    pub incident: Option<String>,
    /// Who asked for it: a name, and an e-mail address if there is one.
    pub requested_by: String,
    /// What the names of tools and secrets stand for: `tool NAME` with the identity of the tool,
    /// `secret NAME` with the digest of where the file says that its value comes from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bindings: BTreeMap<String, Digest>,
}

impl DeployPlan {
    /// The bytes that the digest covers: JSON with the fields in the order of their declaration.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a plan has a JSON form")
    }

    /// What approvals sign.
    pub fn digest(&self) -> PlanDigest {
        PlanDigest(Digest::of(&self.bytes()))
    }
}

/// The digest of a [`DeployPlan`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanDigest(pub Digest);

impl PlanDigest {
    /// The first eight digits, for people.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for PlanDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        text.parse().map(Self)
    }
}
