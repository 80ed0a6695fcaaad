//! `belljar check`: all mistakes of the pipeline file at once.

use belljar_model::Diagnostic;
use belljar_model::diagnostic::Level;
use belljar_pipeline::Sources;
use serde_json::{Value, json};

use crate::args::Global;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock;
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

pub(super) fn check(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let mut faults = Vec::new();
    let (found, sources, steps) = match diagnose(global, terminal) {
        Ok(session) => {
            let Session { project: Project { warnings, sources, pipeline, .. }, plugins, .. } =
                session;
            faults = plugins.into_values().filter_map(Result::err).collect();
            (warnings, sources, pipeline.steps.len())
        }
        Err(CommandError::Diagnostics { diagnostics, sources }) => (diagnostics, sources, 0),
        Err(error) => return Err(error),
    };
    let wrong = found.iter().any(|diagnostic| diagnostic.level == Level::Error);
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.check/v1",
            "ok": !wrong && faults.is_empty(),
            "diagnostics": found.iter().map(|one| place(one, &sources)).collect::<Vec<_>>(),
            "faults": faults,
        }));
    } else {
        terminal.diagnostics(&found, &sources);
        if !wrong && faults.is_empty() {
            terminal.answer(&format!("ok: {}", belljar_report::text::count(steps, "step")));
        }
    }
    match faults.is_empty() {
        _ if wrong => Ok(Exit::Usage),
        true => Ok(Exit::Success),
        false if terminal.json => Ok(Exit::of(faults[0].blame)),
        false => Err(CommandError::Faults(faults)),
    }
}

/// Opens everything that a run would open, quietly: the warnings are part of the answer.
fn diagnose(global: &Global, terminal: &Terminal) -> Result<Session, CommandError> {
    let project = Project::read(global)?;
    let mut session = Session::with(global, project, terminal)?;
    lock::hold(&mut session)?;
    session.checked()
}

/// A diagnostic with lines and columns, for programs.
fn place(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut value = serde_json::to_value(diagnostic).expect("a diagnostic is plain values");
    for (label, json) in
        diagnostic.labels.iter().zip(value["labels"].as_array_mut().into_iter().flatten())
    {
        if let Some(text) = sources.text(&label.file) {
            let (line, column) = line_column(text, label.span.start);
            json["line"] = line.into();
            json["column"] = column.into();
        }
    }
    value
}

/// Line and column of a byte offset, both from 1; columns count Unicode scalar values.
fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
