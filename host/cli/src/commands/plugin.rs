//! `belljar plugin`: look at plugins.

use std::path::Path;
use std::sync::Arc;

use belljar_model::ports::BlobSource;
use belljar_report::text;
use belljar_sandbox::Loaded;
use serde_json::{Value, json};

use crate::args::{Global, PluginCommand};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::plugins::{Located, locate_builtin, read_component};
use crate::project::Project;
use crate::session::{Session, open_sandbox, open_store};
use crate::terminal::Terminal;

pub(super) fn plugin(
    global: &Global,
    command: &PluginCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let PluginCommand::Inspect { plugin } = command;
    let loaded = find(global, plugin, terminal)?;
    if terminal.json {
        terminal.answer_json(&as_json(&loaded));
    } else {
        terminal.answer(&as_text(&loaded));
    }
    Ok(Exit::Success)
}

/// A `.wasm` file and `builtin:NAME` need no workspace; any other name is one of the file's.
fn find(global: &Global, plugin: &str, terminal: &Terminal) -> Result<Loaded, CommandError> {
    if let Some(builtin) = plugin.strip_prefix("builtin:") {
        return load(global, terminal, plugin, locate_builtin(builtin)?);
    }
    if Path::new(plugin).extension().is_some_and(|extension| extension == "wasm") {
        let start = global.directory.as_deref().unwrap_or(Path::new("."));
        return load(global, terminal, plugin, read_component(&start.join(plugin))?);
    }
    let mut session = Session::with(global, Project::read(global)?, terminal)?;
    let Some(loaded) = session.plugins.remove(plugin) else {
        let names: Vec<_> = session.plugins.keys().map(String::as_str).collect();
        return Err(CommandError::usage_help(
            format!("the pipeline file names no plugin `{plugin}`"),
            format!("it names {}; a file ends in `.wasm`", names.join(", ")),
        ));
    };
    Ok(loaded?)
}

fn load(
    global: &Global,
    terminal: &Terminal,
    name: &str,
    located: Located,
) -> Result<Loaded, CommandError> {
    let store = Arc::new(open_store(global, terminal)?);
    let sandbox = open_sandbox(&store, Arc::clone(&store) as Arc<dyn BlobSource>)?.sandbox;
    Ok(sandbox.load(name, located.digest, Arc::new(move || located.bytes()))?)
}

fn as_text(plugin: &Loaded) -> String {
    let Loaded { digest, descriptor, class, imports, .. } = plugin;
    let mut answer = format!(
        "{}  {}\n  digest   {digest}\n  size     {}\n  class    {class}\n",
        descriptor.label(),
        descriptor.summary,
        text::size(digest.size()),
    );
    answer += "  imports\n";
    for import in imports.iter().filter(|import| !import.ambient) {
        answer += &format!("    {}: {}\n", import.interface, import.functions.join(", "));
    }
    let ambient: Vec<_> = imports.iter().filter(|import| import.ambient).collect();
    if !ambient.is_empty() {
        answer += "  ambient imports, always virtual: they reach only what the step declares\n";
        for import in ambient {
            answer += &format!("    {}: {}\n", import.interface, import.functions.join(", "));
        }
    }
    let tools: Vec<_> = descriptor.tools.iter().map(|tool| tool.name.clone()).collect();
    let asks = [("tools", &tools), ("secrets", &descriptor.secrets), ("hosts", &descriptor.hosts)];
    for (kind, names) in asks {
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        answer += &format!("  asks for {kind}: {names}\n");
    }
    answer
}

fn as_json(plugin: &Loaded) -> Value {
    let Loaded { digest, descriptor, class, imports, .. } = plugin;
    let imports: Vec<_> = imports
        .iter()
        .map(|import| {
            json!({
                "interface": import.interface, "functions": import.functions,
                "ambient": import.ambient,
            })
        })
        .collect();
    json!({
        "schema": "belljar.plugin/v1", "digest": digest, "size": digest.size(), "class": class,
        "imports": imports, "descriptor": descriptor,
    })
}
