//! Environment: a place that releases are deployed to, as the pipeline file describes it.

use serde::{Deserialize, Serialize};

use crate::step::StepName;

/// A place that releases are deployed to. Without places in the file, so that it can be part of
/// a plan's digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// Its name, unique in the pipeline.
    pub name: String,
    /// One line for lists; may be empty.
    pub doc: String,
    /// Environments in which a release must be live and healthy before it may come here.
    pub needs: Vec<String>,
    /// The steps whose outputs are shipped.
    pub artifacts: Vec<StepName>,
    /// The name of the plugin that deploys.
    pub uses: String,
    /// Its configuration: canonical JSON text of an object.
    pub config: String,
    /// The place that its `storage` calls reach: `fs:DIRECTORY` (relative to the workspace root,
    /// or absolute) or `s3:BUCKET/PREFIX?endpoint=..&region=..`. Absent: none.
    pub storage: Option<String>,
    /// Hosts that it may send requests to: `host:port`, sorted.
    pub hosts: Vec<String>,
    /// Names of the secrets that it may use, sorted.
    pub secrets: Vec<String>,
    /// Names of the tools that it may run, sorted.
    pub tools: Vec<String>,
    /// Who must agree.
    pub approvals: ApprovalPolicy,
    /// When a release counts as healthy.
    pub gate: Gate,
    /// Times in which nothing is deployed.
    pub freezes: Vec<Freeze>,
    /// How it is watched.
    pub monitor: Monitor,
}

/// Who must agree before a plan is applied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// How many different approvers; 0 for none.
    pub count: u32,
    /// Names of approvers, and groups as `group:NAME`, sorted. Empty: any approver of the file.
    pub from: Vec<String>,
    /// How long an approval holds, in milliseconds. 24 hours by default.
    pub expires_ms: u64,
}

impl Default for ApprovalPolicy {
    fn default() -> Self {
        Self { count: 0, from: Vec::new(), expires_ms: 24 * 3_600_000 }
    }
}

/// A person who may approve.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Approver {
    /// The name in the pipeline file.
    pub name: String,
    /// The public key: `ed25519:` and 64 lower-case hexadecimal digits.
    pub key: String,
    /// The groups that the person is in, sorted.
    pub groups: Vec<String>,
    /// The e-mail addresses of the person's commits, in lower case: who wrote a change does not
    /// approve it.
    pub authors: Vec<String>,
}

/// What a group begins with in [`ApprovalPolicy::from`].
pub const GROUP_PREFIX: &str = "group:";

impl Approver {
    /// Whether a policy takes this person's approval.
    pub fn is_named_by(&self, policy: &ApprovalPolicy) -> bool {
        policy.from.is_empty()
            || policy.from.iter().any(|from| match from.strip_prefix(GROUP_PREFIX) {
                Some(group) => self.groups.iter().any(|own| own == group),
                None => *from == self.name,
            })
    }
}

/// When a release counts as healthy.
///
/// The host observes every `interval_ms`. The gate passes when `count` observations were made of
/// which at most `failure_limit` are unhealthy and at least `minimum` are healthy, the last one
/// among them. It fails as soon as more than `failure_limit` are unhealthy, or when it has not
/// passed after `time_limit_ms`. An unknown condition counts as neither and is never success.
/// After it has passed, the release is observed for `bake_ms` more, with the same limit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// From the start of one observation to the next, in milliseconds.
    pub interval_ms: u64,
    /// How long one observation may take, in milliseconds; then its condition is unknown.
    pub timeout_ms: u64,
    /// How many known observations are made.
    pub count: u32,
    /// How many of them may be unhealthy.
    pub failure_limit: u32,
    /// How many of them must be healthy.
    pub minimum: u32,
    /// How long the gate may take in all, in milliseconds.
    pub time_limit_ms: u64,
    /// How long the release is observed after the gate has passed, in milliseconds.
    pub bake_ms: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            interval_ms: 5_000,
            timeout_ms: 5_000,
            count: 3,
            failure_limit: 1,
            minimum: 2,
            time_limit_ms: 120_000,
            bake_ms: 0,
        }
    }
}

/// A time in which nothing is deployed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Freeze {
    /// From when, in milliseconds since 1970-01-01 UTC.
    pub from_ms: u64,
    /// Until when; `None` until it is lifted.
    pub until_ms: Option<u64>,
    /// Why.
    pub reason: String,
}

/// How an environment is watched between deployments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Monitor {
    /// From one observation to the next, in milliseconds.
    pub interval_ms: u64,
    /// How many observations in a row must be unhealthy before the policy acts.
    pub after: u32,
    /// What to do then.
    pub on_illness: OnIllness,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { interval_ms: 30_000, after: 3, on_illness: OnIllness::Report }
    }
}

/// What to do when a live release is ill.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnIllness {
    /// Write it into the ledger.
    Report,
    /// Go back to the last release that was healthy.
    Rollback,
}

/// Where the value of a secret comes from. Only the host reads it, when it is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// An environment variable of the host.
    Env(String),
    /// A file; one line end at its end is not part of the value.
    File(String),
    /// What a program prints; one line end at its end is not part of the value.
    Command(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_people_and_groups() {
        let ana = Approver {
            name: "ana".to_owned(),
            key: String::new(),
            groups: vec!["release".to_owned()],
            authors: Vec::new(),
        };
        let check = |from: &[&str], expected: bool| {
            let from = from.iter().map(|from| (*from).to_owned()).collect();
            let policy = ApprovalPolicy { from, ..ApprovalPolicy::default() };
            assert_eq!(ana.is_named_by(&policy), expected, "{:?}", policy.from);
        };
        check(&[], true);
        check(&["ana"], true);
        check(&["bob", "group:release"], true);
        check(&["group:ana"], false);
        check(&["release", "bob"], false);
    }
}
