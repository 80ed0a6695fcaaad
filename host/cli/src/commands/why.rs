//! `belljar why`: why a step would run now, and why it ran the last time.

use belljar_model::event::{Source, StepReport};
use belljar_model::ports::{ActionCache as _, Clock};
use belljar_model::{Event, MissReason, StepName};
use belljar_report::why::{self, Earlier, Why};
use belljar_report::{text, tool_runs};
use belljar_runner::{Preview, Would};
use serde_json::json;

use crate::args::{Global, WhyArgs};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::recording::{Recorded, Recordings};
use crate::session::Session;
use crate::terminal::Terminal;

/// How many recordings are searched for the last execution of a step.
const SEARCHED: usize = 50;

/// What the two explanations of one step are made of.
struct Explained {
    step: StepName,
    plugin: String,
    now: Option<Source>,
    reasons: Vec<MissReason>,
    note: Option<String>,
    earlier: Option<(String, String)>,
    last: Option<(Recorded, Box<StepReport>)>,
}

pub(super) fn why(
    global: &Global,
    args: &WhyArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    let asked = [args.step.clone()];
    let chosen = session.project.select_only(&asked)?;
    let previews = super::plan::preview(&session, &asked, terminal)?;
    session.finish()?;
    let recordings = Recordings::open(&session.state)?;
    let now = SystemClock::start().now_ms();
    let mut answers = Vec::new();
    for step in &chosen.steps {
        let preview = previews.iter().find(|preview| preview.step == step.name);
        let preview = preview.expect("the plan holds every step that was asked for");
        let explained = explain(&session, &recordings, preview, now)?;
        if terminal.json {
            answers.push(as_json(&explained));
        } else {
            terminal.answer(&as_text(&explained, now, terminal));
        }
    }
    if terminal.json {
        terminal.answer_json(&json!({ "schema": "belljar.why/v1", "steps": answers }));
    }
    Ok(Exit::Success)
}

fn explain(
    session: &Session,
    recordings: &Recordings,
    preview: &Preview,
    now: u64,
) -> Result<Explained, CommandError> {
    let (source, reasons, note) = match &preview.would {
        Would::Hit(source) | Would::Fail(source) => (Some(*source), Vec::new(), None),
        Would::Run(reasons) => (None, reasons.clone(), None),
        Would::Unknown(step) => (None, Vec::new(), Some(format!("depends on what `{step}` makes"))),
        Would::Skip(step) => (None, Vec::new(), Some(format!("needs `{step}`, which would fail"))),
        Would::Fault(fault) => (None, Vec::new(), Some(fault.to_string())),
    };
    let past = session.cache.history(&preview.step)?.into_iter().next();
    let earlier = past.map(|past| (past.run, text::ago(past.at, now)));
    Ok(Explained {
        step: preview.step.clone(),
        plugin: session.label_of(&preview.step),
        now: source,
        reasons,
        note,
        earlier,
        last: last_execution(recordings, &preview.step)?,
    })
}

fn next(explained: &Explained) -> Why<'_> {
    let earlier = explained.earlier.as_ref();
    Why {
        step: explained.step.as_str(),
        plugin: &explained.plugin,
        run: None,
        source: explained.now,
        earlier: earlier.map(|(run, when)| Earlier { run, when }),
        reasons: &explained.reasons,
    }
}

fn last<'a>(run: &'a Recorded, report: &'a StepReport) -> Why<'a> {
    Why {
        step: report.step.as_str(),
        plugin: &report.plugin,
        run: Some(&run.id),
        source: report.source,
        earlier: None,
        reasons: &report.miss,
    }
}

fn as_text(explained: &Explained, now: u64, terminal: &Terminal) -> String {
    let mut answer = match &explained.note {
        Some(note) => format!("{}: {note}\n", explained.step),
        None => why::render(&next(explained), &terminal.out),
    };
    if let Some((run, report)) = &explained.last {
        answer += &format!("\nlast executed {}:\n", text::ago(run.at, now));
        answer += &why::render(&last(run, report), &terminal.out);
        answer += &tool_runs::render(report, &terminal.out);
    }
    answer
}

fn as_json(explained: &Explained) -> serde_json::Value {
    let last = explained.last.as_ref().map(|(run, report)| {
        let mut value = why::json(&last(run, report));
        value["isolation"] = json!(report.isolation);
        value["tools"] = json!(report.tools);
        value
    });
    json!({ "next": why::json(&next(explained)), "note": explained.note, "last": last })
}

/// Finds the newest recorded run that executed the step.
fn last_execution(
    recordings: &Recordings,
    name: &StepName,
) -> Result<Option<(Recorded, Box<StepReport>)>, CommandError> {
    for run in recordings.list()?.into_iter().take(SEARCHED) {
        let executed = |event: Event| match event {
            Event::StepFinished { report, .. } if report.step == *name && report.attempts > 0 => {
                Some(report)
            }
            _ => None,
        };
        // What it left out it did not execute.
        if let Some(report) = recordings.read_own(&run)?.into_iter().find_map(executed) {
            return Ok(Some((run, report)));
        }
    }
    Ok(None)
}
