//! `belljar plan`: what `run` would do, and why.

use std::sync::Arc;

use belljar_model::ports::{Cancel, EventSink};
use belljar_report::table::Table;
use belljar_runner::{
    Afterwards, ForceMode, OnDispute, OnFailure, Preview, RunOptions, Would, plan_preview,
};
use serde_json::{Value, json};

use crate::args::{Global, PlanArgs};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock;
use crate::session::{Session, ToolsOf};
use crate::stream::Silence;
use crate::terminal::Terminal;

pub(super) fn plan(
    global: &Global,
    args: &PlanArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    lock::settle(&session, lock::Writing::Denied, terminal)?;
    let previews = preview(&session, &args.steps, terminal)?;
    session.finish()?;
    let work = previews
        .iter()
        .filter(|preview| !matches!(preview.would, Would::Hit(_) | Would::Fail(_)))
        .count();
    if terminal.json {
        let steps: Vec<_> =
            previews.iter().map(|preview| as_json(preview, &grants(&session, preview))).collect();
        terminal.answer_json(&json!({ "schema": "belljar.plan/v1", "steps": steps }));
    } else {
        terminal.answer(&table(&session, &previews).render(&terminal.out));
        terminal.remark(&format!(
            "{}: {work} to run, {} cached",
            belljar_report::text::count(previews.len(), "step"),
            previews.len() - work
        ));
    }
    Ok(if args.exit_code && work > 0 { Exit::WorkToDo } else { Exit::Success })
}

/// Looks every asked step up, without executing any.
pub(super) fn preview(
    session: &Session,
    asked: &[String],
    terminal: &Terminal,
) -> Result<Vec<Preview>, CommandError> {
    let plan = session.select(asked)?;
    let toolset = session.toolset(ToolsOf::Plan(&plan), terminal)?;
    let options = RunOptions {
        run_id: String::new(),
        jobs: 1,
        on_failure: OnFailure::KeepGoing,
        force: ForceMode::Nothing,
        on_dispute: OnDispute::Tell,
        afterwards: Afterwards::Nothing,
        cancel: Cancel::new(),
        environment: Session::environment(&plan),
        plugins: session.run_plugins(),
        tools: toolset.granted(),
        shortfalls: toolset.shortfalls(),
        settled: None,
        asked: asked.to_vec(),
    };
    let clock = SystemClock::start();
    let events: Arc<dyn EventSink> = Arc::new(Silence);
    let tools = session.tool_runner(toolset, &options);
    let secrets = session.secrets();
    Ok(plan_preview(&session.ports(&tools, &secrets, &events, &clock), &plan, &options))
}

/// Power is visible before it is used: a column shows the grants, if any step has some.
fn table(session: &Session, previews: &[Preview]) -> Table {
    let granted: Vec<_> =
        previews.iter().map(|preview| grants(session, preview).join(", ")).collect();
    let any = granted.iter().any(|grants| !grants.is_empty());
    let headings: &[&str] =
        if any { &["WOULD", "STEP", "GRANTS", "WHY"] } else { &["WOULD", "STEP", "WHY"] };
    let mut table = Table::new(headings);
    for (preview, grants) in previews.iter().zip(&granted) {
        let (would, why) = words(preview);
        let step = preview.step.as_str();
        if any {
            table.row([would, step, grants, &why]);
        } else {
            table.row([would, step, &why]);
        }
    }
    table
}

/// What a step was granted.
fn grants(session: &Session, preview: &Preview) -> Vec<String> {
    let steps = &session.project.pipeline.steps;
    let step = steps.iter().find(|step| step.name == preview.step);
    step.iter().flat_map(|step| &step.grants).map(|at| at.grant.to_string()).collect()
}

fn words(preview: &Preview) -> (&'static str, String) {
    match &preview.would {
        Would::Hit(_) => ("HIT", String::new()),
        Would::Run(reasons) => {
            let why = reasons.first().map_or_else(String::new, ToString::to_string);
            let more = match reasons.len() {
                0 | 1 => String::new(),
                more => format!(" (and {} more)", more - 1),
            };
            ("RUN", format!("{why}{more}"))
        }
        Would::Fail(_) => {
            ("FAIL", "failed before, and nothing that it read has changed".to_owned())
        }
        Would::Unknown(step) => ("RUN?", format!("depends on what `{step}` makes")),
        Would::Skip(step) => ("SKIP", format!("needs `{step}`, which would not pass")),
        Would::Fault(fault) => ("ERR", fault.to_string()),
    }
}

fn as_json(preview: &Preview, grants: &[String]) -> Value {
    let mut value = match &preview.would {
        Would::Hit(source) => json!({ "step": preview.step, "would": "hit", "source": source }),
        Would::Run(miss) => json!({ "step": preview.step, "would": "run", "miss": miss }),
        Would::Fail(source) => json!({ "step": preview.step, "would": "fail", "source": source }),
        Would::Unknown(step) => {
            json!({ "step": preview.step, "would": "unknown", "waits_for": step })
        }
        Would::Skip(step) => json!({ "step": preview.step, "would": "skip", "skipped_for": step }),
        Would::Fault(fault) => json!({ "step": preview.step, "would": "fault", "fault": fault }),
    };
    value["grants"] = json!(grants);
    value
}
