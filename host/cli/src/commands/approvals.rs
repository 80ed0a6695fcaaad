//! `belljar approvals`: see what waits, and decide.

use belljar_delivery::approvals::{open, seal};
use belljar_delivery::{Deployment, Phase, Standing, rules};
use belljar_model::LedgerEvent;
use belljar_model::delivery::{Approval, Decision, Envelope};
use belljar_model::ports::{Clock as _, Ledger as _};
use belljar_report::delivery::Detail;
use serde::Serialize;

use super::ledger::{read, write};
use crate::args::{ApprovalsCommand, DecideArgs, Global};
use crate::clock::SystemClock;
use crate::delivery::{ApproverKey, Book, DeploymentId, no_approver_key, view};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::moment;
use crate::project::Project;
use crate::terminal::Terminal;

/// A plan that waits, as JSON.
#[derive(Serialize)]
struct Waiting {
    id: String,
    plan: String,
    release: String,
    needed: u32,
    counting: Vec<String>,
}

pub(super) fn approvals(
    global: &Global,
    command: &ApprovalsCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    match command {
        ApprovalsCommand::Ls => ls(&book, terminal),
        ApprovalsCommand::Show { id } => show(&book, id, terminal),
        ApprovalsCommand::Approve { id, how } => {
            decide(&book, (id, Decision::Approve), how, terminal)
        }
        ApprovalsCommand::Reject { id, how } => {
            decide(&book, (id, Decision::Reject), how, terminal)
        }
        ApprovalsCommand::Import { decision: file } => {
            let envelope: Envelope = serde_json::from_str(&read(file)?).map_err(|error| {
                CommandError::usage(format!("`{}` is no decision: {error}", file.display()))
            })?;
            import(&book, envelope, terminal)
        }
    }
}

fn ls(book: &Book<'_>, terminal: &Terminal) -> Result<Exit, CommandError> {
    let now_ms = SystemClock::start().now_ms();
    let entries = book.entries()?;
    let mut waiting = Vec::new();
    for name in book.project.pipeline.environments.keys() {
        let standing = Standing::of(&entries, name);
        let Some(pending) = standing.pending() else { continue };
        let tally = rules::approvals(pending, now_ms);
        waiting.push(Waiting {
            id: format!("{name}#{}", pending.number),
            plan: pending.digest.to_string(),
            release: pending.plan.release.short(),
            needed: tally.needed,
            counting: tally.counting,
        });
    }
    if terminal.json {
        terminal.answer_json(&waiting);
    } else if waiting.is_empty() {
        terminal.remark("nothing waits for approval");
    } else {
        for one in &waiting {
            let by =
                if one.counting.is_empty() { "nobody".into() } else { one.counting.join(", ") };
            let (have, needed) = (one.counting.len(), one.needed);
            terminal.answer(&format!(
                "{}  release {}  {have}/{needed} approvals ({})",
                one.id,
                one.release,
                belljar_model::text::harmless(&by)
            ));
        }
    }
    Ok(Exit::Success)
}

fn show(book: &Book<'_>, id: &DeploymentId, terminal: &Terminal) -> Result<Exit, CommandError> {
    let now_ms = SystemClock::start().now_ms();
    let entries = book.entries()?;
    let standing = Standing::of(&entries, &id.environment);
    let deployment = id.find(&standing)?;
    let hindrances: Vec<_> = if deployment.phase == Phase::Planned {
        let all = rules::hindrances(&entries, &deployment, now_ms);
        all.into_iter().map(|(_, fault)| fault).collect()
    } else {
        Vec::new()
    };
    let about = (&standing, &*deployment.plan);
    let how = (Detail::Full, now_ms);
    let shown = view::plan_shown(about, Some(&deployment), &hindrances, how);
    if terminal.json {
        terminal.answer_json(&shown);
    } else {
        terminal.answer(&belljar_report::delivery::plan(&shown, &terminal.out));
    }
    Ok(Exit::Success)
}

