//! `belljar ls`: steps, plugins or runs.

use belljar_model::ports::Clock;
use belljar_model::{Event, Fault};
use belljar_report::table::Table;
use belljar_report::text;
use belljar_sandbox::Loaded;
use serde_json::json;

use crate::args::{Global, Listed, LsArgs};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::recording::Recordings;
use crate::session::{STATE, Session};
use crate::terminal::Terminal;

pub(super) fn ls(
    global: &Global,
    args: &LsArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    match args.what {
        Listed::Steps => steps(global, terminal),
        Listed::Plugins => plugins(global, terminal),
        Listed::Runs => runs(global, terminal),
    }
}

fn steps(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let steps = &project.pipeline.steps;
    if terminal.json {
        let steps: Vec<_> = steps
            .iter()
            .map(|step| {
                json!({
                    "name": step.name, "uses": step.uses, "needs": step.needs, "doc": step.doc,
                    "inputs": step.inputs.texts(), "outputs": step.outputs.texts(),
                })
            })
            .collect();
        terminal.answer_json(&json!({ "schema": "belljar.steps/v1", "steps": steps }));
        return Ok(Exit::Success);
    }
    let mut table = Table::new(&["STEP", "USES", "DOC"]);
    for step in steps {
        table.row([step.name.as_str(), &step.uses, &step.doc]);
    }
    terminal.answer(&table.render(&terminal.out));
    Ok(Exit::Success)
}

fn plugins(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let session = Session::open(global, terminal)?;
    if terminal.json {
        let plugin = |(name, plugin): (&String, &Result<Loaded, Fault>)| match plugin {
            Ok(plugin) => json!({
                "name": name, "plugin": plugin.descriptor.label(), "class": plugin.class,
                "digest": plugin.digest, "summary": plugin.descriptor.summary,
            }),
            Err(fault) => json!({ "name": name, "fault": fault }),
        };
        let plugins: Vec<_> = session.plugins.iter().map(plugin).collect();
        terminal.answer_json(&json!({ "schema": "belljar.plugins/v1", "plugins": plugins }));
        return Ok(Exit::Success);
    }
    let mut table = Table::new(&["PLUGIN", "VERSION", "CLASS", "DIGEST", "SUMMARY"]);
    for (name, plugin) in &session.plugins {
        let plugin = match plugin {
            Ok(plugin) => plugin,
            Err(fault) => {
                table.row([name.as_str(), "-", "-", "-", &fault.to_string()]);
                continue;
            }
        };
        let (digest, label) = (plugin.digest.short(), plugin.descriptor.label());
        let class = plugin.class.as_str();
        table.row([name, &label, class, &digest, plugin.descriptor.summary.as_str()]);
    }
    terminal.answer(&table.render(&terminal.out));
    Ok(Exit::Success)
}

/// Lists recordings, newest first; `runs` without an argument does the same.
pub(super) fn runs(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let project = Project::read(global)?;
    let recordings = Recordings::open(&project.root.join(STATE))?;
    let now = SystemClock::start().now_ms();
    let mut table = Table::new(&["RUN", "WHEN", "EXIT", "TIME", "STEPS"]);
    let mut answer = Vec::new();
    for run in recordings.list()? {
        let events = recordings.read_own(&run)?;
        let ended = events.iter().rev().find_map(|event| match event {
            Event::RunFinished { totals, exit_code, wall_us, .. } => {
                Some((*totals, *exit_code, *wall_us))
            }
            _ => None,
        });
        let when = text::ago(run.at, now);
        if let Some((totals, exit_code, wall_us)) = ended {
            let steps = format!(
                "{} ({} cached, {} failed)",
                totals.steps,
                totals.cached,
                totals.failed + totals.errored
            );
            let exit = exit_code.to_string();
            table.row([&run.id, &when, &exit, &text::duration_us(wall_us), &steps]);
        } else {
            table.row([run.id.as_str(), &when, "-", "-", "did not finish"]);
        }
        let (totals, exit_code) = (ended.map(|end| end.0), ended.map(|end| end.1));
        answer.push(json!({
            "run": run.id, "at": run.at, "totals": totals, "exit_code": exit_code,
            "wall_us": ended.map(|end| end.2),
        }));
    }
    if terminal.json {
        terminal.answer_json(&json!({ "schema": "belljar.runs/v1", "runs": answer }));
    } else if answer.is_empty() {
        terminal.remark("nothing was run here yet: belljar run");
    } else {
        terminal.answer(&table.render(&terminal.out));
    }
    Ok(Exit::Success)
}
