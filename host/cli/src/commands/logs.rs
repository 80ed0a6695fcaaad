//! `belljar logs`: the log and the findings of a step.

use std::collections::BTreeMap;

use belljar_model::event::{LogLine, StepReport};
use belljar_model::ports::BlobSource;
use belljar_model::{Event, Finding, StepName};
use belljar_report::finding::{self, Cap};
use serde_json::json;

use crate::args::{Global, LogsArgs};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::opening::open_store;
use crate::project::Project;
use crate::recording::Recordings;
use crate::session::STATE;
use crate::terminal::Terminal;

pub(super) fn logs(
    global: &Global,
    args: &LogsArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::read(global)?;
    let recordings = Recordings::open(&project.root.join(STATE))?;
    let run = recordings.find(&args.run)?;
    let events = recordings.read(&run)?;
    let Some((report, findings)) = of_step(&events, &args.step) else {
        let steps: Vec<_> = reports(&events).map(|report| report.step.to_string()).collect();
        return Err(CommandError::usage_help(
            format!("run {} has no finished step `{}`", run.id, args.step),
            format!("it has {}", steps.join(", ")),
        ));
    };
    let lines = lines(global, terminal, report, &events)?;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.logs/v1", "run": run.id, "step": report.step,
            "lines": lines, "findings": findings, "report": report,
        }));
        return Ok(Exit::Success);
    }
    for line in &lines {
        terminal
            .answer(&terminal.out.finish(belljar_report::sanitize::line(&line.text).into_owned()));
    }
    if !findings.is_empty() {
        let source = crate::shown::source(&project.root)?;
        let cap = Cap { shown: usize::MAX, all: "" };
        terminal.answer(&finding::render(&findings, &source, &cap, &terminal.out));
    }
    if let Some(fault) = &report.fault {
        let step = Some(report.step.as_str());
        terminal.answer(&belljar_report::fault::render_fault(step, fault, &terminal.out));
    }
    if lines.is_empty() && findings.is_empty() && report.fault.is_none() {
        terminal.remark(&format!("`{}` wrote nothing and found nothing", report.step));
    }
    Ok(Exit::Success)
}

fn reports(events: &[Event]) -> impl Iterator<Item = &StepReport> {
    events.iter().filter_map(|event| match event {
        Event::StepFinished { report, .. } => Some(&**report),
        _ => None,
    })
}

fn of_step<'a>(events: &'a [Event], name: &str) -> Option<(&'a StepReport, Vec<Finding>)> {
    let report = reports(events).find(|report| report.step.as_str() == name)?;
    let finding = |event: &'a Event| match event {
        Event::StepFinding { step, finding } if step.as_str() == name => Some(finding.clone()),
        _ => None,
    };
    Some((report, events.iter().filter_map(finding).collect()))
}

/// The whole log from the store; if it is not there any more, what the recording has.
fn lines(
    global: &Global,
    terminal: &Terminal,
    report: &StepReport,
    events: &[Event],
) -> Result<Vec<LogLine>, CommandError> {
    if let Some(digest) = &report.log
        && let Some(blob) = open_store(global, terminal)?.get(digest)?
    {
        let text = String::from_utf8_lossy(&blob);
        return Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect());
    }
    let mut by_step: BTreeMap<&StepName, Vec<LogLine>> = BTreeMap::new();
    for event in events {
        if let Event::StepLog { step, line } = event {
            by_step.entry(step).or_default().push(line.clone());
        }
    }
    Ok(by_step.remove(&report.step).unwrap_or_default())
}
