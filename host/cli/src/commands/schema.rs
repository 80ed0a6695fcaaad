//! `belljar schema`: a JSON Schema of the pipeline file, for editors.

use anyhow::Context as _;
use belljar_disk::{Mode, Root};

use crate::args::{Global, SchemaArgs};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

pub(super) fn schema(
    global: &Global,
    args: &SchemaArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    // Mistakes in a step's `with` are no reason: the schema is what helps to mend them.
    let session = Session::with(global, Project::read(global)?, terminal)?;
    let schema = belljar_pipeline::json_schema(&session.descriptors());
    let text = serde_json::to_string_pretty(&schema).expect("a JSON value can be written");
    let Some(output) = &args.output else {
        terminal.answer(&text);
        return Ok(Exit::Success);
    };
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = output.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| CommandError::usage("--output needs a file"))?;
    let folder = Root::create(folder.unwrap_or(std::path::Path::new(".")));
    folder
        .and_then(|folder| folder.write_atomic(name, format!("{text}\n").as_bytes(), Mode::Plain))
        .context("the schema cannot be written")?;
    let hint = format!("#:schema {}", output.display());
    terminal.remark(&format!("first line of belljar.toml, for editors: {hint}"));
    Ok(Exit::Success)
}
