//! WayBack: whether a failed deployment could be undone, found out before it begins.

use std::sync::Arc;

use belljar_model::delivery::{DeployPhase, Environment};
use belljar_model::ports::Outlet;
use belljar_model::{Digest, Fault};

use crate::call::{self, Subject};
use crate::fault::{self, NO_TARGET, TARGET_DAMAGED};
use crate::plan::subject;
use crate::ports::Ports;
use crate::standing::Deployment;

/// Checks that everything is in the store that the release to go back to is made of.
///
/// # Errors
/// When something is missing or damaged.
pub(crate) fn is_whole(ports: &Ports, target: &Deployment) -> Result<(), Fault> {
    let mut blobs: Vec<Digest> =
        target.plan.release.artifacts.iter().map(|artifact| artifact.digest).collect();
    blobs.push(target.plan.plugin_digest);
    let damaged = ports.pins.damaged(&blobs)?;
    let Some(first) = damaged.first() else { return Ok(()) };
    let plan = &target.plan;
    let what = plan.release.artifacts.iter().find(|artifact| artifact.digest == *first);
    let what = what.map_or_else(|| "its plugin".to_owned(), |found| found.path.to_string());
    let name = &plan.environment.name;
    let message =
        format!("there is no way back to {name}#{}: {what} is missing or damaged", target.number);
    Err(fault::infrastructure(TARGET_DAMAGED, message)
        .note(format!("{} of its blobs are not whole, {first} among them", damaged.len()))
        .help("build that release again, which restores its blobs; then plan again"))
}

/// Checks that what the release to go back to used is still granted: a rollback has the grants of
/// the plan that failed, and a preview runs no tool and reads no secret.
///
/// # Errors
/// When a tool or secret is not.
pub(crate) fn has_the_grants_of(
    environment: &Environment,
    target: &Deployment,
) -> Result<(), Fault> {
    let before = &target.plan.environment;
    let gone =
        |then: &[String], now: &[String]| then.iter().find(|name| !now.contains(name)).cloned();
    let missing = gone(&before.tools, &environment.tools).map(|name| ("tools", name));
    let missing = missing
        .or_else(|| gone(&before.secrets, &environment.secrets).map(|name| ("secrets", name)));
    let Some((key, name)) = missing else { return Ok(()) };
    let (place, to) = (&environment.name, target.number);
    let message = format!(
        "a failed deployment to `{place}` could not go back to #{to}: that used `{name}`, which is \
         not granted any more"
    );
    Err(fault::policy(NO_TARGET, message).help(format!(
        "keep it in `{key}` of `[environment.{place}]` until a release without it was live"
    )))
}

/// Goes through going back, over what the plan would have done.
///
/// # Errors
/// When the plugin says no.
pub(crate) fn can_go_back(
    ports: &Ports,
    target: &Deployment,
    number: u64,
    outlet: &Arc<dyn Outlet>,
) -> Result<(), Fault> {
    let back = Subject { number, rollback: true, ..subject(&target.plan) };
    call::changes(ports, back, DeployPhase::Preview, outlet).map(drop).map_err(|fault| {
        let (name, to) = (&target.plan.environment.name, target.number);
        fault.note(format!(
            "this happened while going back from `{name}`#{number} to #{to} was tried out"
        ))
    })
}
