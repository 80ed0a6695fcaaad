//! `belljar run`: run steps and everything they need.

use std::io::Write;

use anyhow::Context as _;
use belljar_model::TrustLevel;
use belljar_model::ports::Cancel;
use belljar_runner::{Afterwards, ForceMode, OnDispute, OnFailure};
use tracing::trace_span;

use super::least;
use crate::args::{Global, RunArgs};
use crate::error::CommandError;
use crate::execution::{self, Evidence, Manner};
use crate::exit_code::Exit;
use crate::files::create_named;
use crate::reports::Reports;
use crate::session::Session;
use crate::signals;
use crate::stream::{JsonLines, Reader};
use crate::terminal::Terminal;
use crate::unchanged::{Answer, Candidate, OpenPart};

pub(super) fn run(
    global: &Global,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    if let Some(mut candidate) = Candidate::of(global, args, terminal) {
        let answer = trace_span!("look what changed").in_scope(|| candidate.answer());
        return match answer {
            Answer::Unchanged(exit) => Ok(exit),
            Answer::Part(part) => match part.open(&mut candidate, global, terminal)? {
                Some(part) => run_part(part, &mut candidate, args, terminal),
                None => run_all(global, args, terminal, Some(&mut candidate)),
            },
            Answer::Unknown => run_all(global, args, terminal, Some(&mut candidate)),
        };
    }
    run_all(global, args, terminal, None)
}

/// Runs the steps that a change concerns.
fn run_part(
    part: OpenPart,
    candidate: &mut Candidate<'_>,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let OpenPart { session, plan, settled, basis } = part;
    let manner = Manner { settled: Some(settled), ..manner(args, &session)? };
    let executed = execution::execute(&session, &plan, manner, Vec::new(), terminal)?;
    trace_span!("leave a note").in_scope(|| candidate.remember_part(&session, basis, &executed));
    Ok(Exit::Run(executed.summary.exit_code))
}

/// Runs all steps that were asked for.
fn run_all(
    global: &Global,
    args: &RunArgs,
    terminal: &Terminal,
    mut candidate: Option<&mut Candidate<'_>>,
) -> Result<Exit, CommandError> {
    let reports = Reports::parse(&args.report)?;
    let early = candidate.as_mut().and_then(|candidate| candidate.take_early());
    let session = Session::open_with_workers(global, terminal, early)?;
    let plan = session.select(&args.steps)?;
    if plan.steps.is_empty() {
        terminal.remark("warning: the pipeline has no steps, so nothing was run");
        return Ok(Exit::Nothing);
    }
    if args.audit_only {
        return least::least(&session, &plan, args, terminal);
    }
    let collected = reports.collector();
    let mut readers: Vec<Box<dyn Reader>> = vec![Box::new(collected.clone())];
    readers.extend(events_reader(global, args)?);
    let executed = execution::execute(&session, &plan, manner(args, &session)?, readers, terminal)?;
    reports.write(&session.root, &collected)?;
    if let Some(candidate) = candidate {
        trace_span!("leave a note").in_scope(|| candidate.remember(&session, &plan, &executed));
    }
    Ok(Exit::Run(executed.summary.exit_code))
}

/// How the arguments want it to be run. From now on, signals cancel it.
fn manner(args: &RunArgs, session: &Session) -> Result<Manner, CommandError> {
    let cancel = Cancel::new();
    signals::listen(&cancel).context("the signals cannot be listened to")?;
    Ok(Manner {
        jobs: args.jobs,
        on_failure: if args.on_failure.fail_fast { OnFailure::Stop } else { OnFailure::KeepGoing },
        force: force(args, session)?,
        on_dispute: match session.store.trust().least {
            TrustLevel::Protected => OnDispute::Refuse,
            TrustLevel::Untrusted | TrustLevel::Developer | TrustLevel::Ci => OnDispute::Tell,
        },
        afterwards: if args.verify { Afterwards::Verify } else { Afterwards::Nothing },
        progress: args.progress,
        logs: args.logs,
        asked: args.steps.clone(),
        settled: None,
        evidence: Evidence::Unwanted,
        cancel,
    })
}

/// Only the named steps are forced, or all if none is named.
fn force(args: &RunArgs, session: &Session) -> Result<ForceMode, CommandError> {
    Ok(match (args.force, args.steps.is_empty()) {
        (false, _) => ForceMode::Nothing,
        (true, true) => ForceMode::All,
        (true, false) => {
            let named = session.project.select_only(&args.steps)?;
            ForceMode::Steps(named.steps.iter().map(|step| step.name.clone()).collect())
        }
    })
}

/// The reader behind `--events` or `--json`.
fn events_reader(global: &Global, args: &RunArgs) -> Result<Option<Box<dyn Reader>>, CommandError> {
    let to: Box<dyn Write + Send> = match args.events.as_deref() {
        None if global.json => Box::new(std::io::stdout()),
        None => return Ok(None),
        Some("-") => Box::new(std::io::stdout()),
        Some(file) => Box::new(std::io::BufWriter::new(create_named("--events", file)?)),
    };
    Ok(Some(Box::new(JsonLines::new(to))))
}
