//! `belljar graph`: who needs whom.

use belljar_pipeline::{StepGraph, render};

use crate::args::{Global, GraphArgs, GraphFormat};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::terminal::Terminal;

pub(super) fn graph(
    global: &Global,
    args: &GraphArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let plan = project.select(&args.steps)?;
    let graph = StepGraph::from(&plan);
    let default = if terminal.json { GraphFormat::Json } else { GraphFormat::Text };
    let text = match args.format.unwrap_or(default) {
        GraphFormat::Text => render::text(&graph),
        GraphFormat::Dot => render::dot(&graph),
        GraphFormat::Mermaid => render::mermaid(&graph),
        GraphFormat::Json => render::json(&graph),
    };
    terminal.answer(&text);
    Ok(Exit::Success)
}
