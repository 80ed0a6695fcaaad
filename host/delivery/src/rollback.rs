//! Rollback: makes the release live again that was live before.

use std::sync::Arc;

use belljar_model::delivery::DeployPhase;
use belljar_model::ledger::{ObservedBy, Outcome};
use belljar_model::ports::Outlet;
use belljar_model::{Fault, LedgerEvent};

use crate::call::{self, Subject};
use crate::drive::{Driven, Finished};
use crate::observe::{self, GateEnd, Watched};
use crate::outlets::{Course, Recording};
use crate::plan;
use crate::standing::{Deployment, Rollback, Standing};

/// Goes back from a deployment that failed.
pub(crate) fn begin(
    driven: &Driven<'_>,
    reason: String,
    fault: Option<Fault>,
) -> Result<Finished, Fault> {
    let Some(target) = target(driven, None)? else {
        let reason = format!("{reason}; nothing was healthy here before, so there is no way back");
        let finished = driven.finish(Outcome::Stuck, reason, None)?;
        return Ok(Finished { fault, ..finished });
    };
    let ports = driven.ports;
    let recording = Arc::new(Recording::new(Arc::clone(&ports.outlet), Arc::clone(&ports.blobs)));
    let outlet = Arc::clone(&recording) as Arc<dyn Outlet>;
    let changes = call::changes(ports, subject(driven, &target), DeployPhase::Preview, &outlet);
    let changes = match changes {
        Ok(changes) => changes,
        Err(why) => return stuck(driven, format!("{reason}; going back failed: {}", why.message)),
    };
    let recorded = recording.take();
    driven.fence.append(vec![LedgerEvent::RollbackStarted {
        environment: driven.fence.environment.clone(),
        deployment: driven.plan.number,
        to: target.number,
        reason: reason.clone(),
        effects: recorded.effects.clone(),
        reads: recorded.reads.clone(),
        changes,
    }])?;
    let rollback = Rollback {
        to: target.number,
        planned: recorded.effects,
        reads: recorded.reads,
        effects: Vec::new(),
    };
    let finished = apply(driven, &target, &rollback, reason)?;
    Ok(Finished { fault, ..finished })
}

/// Goes on with a rollback that was interrupted.
pub(crate) fn go_on(driven: &Driven<'_>, deployment: &Deployment) -> Result<Finished, Fault> {
    let reason = deployment.reason.clone();
    let Some(rollback) = &deployment.rollback else { return stuck(driven, reason) };
    let Some(target) = target(driven, Some(rollback.to))? else { return stuck(driven, reason) };
    if deployment.phase == crate::standing::Phase::RollbackGate {
        gate(driven, &target, reason)
    } else {
        apply(driven, &target, rollback, reason)
    }
}

fn apply(
    driven: &Driven<'_>,
    target: &Deployment,
    rollback: &Rollback,
    reason: String,
) -> Result<Finished, Fault> {
    let course = Course {
        effects: rollback.planned.clone(),
        reads: rollback.reads.clone(),
        done: rollback.effects.clone(),
        rollback: true,
    };
    if let Err(why) = driven.let_out(course, subject(driven, target))? {
        return stuck(driven, format!("{reason}; going back failed: {}", why.message));
    }
    driven.fence.append(vec![LedgerEvent::RollbackApplied {
        environment: driven.fence.environment.clone(),
        deployment: driven.plan.number,
    }])?;
    gate(driven, target, reason)
}

fn gate(driven: &Driven<'_>, target: &Deployment, reason: String) -> Result<Finished, Fault> {
    let watched =
        Watched { plan: &target.plan, subject: subject(driven, target), by: ObservedBy::Rollback };
    match observe::gate(driven.ports, &driven.fence, watched)? {
        GateEnd::Passed => {
            let live = Some(target.plan.release.id);
            driven.finish(Outcome::RolledBack, reason, live)
        }
        GateEnd::Failed(why) => {
            let to = target.number;
            stuck(driven, format!("{reason}; #{to} was made live again, and {why}"))
        }
    }
}

fn stuck(driven: &Driven<'_>, reason: String) -> Result<Finished, Fault> {
    driven.finish(Outcome::Stuck, reason, None)
}

/// The deployment to go back to: what the plan names, or what an interrupted rollback named.
fn target(driven: &Driven<'_>, number: Option<u64>) -> Result<Option<Deployment>, Fault> {
    let number = number.or_else(|| driven.plan.rollback.as_ref().map(|target| target.number));
    let mut standing = Standing::read(&*driven.ports.ledger, &driven.fence.environment)?;
    Ok(number.and_then(|number| standing.deployments.remove(&number)))
}

fn subject<'a>(driven: &Driven<'_>, target: &'a Deployment) -> Subject<'a> {
    Subject { number: driven.plan.number, rollback: true, ..plan::subject(&target.plan) }
}
