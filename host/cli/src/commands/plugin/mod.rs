//! `belljar plugin`: look at plugins, add them, and accept what they became.

mod add;
mod diff;
mod inspect;
mod schema_diff;
mod subject;
mod update;

use crate::args::{Global, PluginCommand};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::terminal::Terminal;

pub(super) fn plugin(
    global: &Global,
    command: &PluginCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    match command {
        PluginCommand::Inspect { plugin } => inspect::inspect(global, plugin, terminal),
        PluginCommand::Diff { plugin, other: None } => diff::since(global, plugin, terminal),
        PluginCommand::Diff { plugin, other: Some(other) } => {
            diff::between(global, (plugin, other), terminal)
        }
        PluginCommand::Add { name, source } => add::add(global, (name, source), terminal),
        PluginCommand::Update(args) => update::update(global, args, terminal),
    }
}
