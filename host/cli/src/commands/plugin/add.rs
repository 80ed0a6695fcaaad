//! `belljar plugin add`: one more plugin in the pipeline file, shown before it is written.

use std::path::Path;
use std::sync::Arc;

use belljar_disk::{Mode, Root};
use belljar_model::WorkspacePath;
use belljar_model::diagnostic::Level;
use belljar_pipeline::lock::{self as pure, InsertError, LockFile};
use serde_json::json;

use super::{inspect, subject};
use crate::args::Global;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::files::{Instead, WorkspaceFiles};
use crate::lock;
use crate::plugins::builtins;
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

pub(super) fn add(
    global: &Global,
    (name, source): (&str, &str),
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::read(global)?;
    let locked = lock::read(&project)?;
    let source = source_in(&project, global, source)?;
    if !project.pipeline.plugins.contains_key(name) {
        // A name that is read as another one would be used for it.
        let own = source.strip_prefix("builtin:");
        let mut names: Vec<&str> = project.pipeline.plugins.keys().map(String::as_str).collect();
        for builtin in builtins() {
            if Some(builtin) != own {
                names.push(builtin);
            }
        }
        if let Some(other) = pure::look_alike(name, names) {
            return Err(lock::look_alike(name, other).into());
        }
    }
    let text = project.sources.text(&project.file).unwrap_or_default();
    let text = pure::insert_plugin(text, name, &source).map_err(|error| match error {
        InsertError::Taken(name) => lock::taken(&name),
        InsertError::Layout => lock::no_line(&project.file, &pure::plugin_line(name, &source)),
    })?;
    let (root, file) = (project.root.clone(), project.file.clone());
    let mut session = Session::with(global, with_text(project, &text)?, terminal)?;
    let subject = subject::of_session(&mut session, name)?;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.plugin-add/v1", "plugin": name, "entry": lock::as_json(&subject.entry),
        }));
    } else {
        terminal.answer(&belljar_report::sanitize::text(&inspect::as_text(&subject)));
    }
    let folder = Root::open(&root).map_err(|error| CommandError::Other(error.into()))?;
    let written = folder.write_atomic(&file, text.as_bytes(), Mode::Plain);
    written.map_err(|error| CommandError::Other(error.into()))?;
    let mut after = locked.unwrap_or_else(LockFile::default);
    after.plugins.insert(name.to_owned(), subject.entry);
    lock::write(&session.project, &after)?;
    let lock_file = lock::file_name(&session.project);
    terminal.remark(&format!("       Added plugin `{name}` to {file} and {lock_file}"));
    Ok(Exit::Success)
}

/// A source as the pipeline file says it: `builtin:NAME`, or a path below the workspace root.
fn source_in(project: &Project, global: &Global, source: &str) -> Result<String, CommandError> {
    if source.starts_with("builtin:") {
        return Ok(source.to_owned());
    }
    let start = global.directory.as_deref().unwrap_or(Path::new("."));
    let usage = |why: String| CommandError::usage_help(why, "a plugin lies in the workspace");
    let place = start.join(source);
    let place =
        place.canonicalize().map_err(|error| usage(format!("`{}`: {error}", place.display())))?;
    let below = place.strip_prefix(&project.root).ok().and_then(Path::to_str);
    let below = below.and_then(|below| WorkspacePath::parse(below).ok());
    let below = below.ok_or_else(|| usage(format!("`{source}` is not in the workspace")))?;
    Ok(below.as_str().to_owned())
}

/// The project as it is with another text of its pipeline file.
fn with_text(project: Project, text: &str) -> Result<Project, CommandError> {
    let files = Instead {
        files: WorkspaceFiles::open(&project.root)?,
        file: project.file.clone(),
        text: text.to_owned(),
    };
    let mut sources = project.sources;
    sources.insert(Arc::from(project.file.as_str()), Arc::from(text));
    let parsed = belljar_pipeline::parse(&project.file, &files);
    let wrong = parsed.diagnostics.iter().any(|found| found.level != Level::Warning);
    match parsed.pipeline {
        Some(pipeline) if !wrong => {
            Ok(Project { pipeline, sources, warnings: Vec::new(), ..project })
        }
        _ => Err(CommandError::Diagnostics { diagnostics: parsed.diagnostics, sources }),
    }
}
