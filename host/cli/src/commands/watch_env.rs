//! `belljar watch-env`: look at environments again and again.

use std::collections::BTreeMap;

use anyhow::Context as _;
use belljar_delivery::plan::{self, Ask};
use belljar_delivery::watch::{self, Look, Watching};
use belljar_delivery::{Standing, carry_out};
use belljar_model::delivery::{Condition, Environment};
use belljar_model::ports::{Cancel, Clock as _};

use crate::args::{Global, WatchArgs};
use crate::clock::SystemClock;
use crate::delivery::{Book, Desk, Metrics, hold};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock;
use crate::session::Session;
use crate::signals;
use crate::terminal::Terminal;

/// One environment that is watched.
struct Watched<'a> {
    environment: &'a Environment,
    /// What it is looked at with: the places and grants of the deployment that is live.
    desk: Desk,
    /// The number of that deployment.
    live: Option<u64>,
    watching: Watching,
    /// When to look next, by the machine's clock.
    next_ms: u64,
    /// What was seen last.
    last: Option<Look>,
}

pub(super) fn watch_env(
    global: &Global,
    args: &WatchArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    lock::settle(&session, lock::Writing::Allowed, terminal)?;
    let book = Book::of(&session.project);
    let cancel = Cancel::new();
    signals::listen(&cancel).context("the signals cannot be listened to")?;
    let mut watched = Vec::new();
    for environment in chosen(&book, &args.environments)? {
        let (live, desk) = desk(&session, environment, &cancel, (global, terminal))?;
        let watching = Watching::default();
        watched.push(Watched { environment, desk, live, watching, next_ms: 0, last: None });
    }
    let metrics = Metrics::default();
    if let Some(address) = args.metrics {
        let bound = metrics.serve(address)?;
        terminal.remark(&format!("    Offering  http://{bound}/metrics"));
    }
    loop {
        let clock = SystemClock::start();
        for one in &mut watched {
            if cancel.is_asked() || clock.now_ms() < one.next_ms {
                continue;
            }
            one.next_ms = clock.now_ms() + one.environment.monitor.interval_ms;
            if live(&book, one.environment)?.0 != one.live {
                let around = (global, terminal);
                (one.live, one.desk) = desk(&session, one.environment, &cancel, around)?;
            }
            let go_back = look(one, &metrics, terminal)?;
            if go_back {
                one.watching = Watching::default();
                back(&session, one.environment, &cancel, (global, terminal))?;
            }
        }
        if args.once {
            let all: BTreeMap<_, _> =
                watched.iter().map(|one| (one.environment.name.as_str(), &one.last)).collect();
            return Ok(conclude(&all, terminal));
        }
        if cancel.is_asked() {
            return Ok(Exit::Success);
        }
        let next = watched.iter().map(|one| one.next_ms).min().unwrap_or_default();
        let wait = next.saturating_sub(clock.now_ms());
        if let Some(one) = watched.first() {
            one.desk.ports.pause.wait(wait);
        }
    }
}

/// What is live, and the environment as it was deployed with: what the file says today is not
/// what is live, and no illness of it. The file's own if nothing is live.
fn live(
    book: &Book<'_>,
    environment: &Environment,
) -> Result<(Option<u64>, Environment), CommandError> {
    let standing = book.standing(&environment.name)?;
    Ok(match standing.live_deployment() {
        Some(live) => (Some(live.number), live.plan.environment.clone()),
        None => (None, environment.clone()),
    })
}

/// What an environment is looked at with.
fn desk(
    session: &Session,
    environment: &Environment,
    cancel: &Cancel,
    around: (&Global, &Terminal),
) -> Result<(Option<u64>, Desk), CommandError> {
    let (number, environment) = live(&Book::of(&session.project), environment)?;
    Ok((number, Desk::of(session, &environment, cancel, around)?))
}

