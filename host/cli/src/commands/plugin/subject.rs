//! The plugin that a command is about: one of the file, one of this program, or a file.

use std::path::Path;
use std::sync::Arc;

use belljar_model::ports::BlobSource;
use belljar_pipeline::lock::{LockEntry, Named};
use belljar_sandbox::Loaded;

use crate::args::Global;
use crate::error::CommandError;
use crate::lock::{self, Known};
use crate::opening::{open_sandbox, open_store};
use crate::plugins::{Located, locate_builtin, read_component};
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

/// A plugin that was loaded, with what is locked of it.
pub(super) struct Subject {
    pub(super) loaded: Loaded,
    pub(super) entry: LockEntry,
}

/// A `.wasm` file and `builtin:NAME` need no workspace; any other name is one of the file's.
pub(super) fn find(
    global: &Global,
    plugin: &str,
    terminal: &Terminal,
) -> Result<Subject, CommandError> {
    if let Some(builtin) = plugin.strip_prefix("builtin:") {
        return load((global, terminal), (plugin, plugin), locate_builtin(builtin)?);
    }
    if Path::new(plugin).extension().is_some_and(|extension| extension == "wasm") {
        let start = global.directory.as_deref().unwrap_or(Path::new("."));
        let located = read_component(&start.join(plugin))?;
        return load((global, terminal), (plugin, &format!("path:{plugin}")), located);
    }
    let mut session = Session::with(global, Project::read(global)?, terminal)?;
    of_session(&mut session, plugin)
}

/// A plugin of the pipeline file, with what the file grants it.
pub(super) fn of_session(session: &mut Session, plugin: &str) -> Result<Subject, CommandError> {
    known(session, plugin)?;
    let lock = lock::read(&session.project)?;
    let entry = lock::entries(session, lock.as_ref(), Known::Nothing).remove(plugin);
    let loaded = session.plugins.remove(plugin).expect("it is one of the file's")?;
    let entry = entry.expect("what was loaded has an entry")?;
    Ok(Subject { loaded, entry })
}

/// Makes sure that the pipeline file names a plugin.
pub(super) fn known(session: &Session, plugin: &str) -> Result<(), CommandError> {
    if session.plugins.contains_key(plugin) {
        return Ok(());
    }
    let names: Vec<_> = session.plugins.keys().map(|name| format!("`{name}`")).collect();
    Err(CommandError::usage_help(
        format!("the pipeline file names no plugin `{plugin}`"),
        format!("it names {}; a file ends in `.wasm`", names.join(", ")),
    ))
}

fn load(
    (global, terminal): (&Global, &Terminal),
    (name, source): (&str, &str),
    located: Located,
) -> Result<Subject, CommandError> {
    let store = Arc::new(open_store(global, terminal)?);
    let sandbox = open_sandbox(&store, Arc::clone(&store) as Arc<dyn BlobSource>, None)?.sandbox;
    let sha256 = lock::sha256_of(&located.bytes()?);
    let loaded = sandbox.load(name, located.digest, Arc::new(move || located.bytes()))?;
    let entry = LockEntry { sha256, ..lock::entry(source, &loaded, Named::new()) };
    Ok(Subject { loaded, entry })
}
