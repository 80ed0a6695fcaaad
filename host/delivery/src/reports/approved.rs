//! What the decisions of people about a plan are worth: which counted, and which were never used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::delivery::{Approval, Decision, Envelope, PlanDigest};
use belljar_model::ledger::{Entry, LedgerEvent};

use super::history::Deployment;
use super::risk::UnusedApproval;

/// Who approved this plan with this event, in time for this start, if it is such an event.
pub(super) fn approval_of(
    entry: &Entry,
    of: Option<PlanDigest>,
    start: Option<&Entry>,
) -> Option<String> {
    let LedgerEvent::Approval { plan, approver, envelope, .. } = &entry.event else { return None };
    let decision = decision(envelope)?;
    let in_time = start.is_none_or(|start| entry.seq < start.seq && start.at < decision.expires_ms);
    let agrees = Some(*plan) == of && decision.decision == Decision::Approve && in_time;
    agrees.then(|| approver.clone())
}

fn decision(envelope: &Envelope) -> Option<Approval> {
    serde_json::from_slice(&STANDARD.decode(&envelope.payload).ok()?).ok()
}

/// The approvals of a deployment that were given and never used.
pub(super) fn unused_approvals(deployment: &Deployment<'_>) -> Vec<UnusedApproval> {
    let mut unused = Vec::new();
    for entry in &deployment.events {
        let LedgerEvent::Approval { plan, approver, envelope, .. } = &entry.event else { continue };
        let decision = decision(envelope);
        let reason = match &decision {
            None => Some("what it says cannot be read"),
            Some(decision) if decision.decision == Decision::Reject => None,
            Some(decision) => why_unused(deployment, entry, *plan, decision.expires_ms),
        };
        let Some(reason) = reason else { continue };
        unused.push(UnusedApproval {
            environment: deployment.environment.to_owned(),
            number: deployment.number,
            plan: plan.short(),
            approver: approver.clone(),
            expires_ms: decision.map(|decision| decision.expires_ms),
            reason: reason.to_owned(),
            event: entry.seq,
        });
    }
    unused
}

fn why_unused(
    deployment: &Deployment<'_>,
    approval: &Entry,
    approved: PlanDigest,
    expires_ms: u64,
) -> Option<&'static str> {
    let mut starts = deployment.events.iter().filter(|entry| match &entry.event {
        LedgerEvent::Started { plan, .. } => *plan == approved,
        _ => false,
    });
    let Some(first) = starts.next() else {
        return Some("its plan was never started");
    };
    if first.seq < approval.seq {
        Some("its plan had been started before")
    } else if first.at >= expires_ms {
        Some("it had expired when its plan was started")
    } else {
        None
    }
}
