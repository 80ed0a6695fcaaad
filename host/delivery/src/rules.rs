//! Rules: whether a plan may be applied now.

use belljar_model::delivery::Condition;
use belljar_model::ledger::Entry;
use belljar_model::{Fault, PlanDigest};

use crate::approvals::{Tally, tally};
use crate::fault::{self, BUSY, FROZEN, NO_SUCH, NOT_APPROVED, ORDER, REJECTED, STALE_PLAN};
use crate::standing::{Deployment, Phase, RecordedApproval, Standing};

/// The names of the rules that can be set aside by hand.
pub const RULES: [&str; 3] = ["approvals", "freeze", "order"];

/// Why a deployment may not be begun, with the name of the rule if it can be set aside.
pub type Hindrance = (Option<&'static str>, Fault);

/// How the approvals of a deployment stand.
pub fn approvals(deployment: &Deployment, now_ms: u64) -> Tally {
    counted(deployment, deployment.approvals.iter(), now_ms)
}

fn counted<'a>(
    deployment: &'a Deployment,
    recorded: impl Iterator<Item = &'a RecordedApproval>,
    now_ms: u64,
) -> Tally {
    let plan = (&*deployment.plan, deployment.digest);
    tally(plan, recorded.map(|one| (one.approver.as_str(), &one.envelope)), now_ms)
}

/// Why a deployment may not be begun now, the weightiest reason first. Each has the name of the
/// rule, if it is one that can be set aside.
pub fn hindrances(entries: &[Entry], deployment: &Deployment, now_ms: u64) -> Vec<Hindrance> {
    let mut found = Vec::new();
    if !deployment.is_as_signed() {
        found.push((None, unreadable(deployment)));
    }
    // Going back to what was healthy waits for nothing.
    if deployment.plan.rollback_to.is_none() {
        found.extend(order(entries, deployment).map(|fault| (Some("order"), fault)));
        found.extend(frozen(entries, deployment, now_ms).map(|fault| (Some("freeze"), fault)));
    }
    let agreed = disagreement(deployment, now_ms);
    found.extend(agreed.map(|fault| (Some("approvals"), fault)));
    found
}

/// Returns how the environment stands, if the deployment may be begun or resumed.
///
/// # Errors
/// When it is no longer the one to apply, another one goes on, or a rule says no.
pub(crate) fn may_begin(
    entries: &[Entry],
    (environment, number, digest): (&str, u64, PlanDigest),
    now_ms: u64,
) -> Result<Standing, Fault> {
    let standing = Standing::of(entries, environment);
    if let Some(other) = standing.going_on().filter(|other| other.number != number) {
        return Err(busy(environment, other));
    }
    let deployment = standing.deployments.get(&number).filter(|found| found.digest == digest);
    let deployment = deployment.ok_or_else(|| {
        fault::infrastructure(NO_SUCH, format!("there is no plan {environment}#{number}"))
    })?;
    match deployment.phase {
        phase if phase.is_going_on() => return Ok(standing),
        Phase::Planned => {}
        phase => {
            let message =
                format!("{environment}#{number} cannot be begun: it is {}", phase.as_str());
            return Err(fault::policy(STALE_PLAN, message).help("make a new plan"));
        }
    }
    match in_the_way(entries, deployment, now_ms).into_iter().next() {
        Some((_, fault)) => Err(fault),
        None => Ok(standing),
    }
}

/// Why a deployment may not be begun now, without the rules that were set aside by hand.
pub fn in_the_way(entries: &[Entry], deployment: &Deployment, now_ms: u64) -> Vec<Hindrance> {
    let mut found = hindrances(entries, deployment, now_ms);
    found.retain(|(rule, _)| !rule.is_some_and(|rule| is_set_aside(deployment, rule, now_ms)));
    found
}

/// Whether a rule was set aside by hand. Who says no afterwards was not heard when that was done,
/// so approvals are wanted again.
fn is_set_aside(deployment: &Deployment, rule: &str, now_ms: u64) -> bool {
    let Some(glass) = &deployment.broken_glass else { return false };
    if !glass.skipped.iter().any(|skipped| skipped == rule) {
        return false;
    }
    let later = deployment.approvals.iter().filter(|approval| approval.seq > glass.seq);
    rule != "approvals" || counted(deployment, later, now_ms).rejected.is_empty()
}

