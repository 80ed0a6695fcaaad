//! Plan: what a deployment would do, found out without doing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::delivery::{
    Approver, Commit, DeployPhase, DeployPlan, Effect, Environment, Release, WayBack,
};
use belljar_model::ports::Outlet;
use belljar_model::{Blame, Digest, Fault, LedgerEvent};

use crate::call::{self, Subject};
use crate::fault::{self, NO_AUTHORS, NO_TARGET, NOTHING, STALE_PLAN};
use crate::outlets::{Recorded, Recording, beyond_reading};
use crate::ports::Ports;
use crate::standing::{Deployment, Phase, Standing};
use crate::way_back;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The environment as the file has it.
    pub environment: Environment,
    /// The approvers of the file.
    pub approvers: Vec<Approver>,
    /// What is deployed.
    pub release: Release,
    /// The commits since the release that is live, newest first.
    pub commits: Vec<Commit>,
    /// The plugin as `name@version`, and its component.
    pub plugin: (String, Digest),
    /// Who asks.
    pub requested_by: String,
    /// What the names of tools and secrets stand for, as in [`DeployPlan::bindings`].
    pub bindings: BTreeMap<String, Digest>,
    /// Why, beside the plan of the team.
    pub why: Why,
}

/// Why a deployment is made.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Why {
    /// The deployment from which it is promoted, as `environment#number`.
    pub promoted_from: Option<String>,
    /// The id of the incident that it mends.
    pub incident: Option<String>,
    /// The deployment whose release is made live again.
    pub rollback_to: Option<u64>,
}

/// A plan that was made.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposed {
    /// The plan.
    pub plan: DeployPlan,
    /// Whether it is the one that waits already, with the approvals that it has.
    pub is_pending: bool,
}

/// Finds out what a deployment would do. Nothing leaves, and nothing is written down.
///
/// # Errors
/// When nothing is shipped, nobody knows who wrote it although people must approve it, the plugin
/// says no, or what a failure goes back to is not whole.
pub fn propose(ports: &Ports, standing: &Standing, ask: Ask) -> Result<Proposed, Fault> {
    let name = &ask.environment.name;
    if ask.release.artifacts.is_empty() {
        let message = format!("there is nothing to deploy to `{name}`: its steps have no outputs");
        return Err(fault::policy(NOTHING, message));
    }
    authors_are_known(&ask)?;
    if let Some(target) = standing.rollback_target() {
        way_back::is_whole(ports, target)?;
    }
    // What a person goes back to is not built anew, so nothing else would notice.
    let back = ask.why.rollback_to.and_then(|number| standing.deployments.get(&number));
    if let Some(target) = back {
        way_back::is_whole(ports, target)?;
    }
    let ask = settle(standing, ask);
    if let Some(pending) = standing.pending() {
        let plan = make(ports, standing, &ask, pending.number)?;
        if plan.digest() == pending.digest {
            return Ok(Proposed { plan, is_pending: true });
        }
    }
    let plan = make(ports, standing, &ask, standing.next_number())?;
    Ok(Proposed { plan, is_pending: false })
}

fn make(ports: &Ports, standing: &Standing, ask: &Ask, number: u64) -> Result<DeployPlan, Fault> {
    let target = standing.rollback_target();
    let subject = Subject {
        environment: &ask.environment,
        release: &ask.release,
        plugin: ask.plugin.1,
        number,
        rollback: false,
    };
    let recording = recording(ports);
    let outlet = || Arc::clone(&recording) as Arc<dyn Outlet>;
    let changes = call::changes(ports, subject, DeployPhase::Preview, &outlet())?;
    let Recorded { effects, reads } = recording.take();
    let observe_effects = observing(ports, subject, &recording)?;
    if let Some(target) = target {
        way_back::has_the_grants_of(&ask.environment, target)?;
        way_back::can_go_back(ports, target, number, &outlet())?;
    }
    let rollback =
        target.map(|target| WayBack { number: target.number, release: target.plan.release.id });
    let ask = ask.clone();
    Ok(DeployPlan {
        number,
        environment: ask.environment,
        approvers: ask.approvers,
        release: ask.release,
        commits: ask.commits,
        plugin: ask.plugin.0,
        plugin_digest: ask.plugin.1,
        changes,
        effects,
        reads,
        observe_effects,
        rollback,
        promoted_from: ask.why.promoted_from,
        rollback_to: ask.why.rollback_to,
        incident: ask.why.incident,
        requested_by: ask.requested_by,
        bindings: ask.bindings,
    })
}