/// The environments that were named, or all.
fn chosen<'a>(book: &Book<'a>, names: &[String]) -> Result<Vec<&'a Environment>, CommandError> {
    if names.is_empty() {
        let all: Vec<_> =
            book.project.pipeline.environments.values().map(|one| &one.spec).collect();
        return if all.is_empty() {
            Err(CommandError::usage("the pipeline has no environment to watch"))
        } else {
            Ok(all)
        };
    }
    names.iter().map(|name| book.environment(name).map(|one| &one.spec)).collect()
}

/// Looks once, and says what changed. Returns whether to go back is the policy now.
fn look(
    one: &mut Watched<'_>,
    metrics: &Metrics,
    terminal: &Terminal,
) -> Result<bool, CommandError> {
    let name = &one.environment.name;
    let Some(look) = watch::look(&one.desk.ports, name, &mut one.watching)? else {
        one.last = None;
        return Ok(false);
    };
    metrics.take(name, &look, SystemClock::start().now_ms());
    let is_new = one
        .last
        .as_ref()
        .is_none_or(|last| (last.condition, &last.drift) != (look.condition, &look.drift));
    if is_new && !terminal.quiet {
        terminal.remark(&line(name, &look));
    }
    let go_back = look.go_back;
    one.last = Some(look);
    Ok(go_back)
}

fn line(name: &str, look: &Look) -> String {
    let detail = belljar_model::text::harmless(&look.detail);
    let drift = look.drift.as_ref().map(|found| {
        let found = belljar_model::text::harmless(found);
        format!("; drift: {} is live", found.get(..8).unwrap_or(&found))
    });
    let (number, condition) = (look.deployment, look.condition.as_str());
    format!("    Observed  {name}#{number} {condition}: {detail}{}", drift.unwrap_or_default())
}

/// Goes back to the release before, as the policy says.
fn back(
    session: &Session,
    environment: &Environment,
    cancel: &Cancel,
    (global, terminal): (&Global, &Terminal),
) -> Result<(), CommandError> {
    let book = Book::of(&session.project);
    let name = &environment.name;
    let Ok(_held) = hold(&book, name) else {
        // Somebody deploys at this moment: that will be observed by itself.
        return Ok(());
    };
    let standing = book.standing(name)?;
    let today = (environment, book.approvers());
    let ask = plan::back_to(&standing, (today.0, &today.1), None, "watch-env".to_owned())?;
    let desk = Desk::of(session, &ask.environment, cancel, (global, terminal))?;
    let ask = Ask { bindings: desk.bindings()?, ..ask };
    let ports = &desk.ports;
    desk.show(&standing, &ask.release);
    let proposed = plan::propose(ports, &standing, ask)?;
    plan::record(ports, &standing, &proposed)?;
    let standing = Standing::read(&*ports.ledger, name)?;
    if let Some(deployment) = standing.deployments.get(&proposed.plan.number)
        && !terminal.quiet
    {
        desk.follow(deployment);
    }
    carry_out(ports, name, (proposed.plan.number, proposed.plan.digest()))?;
    Ok(())
}

/// The answer of one look at all.
fn conclude(all: &BTreeMap<&str, &Option<Look>>, terminal: &Terminal) -> Exit {
    if terminal.json {
        let answer: Vec<_> = all
            .iter()
            .map(|(name, look)| {
                serde_json::json!({
                    "environment": name,
                    "deployment": look.as_ref().map(|look| look.deployment),
                    "condition": look.as_ref().map(|look| look.condition),
                    "drift": look.as_ref().and_then(|look| look.drift.clone()),
                    "detail": look.as_ref().map(|look| look.detail.clone()),
                })
            })
            .collect();
        terminal.answer_json(&answer);
    }
    let is_well = |look: &&&Option<Look>| {
        look.as_ref()
            .is_none_or(|look| look.condition == Condition::Healthy && look.drift.is_none())
    };
    if all.values().all(|look| is_well(&look)) { Exit::Success } else { Exit::Run(1) }
}