fn decide(
    book: &Book<'_>,
    (id, decision): (&DeploymentId, Decision),
    how: &DecideArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let key = ApproverKey::find()?.ok_or_else(no_approver_key)?;
    let deployment = id.find(&book.standing(&id.environment)?)?;
    is_as_signed(&deployment)?;
    let at_ms = SystemClock::start().now_ms();
    let longest = deployment.plan.environment.approvals.expires_ms;
    let length = how.expires.as_deref().map(|text| moment::length_ms("--expires", text));
    let length = length.transpose()?.unwrap_or(longest).min(longest);
    let approval = Approval {
        plan: deployment.digest,
        environment: id.environment.clone(),
        decision,
        reason: how.message.clone(),
        at_ms,
        expires_ms: at_ms.saturating_add(length),
    };
    let envelope = seal(&approval, key.secret());
    match &how.output {
        Some(file) => {
            let text = serde_json::to_string_pretty(&envelope).expect("it has a JSON form");
            write(file, &text)?;
            let file = file.display();
            terminal.remark(&format!(
                "     Signed  {file}; `belljar approvals import {file}` takes it"
            ));
            Ok(Exit::Success)
        }
        None => record(book, &deployment, envelope, terminal),
    }
}

/// What a person has read is the plan, and what is signed is its digest: they must belong together,
/// whoever wrote the ledger.
fn is_as_signed(deployment: &Deployment) -> Result<(), CommandError> {
    if deployment.is_as_signed() {
        return Ok(());
    }
    Err(CommandError::usage_help(
        format!(
            "the plan {}#{} is not the one that its digest names, so nothing is signed",
            deployment.plan.environment.name, deployment.number
        ),
        "deploy again, which makes another plan; if that happens again, `belljar ledger verify`",
    ))
}

/// Takes a decision that was signed elsewhere.
fn import(book: &Book<'_>, envelope: Envelope, terminal: &Terminal) -> Result<Exit, CommandError> {
    let (approval, _) = open(&envelope)?;
    let standing = book.standing(&approval.environment)?;
    let found = standing.deployments.values().find(|one| one.digest == approval.plan);
    let deployment = found.ok_or_else(|| {
        CommandError::usage(format!(
            "this decision is about the plan {}, which `{}` does not have",
            approval.plan.short(),
            belljar_model::text::harmless(&approval.environment)
        ))
    })?;
    record(book, deployment, envelope, terminal)
}

/// Writes a decision down, and says whether it counts.
fn record(
    book: &Book<'_>,
    deployment: &Deployment,
    envelope: Envelope,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let (_, key) = open(&envelope)?;
    let environment = deployment.plan.environment.name.clone();
    if deployment.phase != Phase::Planned {
        let phase = deployment.phase.as_str();
        return Err(CommandError::usage_help(
            format!(
                "{environment}#{} does not wait for approvals: it is {phase}",
                deployment.number
            ),
            format!("`belljar approvals show {environment}` shows what waits"),
        ));
    }
    let approver = deployment.plan.approvers.iter().find(|one| one.key == key);
    let approver = approver.ok_or_else(|| unknown_key(&key, &deployment.plan.environment.name))?;
    let event = LedgerEvent::Approval {
        environment: environment.clone(),
        deployment: deployment.number,
        plan: deployment.digest,
        approver: approver.name.clone(),
        envelope,
    };
    let written = book.to_append()?.append(vec![event]).map_err(|fault| {
        // Whoever approves at home has not the key of the ledger, and needs none.
        if fault.code.as_str() == "E0903" {
            fault.help("sign it into a file with `--output FILE`; whoever deploys imports that")
        } else {
            fault
        }
    })?;
    let now_ms = SystemClock::start().now_ms();
    let standing = book.standing(&environment)?;
    let found = standing.deployments.get(&deployment.number).unwrap_or(deployment);
    let tally = rules::approvals(found, now_ms);
    let event = written.last().map(|entry| format!("e{}", entry.seq)).unwrap_or_default();
    if terminal.json {
        terminal.answer_json(&serde_json::json!({
            "schema": "belljar.approval/v1",
            "event": event,
            "counting": tally.counting,
            "needed": tally.needed,
            "refused": tally.refused,
            "rejected": tally.rejected,
        }));
    } else {
        let text = view::tally_text(&format!("{environment}#{}", deployment.number), &tally);
        terminal.remark(&format!("    Written  {event} into the ledger\n{text}"));
    }
    Ok(Exit::Success)
}

fn unknown_key(key: &str, environment: &str) -> CommandError {
    CommandError::usage_help(
        format!("the plan for `{environment}` knows no approver with the key {key}"),
        "approvers are in the pipeline file; one who is added counts for the next plan",
    )
}
