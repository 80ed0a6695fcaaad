//! `belljar deploy`, `rollback` and `promote`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use belljar_delivery::plan::{self, Ask, Why};
use belljar_model::delivery::Release;
use belljar_model::ports::Cancel;
use belljar_pipeline::EnvironmentAt;

use crate::args::{CarryArgs, DeployArgs, Global, PromoteArgs, RollbackArgs};
use crate::delivery::{Book, Built, Errand, build, commits, nothing_live};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock;
use crate::session::Session;
use crate::signals;
use crate::terminal::Terminal;

pub(super) fn deploy(
    global: &Global,
    args: &DeployArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    let book = Book::of(&session.project);
    let environment = book.environment(&args.environment)?;
    let errand = errand((global, terminal), &session, environment, &args.carry)?;
    if let Some(exit) = errand.go_on()? {
        return Ok(exit);
    }
    let shipment = match build(&session, &environment.spec, &errand.cancel, terminal)? {
        Built::Release(shipment) => shipment,
        Built::Failed(exit_code) => return Ok(Exit::Run(exit_code)),
    };
    let release = shipment.release.clone();
    let why = Why { incident: args.carry.incident.clone(), ..Why::default() };
    let ask = ask(&session, environment, release, why)?;
    errand.go(&errand.desk(&environment.spec)?, ask, Some(&shipment))
}

pub(super) fn rollback(
    global: &Global,
    args: &RollbackArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    let book = Book::of(&session.project);
    let environment = book.environment(&args.environment)?;
    let errand = errand((global, terminal), &session, environment, &args.carry)?;
    if let Some(exit) = errand.go_on()? {
        return Ok(exit);
    }
    let standing = book.standing(&args.environment)?;
    let today = (&environment.spec, book.approvers());
    let ask = plan::back_to(&standing, (today.0, &today.1), args.to, book.actor()?)?;
    let why = Why { incident: args.carry.incident.clone(), ..ask.why.clone() };
    let desk = errand.desk(&ask.environment)?;
    errand.go(&desk, Ask { why, ..ask }, None)
}

pub(super) fn promote(
    global: &Global,
    args: &PromoteArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    let book = Book::of(&session.project);
    let (from, to) = (book.environment(&args.from)?, book.environment(&args.to)?);
    let errand = errand((global, terminal), &session, to, &args.carry)?;
    if let Some(exit) = errand.go_on()? {
        return Ok(exit);
    }
    let standing = book.standing(&from.spec.name)?;
    let live = standing.live_deployment().ok_or_else(|| nothing_live(&from.spec.name))?;
    let why = Why {
        promoted_from: Some(format!("{}#{}", from.spec.name, live.number)),
        incident: args.carry.incident.clone(),
        rollback_to: None,
    };
    let ask = ask(&session, to, live.plan.release.clone(), why)?;
    errand.go(&errand.desk(&to.spec)?, ask, None)
}

fn errand<'a>(
    (global, terminal): (&'a Global, &'a Terminal),
    session: &'a Session,
    environment: &'a EnvironmentAt,
    args: &'a CarryArgs,
) -> Result<Errand<'a>, CommandError> {
    lock::settle(session, lock::Writing::Allowed, terminal)?;
    let cancel = Cancel::new();
    signals::listen(&cancel).context("the signals cannot be listened to")?;
    let environment = &environment.spec;
    Ok(Errand { session, environment, args, global, terminal, cancel })
}

/// What is to be planned for a release.
fn ask(
    session: &Session,
    environment: &EnvironmentAt,
    release: Release,
    why: Why,
) -> Result<Ask, CommandError> {
    let book = Book::of(&session.project);
    let standing = book.standing(&environment.spec.name)?;
    Ok(Ask {
        environment: environment.spec.clone(),
        approvers: book.approvers(),
        commits: commits(session, &standing, &release)?,
        plugin: session.keep_plugin(&environment.spec.uses)?,
        requested_by: book.actor()?,
        bindings: BTreeMap::new(),
        release,
        why,
    })
}
