//! `belljar graph`: who needs whom.

use belljar_pipeline::render;

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
    let default = if terminal.json { GraphFormat::Json } else { GraphFormat::Text };
    let text = match args.format.unwrap_or(default) {
        GraphFormat::Text => render::text(&plan),
        GraphFormat::Dot => render::dot(&plan),
        GraphFormat::Mermaid => render::mermaid(&plan),
        GraphFormat::Json => render::json(&plan),
    };
    terminal.answer(&text);
    Ok(Exit::Success)
}
