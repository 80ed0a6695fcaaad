//! Tally: which approvals of a plan count, and why the others do not.

use std::collections::BTreeSet;

use belljar_model::PlanDigest;
use belljar_model::delivery::{Approval, Approver, Decision, DeployPlan, Envelope};

use super::envelope;

/// How far the clock of an approver's machine may be ahead, in milliseconds.
const AHEAD_MS: u64 = 5 * 60_000;

/// How the approvals of a plan stand.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// How many are needed.
    pub needed: u32,
    /// The approvers whose approval counts, each once.
    pub counting: Vec<String>,
    /// Approvals that do not count: whose, and why.
    pub refused: Vec<(String, String)>,
    /// Who said no, and why. One is enough.
    pub rejected: Vec<(String, String)>,
    /// When the first of those that count ends to hold, in milliseconds since 1970-01-01 UTC.
    pub expires_ms: Option<u64>,
}

impl Tally {
    /// Whether the plan may be applied.
    pub fn is_enough(&self) -> bool {
        self.rejected.is_empty() && self.counting.len() >= self.needed as usize
    }
}

/// Counts the approvals of a plan at a point in time. `recorded` holds each with the name that it
/// was recorded under; what counts is the key that signed it.
pub fn tally<'a>(
    (plan, digest): (&DeployPlan, PlanDigest),
    recorded: impl Iterator<Item = (&'a str, &'a Envelope)>,
    now_ms: u64,
) -> Tally {
    let policy = &plan.environment.approvals;
    // Going back to what was approved and healthy needs no one but the person who does it.
    let needed = if plan.rollback_to.is_some() { 0 } else { policy.count };
    let mut tally = Tally { needed, ..Tally::default() };
    let mut seen = BTreeSet::new();
    for (name, envelope) in recorded {
        match judge((plan, digest), envelope, now_ms) {
            Err(reason) => tally.refused.push((name.to_owned(), reason)),
            Ok((approver, approval, expires_ms)) => match approval.decision {
                Decision::Reject => {
                    tally.rejected.push((approver.name.clone(), approval.reason.clone()));
                }
                Decision::Approve if seen.insert(approver.key.clone()) => {
                    tally.counting.push(approver.name.clone());
                    let first = tally.expires_ms.map_or(expires_ms, |first| first.min(expires_ms));
                    tally.expires_ms = Some(first);
                }
                Decision::Approve => {
                    let reason = "the same key has approved already".to_owned();
                    tally.refused.push((approver.name.clone(), reason));
                }
            },
        }
    }
    tally
}

/// Returns who decided what, and until when it holds, or why it does not count.
fn judge<'a>(
    (plan, digest): (&'a DeployPlan, PlanDigest),
    envelope: &Envelope,
    now_ms: u64,
) -> Result<(&'a Approver, Approval, u64), String> {
    let (approval, key) = envelope::open(envelope).map_err(|fault| fault.message)?;
    let approver = plan.approvers.iter().find(|approver| approver.key == key);
    let approver = approver.ok_or("its key belongs to no approver of the pipeline file")?;
    if approval.environment != plan.environment.name {
        return Err(format!("it is for the environment `{}`", approval.environment));
    }
    if approval.plan != digest {
        return Err(format!("it is for another plan, {}", approval.plan.short()));
    }
    if !approver.is_named_by(&plan.environment.approvals) {
        return Err(format!("`{}` is not among those who may approve here", approver.name));
    }
    // Who says no is heard whatever the clocks say: a no does not become a yes by waiting.
    if approval.decision == Decision::Reject {
        return Ok((approver, approval, u64::MAX));
    }
    if approval.at_ms > now_ms.saturating_add(AHEAD_MS) {
        return Err("it was signed in the future".to_owned());
    }
    let longest = approval.at_ms.saturating_add(plan.environment.approvals.expires_ms);
    let expires_ms = approval.expires_ms.min(longest);
    if expires_ms <= now_ms {
        return Err("it has expired".to_owned());
    }
    // Whoever is in the file twice, under two names with one key, is still one person.
    let mut same = plan.approvers.iter().filter(|one| one.key == approver.key);
    same.try_for_each(|one| not_an_author(plan, one))?;
    Ok((approver, approval, expires_ms))
}

/// Whoever wrote or asked for what is deployed does not approve it.
fn not_an_author(plan: &DeployPlan, approver: &Approver) -> Result<(), String> {
    let is_own = |address: &str| approver.authors.iter().any(|own| own == address);
    let requester = plan.requested_by.to_lowercase();
    let name = requester.split('<').next().unwrap_or_default().trim();
    let asked = name == approver.name.to_lowercase()
        || approver
            .authors
            .iter()
            .any(|own| requester.contains(&format!("<{own}>")) || requester == *own);
    if asked {
        return Err(format!("`{}` has asked for this deployment", approver.name));
    }
    match plan.commits.iter().find(|commit| is_own(&commit.author)) {
        Some(commit) => {
            let id = commit.id.get(..8).unwrap_or(&commit.id);
            Err(format!("`{}` wrote {id}, which would go live with it", approver.name))
        }
        None => Ok(()),
    }
}