/// What observing will send beyond reading. How the release is, cannot be known before it is live;
/// so a plugin that is not content with the answers of a recording is no fault.
fn observing(
    ports: &Ports,
    subject: Subject<'_>,
    recording: &Arc<Recording>,
) -> Result<Vec<Effect>, Fault> {
    let outlet = Arc::clone(recording) as Arc<dyn Outlet>;
    let timeout_ms = subject.environment.gate.timeout_ms;
    match call::observation(ports, subject, timeout_ms, &outlet) {
        Err(fault) if !matches!(fault.blame, Blame::Project | Blame::Plugin) => return Err(fault),
        Ok(_) | Err(_) => {}
    }
    Ok(beyond_reading(recording.take().effects))
}

/// Writes a plan down, and voids the one that waited before. Does nothing for a plan that waits
/// already.
///
/// # Errors
/// When what it needs cannot be kept, or the ledger cannot be written.
pub fn record(ports: &Ports, standing: &Standing, proposed: &Proposed) -> Result<(), Fault> {
    if proposed.is_pending {
        return Ok(());
    }
    let plan = &proposed.plan;
    let name = &plan.environment.name;
    let before = standing.pending();
    // A plan that was recorded under this number meanwhile keeps its blobs.
    is_next(&Standing::read(&*ports.ledger, name)?, plan, before)?;
    ports.pins.pin(&pin_name(plan), &plan_blobs(plan))?;
    let mut events = Vec::new();
    if let Some(pending) = before {
        events.push(voided(pending, "it was planned anew, and is another plan now"));
    }
    events.push(LedgerEvent::Planned { plan_digest: plan.digest(), plan: Box::new(plan.clone()) });
    ports
        .ledger
        .append_if(events, &mut |entries| is_next(&Standing::of(entries, name), plan, before))?;
    Ok(())
}

/// Checks that a plan can still get its number, and that the one whose place it takes still waits:
/// what has begun meanwhile must be carried to its end.
fn is_next(now: &Standing, plan: &DeployPlan, before: Option<&Deployment>) -> Result<(), Fault> {
    let waits = |pending: &Deployment| {
        now.deployments.get(&pending.number).is_some_and(|now| now.phase == Phase::Planned)
    };
    if now.next_number() == plan.number && before.is_none_or(waits) {
        return Ok(());
    }
    let name = &plan.environment.name;
    let message =
        format!("somebody else planned a deployment to `{name}`, or began one, meanwhile");
    Err(fault::policy(STALE_PLAN, message).help("run the same command again"))
}

/// Takes what does not change a plan from the one that waits, so that asking twice for the same
/// gives the same: who asked first, and the run that the artifacts came from.
fn settle(standing: &Standing, ask: Ask) -> Ask {
    let Some(pending) = standing.pending().map(|pending| &pending.plan) else { return ask };
    let same = pending.release.id == ask.release.id
        && pending.release.revision == ask.release.revision
        && pending.rollback_to == ask.why.rollback_to;
    if !same {
        return ask;
    }
    let Ask { why, .. } = ask;
    let why = Why {
        promoted_from: pending.promoted_from.clone().or(why.promoted_from),
        incident: why.incident.or_else(|| pending.incident.clone()),
        rollback_to: why.rollback_to,
    };
    let (release, requested_by) = (pending.release.clone(), pending.requested_by.clone());
    Ask { release, requested_by, why, ..ask }
}

/// What a person asks for who goes back: the release, configuration and plugin of an earlier
/// deployment, under the gate of today, in the places and with the grants of what was live last.
/// Nobody approves it, so it reaches nothing that no deployment has reached before it.
///
/// # Errors
/// When there is no such deployment, or it never was live.
pub fn back_to(
    standing: &Standing,
    (environment, approvers): (&Environment, &[Approver]),
    to: Option<u64>,
    requested_by: String,
) -> Result<Ask, Fault> {
    let name = &standing.environment;
    let target = match to {
        None => standing.previous_release(),
        Some(number) => {
            standing.deployments.get(&number).filter(|_| standing.was_live.contains(&number))
        }
    };
    let target = target.ok_or_else(|| {
        let message = match to {
            Some(number) => format!("`{name}` has no deployment #{number} that was live"),
            None => format!("nothing else was live in `{name}` before, so there is no way back"),
        };
        fault::policy(NO_TARGET, message).help(format!("`belljar history {name}` lists them"))
    })?;
    let before = &target.plan;
    let last =
        standing.rollback_target().map_or(&before.environment, |last| &last.plan.environment);
    let environment = Environment {
        uses: before.environment.uses.clone(),
        config: before.environment.config.clone(),
        storage: last.storage.clone(),
        hosts: last.hosts.clone(),
        secrets: last.secrets.clone(),
        tools: last.tools.clone(),
        ..environment.clone()
    };
    Ok(Ask {
        environment,
        approvers: approvers.to_vec(),
        release: before.release.clone(),
        commits: Vec::new(),
        plugin: (before.plugin.clone(), before.plugin_digest),
        requested_by,
        bindings: BTreeMap::new(),
        why: Why { rollback_to: Some(target.number), ..Why::default() },
    })
}

