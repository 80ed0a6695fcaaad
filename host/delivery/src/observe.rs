//! Observing: one look at what is live, and the loop of a gate.

use std::sync::Arc;

use belljar_model::delivery::{Condition, DeployPlan, HealthObservation};
use belljar_model::ledger::ObservedBy;
use belljar_model::ports::Outlet;
use belljar_model::{Fault, LedgerEvent};

use crate::call::{self, Subject};
use crate::fault;
use crate::fence::Fence;
use crate::gate::{GateState, Verdict};
use crate::outlets::Observing;
use crate::plan;
use crate::ports::Ports;

/// Looks at what is live. Whatever keeps it from seeing anything is a condition that is unknown.
pub(crate) fn look(ports: &Ports, subject: Subject<'_>, plan: &DeployPlan) -> HealthObservation {
    let outlet = Observing::new(Arc::clone(&ports.outlet), plan.observe_effects.clone());
    let outlet: Arc<dyn Outlet> = Arc::new(outlet);
    let timeout_ms = subject.environment.gate.timeout_ms;
    let seen = call::observation(ports, subject, timeout_ms, &outlet);
    let seen = seen.unwrap_or_else(|fault| HealthObservation {
        condition: Condition::Unknown,
        release: None,
        detail: fault.message,
    });
    let expected = subject.release.id.hex();
    match &seen.release {
        // Another release answers: perhaps it is still being replaced. Never success.
        Some(release) if *release != expected && seen.condition == Condition::Healthy => {
            let short = release.get(..8).unwrap_or(release);
            let detail = format!("release {short} answers: {}", seen.detail);
            HealthObservation { condition: Condition::Unknown, detail, ..seen }
        }
        _ => seen,
    }
}

/// What a gate watches.
#[derive(Clone, Copy)]
pub(crate) struct Watched<'a> {
    /// The deployment whose release should be live.
    pub(crate) plan: &'a DeployPlan,
    /// The environment with the gate that counts.
    pub(crate) subject: Subject<'a>,
    /// Why it is watched.
    pub(crate) by: ObservedBy,
}

/// How a gate ended.
pub(crate) enum GateEnd {
    /// The release is healthy.
    Passed,
    /// It is not.
    Failed(String),
}

/// Observes until the gate has decided.
///
/// # Errors
/// When the run is cancelled, another process took over, or the ledger cannot be written.
pub(crate) fn gate(ports: &Ports, fence: &Fence, watched: Watched<'_>) -> Result<GateEnd, Fault> {
    let rules = &watched.subject.environment.gate;
    let mut state = GateState::new(rules.clone());
    let began = now(ports);
    loop {
        let observed_at = now(ports);
        let condition = observe(ports, fence, watched)?;
        match state.take(condition, now(ports).saturating_sub(began)) {
            Verdict::Passed => return Ok(GateEnd::Passed),
            Verdict::Failed(why) => return Ok(GateEnd::Failed(why)),
            Verdict::Undecided => wait(ports, observed_at, rules.interval_ms)?,
        }
    }
}

/// Observes for the bake time, after the gate has passed.
///
/// # Errors
/// As [`gate`].
pub(crate) fn bake(ports: &Ports, fence: &Fence, watched: Watched<'_>) -> Result<GateEnd, Fault> {
    let rules = &watched.subject.environment.gate;
    let (began, mut unhealthy) = (now(ports), 0);
    while now(ports).saturating_sub(began) < rules.bake_ms {
        let observed_at = now(ports);
        if observe(ports, fence, watched)? == Condition::Unhealthy {
            unhealthy += 1;
        }
        if unhealthy > rules.failure_limit {
            let why = format!("{unhealthy} observations were unhealthy while it baked");
            return Ok(GateEnd::Failed(why));
        }
        wait(ports, observed_at, rules.interval_ms)?;
    }
    Ok(GateEnd::Passed)
}

fn observe(ports: &Ports, fence: &Fence, watched: Watched<'_>) -> Result<Condition, Fault> {
    let seen = look(ports, watched.subject, watched.plan);
    if ports.cancel.is_asked() {
        return Err(interrupted(&fence.environment));
    }
    fence.append(vec![LedgerEvent::Observed {
        environment: fence.environment.clone(),
        deployment: watched.plan.number,
        by: watched.by,
        condition: seen.condition,
        release: seen.release,
        detail: seen.detail,
    }])?;
    Ok(seen.condition)
}

/// Waits until an interval is over.
fn wait(ports: &Ports, since_ms: u64, interval_ms: u64) -> Result<(), Fault> {
    let spent = now(ports).saturating_sub(since_ms);
    ports.pause.wait(interval_ms.saturating_sub(spent));
    if ports.cancel.is_asked() { Err(interrupted("the environment")) } else { Ok(()) }
}

/// Time since some fixed moment, in milliseconds: a clock that is set does not move a gate.
fn now(ports: &Ports) -> u64 {
    u64::try_from(ports.clock.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The fault of a deployment that a person interrupted.
pub(crate) fn interrupted(what: &str) -> Fault {
    let message = format!("the deployment was interrupted; `{what}` is as it is now");
    belljar_model::Fault::new(belljar_model::Blame::Cancelled, fault::INTERRUPTED, message)
        .help("run the same command again: it goes on where it was")
}

/// What is watched after a plan was applied.
pub(crate) fn after(plan: &DeployPlan, by: ObservedBy) -> Watched<'_> {
    Watched { plan, subject: plan::subject(plan), by }
}
