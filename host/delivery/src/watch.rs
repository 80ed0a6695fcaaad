//! Watch: one look at an environment between deployments, and what it means.

use belljar_model::delivery::{Condition, OnIllness};
use belljar_model::{Fault, LedgerEvent};

use crate::observe;
use crate::plan;
use crate::ports::Ports;
use crate::standing::Standing;

/// What a watcher remembers from one look to the next.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Watching {
    /// How many looks in a row were unhealthy.
    pub unhealthy: u32,
    /// How many looks there were.
    pub looks: u64,
}

/// What one look has shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// The deployment that should be live.
    pub deployment: u64,
    /// How it is.
    pub condition: Condition,
    /// What was found live instead, if anything.
    pub drift: Option<String>,
    /// One line for people.
    pub detail: String,
    /// Whether the policy of the environment is to go back now.
    pub go_back: bool,
}

/// Looks at what is live once. What changed since the last look goes into the ledger. `None` if
/// nothing should be live, or a deployment goes on.
///
/// # Errors
/// When the ledger cannot be read or written.
pub fn look(
    ports: &Ports,
    environment: &str,
    watching: &mut Watching,
) -> Result<Option<Look>, Fault> {
    let standing = Standing::read(&*ports.ledger, environment)?;
    if standing.going_on().is_some() {
        return Ok(None);
    }
    let Some(live) = standing.live_deployment() else { return Ok(None) };
    let plan = &live.plan;
    let seen = observe::look(ports, plan::subject(plan), plan);
    watching.looks += 1;
    watching.unhealthy =
        if seen.condition == Condition::Unhealthy { watching.unhealthy + 1 } else { 0 };
    let drift = seen.release.filter(|release| *release != plan.release.id.hex());
    let events = news(&standing, live.number, (seen.condition, &seen.detail), drift.as_deref());
    if !events.is_empty() {
        // A deployment that began meanwhile writes its own observations.
        let nothing_goes_on =
            |entries: &[_]| Standing::of(entries, environment).going_on().is_none();
        let mut quiet = true;
        let appended = ports.ledger.append_if(events, &mut |entries| {
            quiet = nothing_goes_on(entries);
            if quiet { Ok(()) } else { Err(observe::interrupted(environment)) }
        });
        if !quiet {
            return Ok(None);
        }
        appended?;
    }
    let monitor = &plan.environment.monitor;
    let go_back = monitor.on_illness == OnIllness::Rollback
        && watching.unhealthy >= monitor.after
        && standing.previous_release().is_some();
    let (condition, detail) = (seen.condition, seen.detail);
    Ok(Some(Look { deployment: live.number, condition, drift, detail, go_back }))
}

/// What is new.
fn news(
    standing: &Standing,
    deployment: u64,
    (condition, detail): (Condition, &str),
    drift: Option<&str>,
) -> Vec<LedgerEvent> {
    let environment = || standing.environment.clone();
    let mut events = Vec::new();
    let before = standing.health.as_ref().map(|(before, ..)| *before);
    if before != Some(condition) {
        let detail = detail.to_owned();
        let environment = environment();
        events.push(LedgerEvent::HealthChanged { environment, deployment, condition, detail });
    }
    match (standing.drift.as_deref(), drift) {
        (before, Some(found)) if before != Some(found) => {
            let (environment, found) = (environment(), found.to_owned());
            events.push(LedgerEvent::DriftFound { environment, deployment, found });
        }
        // What could not be seen proves nothing.
        (Some(_), None) if condition == Condition::Healthy => {
            events.push(LedgerEvent::DriftGone { environment: environment(), deployment });
        }
        _ => {}
    }
    events
}