/// Finds out whether a plan still says what would be done.
///
/// # Errors
/// When it does not. It is voided then.
pub(crate) fn still_holds(ports: &Ports, deployment: &Deployment) -> Result<(), Fault> {
    let plan = &deployment.plan;
    let recording = recording(ports);
    let outlet = Arc::clone(&recording) as Arc<dyn Outlet>;
    call::changes(ports, subject(plan), DeployPhase::Preview, &outlet)?;
    let today = recording.take();
    if today.effects == plan.effects && today.reads == plan.reads {
        return Ok(());
    }
    let name = &plan.environment.name;
    let event = voided(deployment, "the environment has changed since");
    ports.ledger.append_if(vec![event], &mut |entries| {
        let now = Standing::of(entries, name);
        match now.deployments.get(&plan.number).map(|now| now.phase) {
            Some(Phase::Planned) => Ok(()),
            // Another process began it, and has changed the environment by that.
            _ => Err(fault::policy(
                STALE_PLAN,
                format!("{name}#{} was begun meanwhile", plan.number),
            )
            .help("`belljar status` shows how far it is")),
        }
    })?;
    let message = format!("`{name}` has changed since #{} was planned", plan.number);
    let fault = fault::policy(STALE_PLAN, message);
    let first = plan.effects.iter().zip(&today.effects).find(|(then, now)| then != now);
    let fault = match first {
        Some((then, now)) => fault.note(format!("planned: {then}")).note(format!("today:   {now}")),
        None => fault.note(format!(
            "planned: {} effects; today: {}",
            plan.effects.len(),
            today.effects.len()
        )),
    };
    Err(fault.help(format!("`belljar deploy {name}` makes a new plan, to be approved anew")))
}

/// What the plugin of a plan is asked about.
pub(crate) fn subject(plan: &DeployPlan) -> Subject<'_> {
    Subject {
        environment: &plan.environment,
        release: &plan.release,
        plugin: plan.plugin_digest,
        number: plan.number,
        rollback: false,
    }
}

/// The name under which the blobs of a plan are kept.
pub(crate) fn pin_name(plan: &DeployPlan) -> String {
    format!("delivery/{}/{}", plan.environment.name, plan.number)
}

/// Everything without which a plan could not be applied, or gone back to.
pub(crate) fn plan_blobs(plan: &DeployPlan) -> Vec<Digest> {
    use belljar_model::delivery::StorageRead;
    let artifacts = plan.release.artifacts.iter().map(|artifact| artifact.digest);
    let reads = plan.reads.iter().filter_map(|read| match read {
        StorageRead::List { answer, .. } => Some(*answer),
        StorageRead::Read { answer, .. } => *answer,
    });
    let mut blobs: Vec<Digest> = artifacts.chain(reads).chain([plan.plugin_digest]).collect();
    blobs.sort_unstable();
    blobs.dedup();
    blobs
}

fn voided(deployment: &Deployment, reason: &str) -> LedgerEvent {
    LedgerEvent::PlanVoided {
        environment: deployment.plan.environment.name.clone(),
        deployment: deployment.number,
        reason: reason.to_owned(),
    }
}

fn recording(ports: &Ports) -> Arc<Recording> {
    Arc::new(Recording::new(Arc::clone(&ports.outlet), Arc::clone(&ports.blobs)))
}

fn authors_are_known(ask: &Ask) -> Result<(), Fault> {
    if ask.environment.approvals.count == 0 || ask.why.rollback_to.is_some() {
        return Ok(());
    }
    let name = &ask.environment.name;
    let why = match &ask.release.revision {
        None => "the workspace is in no repository",
        Some(revision) if revision.dirty => "the workspace holds changes that are in no commit",
        Some(_) => return Ok(()),
    };
    let message = format!("nobody knows who wrote what would go to `{name}`: {why}");
    Err(fault::policy(NO_AUTHORS, message)
        .note("whoever wrote a change does not approve it, so its author must be known")
        .help("commit the changes, and deploy again"))
}