/// The fault of a plan that is not what its digest names.
fn unreadable(deployment: &Deployment) -> Fault {
    let what = format!("{}#{}", deployment.plan.environment.name, deployment.number);
    let message = format!("{what} is not the plan that its digest names");
    fault::policy(STALE_PLAN, message)
        .note(format!("its digest is said to be {}", deployment.digest))
        .note(format!("that of what the ledger holds is {}", deployment.plan.digest()))
        .help("another version may have written it: plan again, and let that be approved")
}

/// The fault of a second deployment.
fn busy(environment: &str, other: &Deployment) -> Fault {
    let message = format!(
        "{environment}#{} is {}, so no other deployment can begin",
        other.number,
        other.phase.as_str()
    );
    fault::policy(BUSY, message).help(format!(
        "wait for it; if its process has died, `belljar deploy {environment}` goes on"
    ))
}

fn order(entries: &[Entry], deployment: &Deployment) -> Option<Fault> {
    let plan = &deployment.plan;
    plan.environment.needs.iter().find_map(|need| {
        let before = Standing::of(entries, need);
        let live = before.live_deployment();
        let is_ill = matches!(before.health, Some((Condition::Unhealthy, ..)));
        let is_there = live.is_some_and(|live| live.plan.release.id == plan.release.id);
        if is_there && !is_ill {
            return None;
        }
        let (name, release) = (&plan.environment.name, plan.release.short());
        let message =
            format!("`{name}` needs release {release} to be live and healthy in `{need}` first");
        let note = match live {
            Some(live) if is_there => format!("it is live in `{need}` (#{}), and ill", live.number),
            Some(live) => {
                format!("`{need}` has release {} (#{})", live.plan.release.short(), live.number)
            }
            None => format!("nothing that is known to be healthy is live in `{need}`"),
        };
        let fault = fault::policy(ORDER, message).note(note);
        Some(fault.help(format!("`belljar deploy {need}`, then `belljar promote {need} {name}`")))
    })
}

fn frozen(entries: &[Entry], deployment: &Deployment, now_ms: u64) -> Option<Fault> {
    let environment = &deployment.plan.environment;
    let written = environment.freezes.iter().find(|freeze| {
        freeze.from_ms <= now_ms && freeze.until_ms.is_none_or(|until| now_ms < until)
    });
    let by_hand = Standing::of(entries, &environment.name).frozen;
    let by_hand = by_hand.filter(|(until, _)| until.is_none_or(|until| now_ms < until));
    let (reason, help) = match (written, by_hand) {
        (Some(freeze), _) => (freeze.reason.clone(), "wait, or end it in the pipeline file".into()),
        (None, Some((_, reason))) => {
            (reason, format!("`belljar freeze {} --lift`", environment.name))
        }
        (None, None) => return None,
    };
    let message = format!("nothing is deployed to `{}` now: {reason}", environment.name);
    Some(fault::policy(FROZEN, message).help(help))
}

fn disagreement(deployment: &Deployment, now_ms: u64) -> Option<Fault> {
    let tally = approvals(deployment, now_ms);
    let what = format!("{}#{}", deployment.plan.environment.name, deployment.number);
    if let Some((who, reason)) = tally.rejected.first() {
        let message = format!("{what} was rejected by {who}");
        let fault = fault::policy(REJECTED, message);
        let fault = if reason.is_empty() { fault } else { fault.note(reason.clone()) };
        return Some(fault.help("change what it deploys; a new plan can be approved anew"));
    }
    if tally.is_enough() {
        return None;
    }
    let message = format!("{what} has {} of {} approvals", tally.counting.len(), tally.needed);
    let fault = fault::policy(NOT_APPROVED, message);
    let fault = tally.refused.iter().fold(fault, |fault, (who, reason)| {
        fault.note(format!("the approval of {who} does not count: {reason}"))
    });
    Some(fault.help(format!("`belljar approvals approve {what}`, by someone who may")))
}
