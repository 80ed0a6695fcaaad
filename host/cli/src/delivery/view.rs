//! Views: from what the ledger adds up to, to what `belljar_report::delivery` shows.

use belljar_delivery::approvals::{Tally, tally};
use belljar_delivery::{Deployment, Phase, Standing};
use belljar_model::delivery::{DeployPlan, Envelope, Environment};
use belljar_model::ledger::Outcome;
use belljar_model::text::harmless;
use belljar_model::{Fault, PlanDigest};
use belljar_report::delivery::{
    ApprovalsShown, DeploymentShown, Detail, EnvironmentShown, FrozenShown, GlassShown,
    GoingOnShown, HealthShown, LiveShown, PendingShown, PlanShown, Remark, Stage,
};

/// A plan as it is shown to whoever approves it. `recorded` is the deployment in the ledger, if
/// the plan is there.
pub(crate) fn plan_shown<'a>(
    (standing, plan): (&Standing, &'a DeployPlan),
    recorded: Option<&Deployment>,
    hindrances: &'a [Fault],
    (detail, now_ms): (Detail, u64),
) -> PlanShown<'a> {
    let digest = recorded.map_or_else(|| plan.digest(), |recorded| recorded.digest);
    let waits = recorded.is_some_and(|recorded| recorded.phase == Phase::Planned);
    PlanShown {
        plan,
        digest,
        live: live_shown(standing),
        approvals: approvals_shown((plan, digest), recorded, now_ms),
        hindrances,
        set_aside: recorded.and_then(glass_shown),
        stage: if waits { Stage::Pending } else { Stage::Preview },
        detail,
        now_ms,
    }
}

fn approvals_shown(
    plan: (&DeployPlan, PlanDigest),
    recorded: Option<&Deployment>,
    now_ms: u64,
) -> ApprovalsShown {
    let all = recorded.map_or(&[][..], |recorded| &recorded.approvals);
    let all = all.iter().map(|one| -> (&str, &Envelope) { (&one.approver, &one.envelope) });
    let Tally { needed, counting, refused, rejected, expires_ms } = tally(plan, all, now_ms);
    let remarks = |all: Vec<(String, String)>| {
        all.into_iter().map(|(who, why)| Remark { who, why }).collect::<Vec<_>>()
    };
    let (refused, rejected) = (remarks(refused), remarks(rejected));
    ApprovalsShown { needed, counting, refused, rejected, expires_ms }
}

fn live_shown(standing: &Standing) -> Option<LiveShown> {
    let live = standing.live_deployment()?;
    let health = standing.health.as_ref().map(|(condition, at_ms, detail)| HealthShown {
        condition: *condition,
        at_ms: *at_ms,
        detail: detail.clone(),
    });
    Some(LiveShown {
        number: live.number,
        release: live.plan.release.id,
        revision: live.plan.release.revision.clone(),
        run: live.plan.release.run.clone(),
        by: live.plan.requested_by.clone(),
        since_ms: live.ended_at.unwrap_or(live.planned_at),
        health,
    })
}

/// One environment.
pub(crate) fn environment_shown(
    spec: &Environment,
    standing: &Standing,
    now_ms: u64,
) -> EnvironmentShown {
    let pending = standing.pending().map(|pending| {
        let tally = belljar_delivery::rules::approvals(pending, now_ms);
        let have = u32::try_from(tally.counting.len()).unwrap_or(u32::MAX);
        PendingShown { number: pending.number, have, needed: tally.needed }
    });
    let going_on = standing.going_on().map(|one| GoingOnShown {
        number: one.number,
        phase: one.phase.as_str().to_owned(),
        since_ms: one.started_at.unwrap_or(one.planned_at),
    });
    let written = spec.freezes.iter().find(|freeze| {
        freeze.from_ms <= now_ms && freeze.until_ms.is_none_or(|until| now_ms < until)
    });
    let written = written.map(|freeze| (freeze.until_ms, freeze.reason.clone()));
    let by_hand = standing.frozen.clone();
    let by_hand = by_hand.filter(|(until, _)| until.is_none_or(|until| now_ms < until));
    let last =
        standing.deployments.values().rev().find(
            |one| matches!(one.phase, Phase::Ended(outcome) if outcome != Outcome::NotApplied),
        );
    let stuck = last.filter(|last| last.phase == Phase::Ended(Outcome::Stuck));
    EnvironmentShown {
        name: spec.name.clone(),
        live: live_shown(standing),
        stuck: stuck.map(|stuck| stuck.number),
        drift: standing.drift.clone(),
        pending,
        going_on,
        frozen: written.or(by_hand).map(|(until_ms, reason)| FrozenShown { reason, until_ms }),
    }
}

/// One deployment.
pub(crate) fn deployment_shown(one: &Deployment, now_ms: u64) -> DeploymentShown {
    let plan = &one.plan;
    // Those that count: when it was begun, or now if it was not.
    let counted_ms = one.started_at.unwrap_or(now_ms);
    let approvers = belljar_delivery::rules::approvals(one, counted_ms).counting;
    let outcome = match one.phase {
        Phase::Ended(outcome) => Some(outcome),
        _ => None,
    };
    DeploymentShown {
        number: one.number,
        release: plan.release.id,
        revision: plan.release.revision.clone(),
        planned_ms: one.planned_at,
        started_ms: one.started_at,
        ended_ms: one.ended_at,
        requested_by: plan.requested_by.clone(),
        approvers,
        outcome,
        phase: one.phase.as_str().to_owned(),
        reason: one.reason.clone(),
        rollback_target: plan.rollback.as_ref().map(|target| target.number),
        rollback_to: plan.rollback_to,
        promoted_from: plan.promoted_from.clone(),
        incident: plan.incident.clone(),
        broken_glass: glass_shown(one),
    }
}

fn glass_shown(one: &Deployment) -> Option<GlassShown> {
    let glass = one.broken_glass.as_ref()?;
    Some(GlassShown { skipped: glass.skipped.clone(), reason: glass.reason.clone() })
}

/// How the approvals of a deployment stand, after one more was written down.
pub(crate) fn tally_text(id: &str, tally: &Tally) -> String {
    let mut text = match tally.rejected.first() {
        Some((who, _)) => format!("    Rejected  {id} by {}", harmless(who)),
        None => format!("    {id} has {} of {} approvals", tally.counting.len(), tally.needed),
    };
    for (who, why) in &tally.refused {
        text.push_str(&format!("\n    - {} does not count: {}", harmless(who), harmless(why)));
    }
    if tally.is_enough() && tally.needed > 0 {
        let environment = id.split('#').next().unwrap_or(id);
        text.push_str(&format!("\n    `belljar deploy {environment}` carries it out"));
    }
    text
}
