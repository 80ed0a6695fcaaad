//! `belljar verify`: executes steps of a recorded run again, and compares.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use belljar_model::event::{Status, StepReport};
use belljar_model::ports::{Cancel, EventSink};
use belljar_model::trust::Verification;
use belljar_model::{Class, Event, StepName};
use belljar_report::{dispute, verification};
use belljar_runner::{Afterwards, ForceMode, OnDispute, OnFailure, RunOptions};
use serde_json::json;

use crate::args::{Global, VerifyArgs};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::opening::processors;
use crate::recording::{Recorded, Recordings};
use crate::session::{Session, ToolsOf};
use crate::signals;
use crate::terminal::Terminal;

/// What a recording says that can be compared with.
struct Past {
    asked: Vec<String>,
    reports: Vec<StepReport>,
}

pub(super) fn verify(
    global: &Global,
    args: &VerifyArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let share = percent(&args.share)?;
    let session = Session::open(global, terminal)?;
    let recordings = Recordings::open(&session.state)?;
    let run = recordings.find(&args.run)?;
    let past = read(&recordings, &run)?;
    let plan = session.select(&past.asked)?;
    let seed = args.seed.map_or_else(|| run.id.clone(), |seed| seed.to_string());
    let chosen = choose(&past.reports, share, &seed);
    let toolset = session.toolset(ToolsOf::Plan(&plan), terminal)?;
    let cancel = Cancel::new();
    signals::listen(&cancel).context("the signals cannot be listened to")?;
    let options = RunOptions {
        run_id: run.id.clone(),
        asked: past.asked.clone(),
        jobs: args.jobs.unwrap_or_else(processors).max(1),
        on_failure: OnFailure::KeepGoing,
        force: ForceMode::Nothing,
        on_dispute: OnDispute::Tell,
        afterwards: Afterwards::Verify,
        cancel,
        environment: Session::environment(&plan),
        plugins: session.run_plugins(),
        tools: toolset.granted(),
        shortfalls: toolset.shortfalls(),
        settled: None,
    };
    let clock = SystemClock::start();
    let tools = session.tool_runner(toolset, &options);
    let events: Arc<dyn EventSink> = Arc::new(Alarm { told: !terminal.json });
    let secrets = session.secrets();
    let ports = session.ports(&tools, &secrets, &events, &clock);
    let found = belljar_runner::verify(&ports, &plan, &options, &past.reports, &chosen);
    session.finish()?;
    Ok(answer(&run, &found, terminal))
}

fn answer(run: &Recorded, found: &[(StepName, Verification)], terminal: &Terminal) -> Exit {
    let mut tally = verification::Tally::default();
    for (_, verification) in found {
        tally.count(verification);
    }
    if terminal.json {
        let steps = found.iter().map(|(step, found)| json!({ "step": step, "outcome": found }));
        terminal.answer_json(&json!({
            "schema": "belljar.verify/v1", "run": run.id, "same": tally.same,
            "differing": tally.differing, "not_possible": tally.not_possible,
            "steps": steps.collect::<Vec<_>>(),
        }));
    } else {
        let lines = found.iter().filter_map(|(step, found)| verification::lines(step, found));
        let lines = lines.collect::<String>();
        if !lines.is_empty() {
            terminal.remark(&lines);
        }
        let tally = tally.render();
        terminal.answer(if tally.is_empty() { "the run had no step to verify" } else { &tally });
    }
    if tally.differing > 0 { Exit::Run(1) } else { Exit::Success }
}

/// Tells of disputes, as a run does.
struct Alarm {
    told: bool,
}

impl EventSink for Alarm {
    fn emit(&self, event: Event) {
        if let Event::RecordDisputed { step, dispute } = event
            && self.told
        {
            crate::terminal::remark(&dispute::warning(&step, &dispute));
        }
    }
}

fn read(recordings: &Recordings, run: &Recorded) -> Result<Past, CommandError> {
    let mut past = Past { asked: Vec::new(), reports: Vec::new() };
    for event in recordings.read(run)? {
        match event {
            Event::RunStarted { asked, .. } => past.asked = asked,
            Event::StepFinished { report, .. } => past.reports.push(*report),
            _ => {}
        }
    }
    Ok(past)
}

/// Chooses a share of the steps that had a result and no effects, at least one; all others are
/// looked at as well, so that it is said why they are not verified.
fn choose(reports: &[StepReport], share: u64, seed: &str) -> BTreeSet<StepName> {
    let can = |report: &&StepReport| {
        report.class != Class::Effect && matches!(report.status, Status::Passed | Status::Failed)
    };
    let lot = |step: &StepName| *blake3::hash(format!("{seed} {step}").as_bytes()).as_bytes();
    let mut chosen: Vec<_> = reports.iter().filter(can).map(|report| report.step.clone()).collect();
    chosen.sort_by_key(lot);
    let wanted = (chosen.len() as u64 * share).div_ceil(100);
    chosen.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    let others = reports.iter().filter(|report| !can(report));
    chosen.into_iter().chain(others.map(|report| report.step.clone())).collect()
}

/// Reads a percentage, such as `10%`.
fn percent(text: &str) -> Result<u64, CommandError> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<u64>();
    number.ok().filter(|number| (1..=100).contains(number)).ok_or_else(|| {
        CommandError::usage_help(
            format!("`--share {text}` is no percentage"),
            "a whole number from 1% to 100%",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        for (text, expected) in [("10%", Some(10)), ("100", Some(100)), ("1%", Some(1))] {
            assert_eq!(percent(text).ok(), expected, "{text}");
        }
        for bad in ["", "%", "0%", "101%", "1.5%", "-1"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }
}
