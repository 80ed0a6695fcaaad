//! `belljar plugin diff`: what a plugin can do, and what changed.

use std::path::Path;
use std::sync::Arc;

use belljar_model::{Blame, Fault};
use belljar_pipeline::lock::{Change, LockEntry, Power, compare, judge};
use belljar_report::powers::{self, Sign};
use serde_json::{Value, json};

use super::inspect;
use super::schema_diff;
use super::subject::{self, Subject};
use crate::args::Global;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock;
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

/// Two states of a plugin.
struct Pair {
    /// What they are called: `locked` and `now`, or as they were asked for.
    names: [String; 2],
    before: Option<LockEntry>,
    now: Subject,
    /// How the second stands to the lock file, if the first is what it says.
    comparison: Option<&'static str>,
    /// Changes of the schema of the configuration; `None` if it is not known.
    schema: Option<Vec<String>>,
}

/// What is locked of a plugin of the file, against what is there now.
pub(super) fn since(
    global: &Global,
    plugin: &str,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let is_file = Path::new(plugin).extension().is_some_and(|extension| extension == "wasm");
    let is_name = !plugin.starts_with("builtin:") && !is_file;
    if !is_name {
        return Err(CommandError::usage_help(
            format!("`{plugin}` is no plugin of the pipeline file, so nothing is locked of it"),
            format!(
                "compare it with another one: `belljar plugin diff NAME {plugin}`; or see \
                     what it can do: `belljar plugin inspect {plugin}`"
            ),
        ));
    }
    let mut session = Session::with(global, Project::read(global)?, terminal)?;
    let locked = lock::read(&session.project)?;
    let before = locked.and_then(|mut lock| lock.plugins.remove(plugin));
    let sandbox = session.sandbox();
    let now = subject::of_session(&mut session, plugin)?;
    // What this machine once loaded, it still knows; the bytes are not needed for that.
    let gone = || Err(Fault::new(Blame::Plugin, lock::E0340, "its bytes are not there any more"));
    let old = before.as_ref().filter(|before| before.digest != now.loaded.digest);
    let old = old.and_then(|old| sandbox.load(plugin, old.digest, Arc::new(gone)).ok());
    let same = before.as_ref().is_some_and(|before| before.digest == now.loaded.digest);
    let schema = match old {
        Some(old) => Some(schema_changes(&old.descriptor.config_schema, &now)),
        None => same.then(Vec::new),
    };
    let comparison = judge(before.as_ref(), &now.entry);
    let comparison = Some(lock::comparison_word(&comparison));
    let names = ["locked".to_owned(), "now".to_owned()];
    show(plugin, &Pair { names, before, now, comparison, schema }, terminal);
    Ok(Exit::Success)
}

/// One plugin against another one.
pub(super) fn between(
    global: &Global,
    (one, other): (&str, &str),
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let before = subject::find(global, one, terminal)?;
    let mut now = subject::find(global, other, terminal)?;
    let schema = Some(schema_changes(&before.loaded.descriptor.config_schema, &now));
    let names = [one.to_owned(), other.to_owned()];
    // Where two plugins come from differs always; and what the file grants is no part of them.
    let mut before = before.entry;
    before.source.clone_from(&now.entry.source);
    if before.grants.is_empty() || now.entry.grants.is_empty() {
        before.grants.clear();
        now.entry.grants.clear();
    }
    let pair = Pair { names, before: Some(before), now, comparison: None, schema };
    show(other, &pair, terminal);
    Ok(Exit::Success)
}

fn schema_changes(before: &str, now: &Subject) -> Vec<String> {
    schema_diff::changes(before, &now.loaded.descriptor.config_schema)
}

fn show(plugin: &str, pair: &Pair, terminal: &Terminal) {
    let changes = pair.before.as_ref().map(|before| compare(before, &pair.now.entry));
    if terminal.json {
        terminal.answer_json(&as_json(plugin, pair, changes.as_deref().unwrap_or_default()));
    } else {
        terminal.answer(&as_text(pair, changes.as_deref(), terminal));
    }
}

/// The lines of changes, as they are colored.
pub(super) fn lines(changes: &[Change], terminal: &Terminal) -> String {
    let sign = |change: &Change| match change.power {
        Power::Gains => Sign::Added,
        Power::Loses => Sign::Removed,
        Power::Same => Sign::Other,
    };
    powers::lines(changes.iter().map(|change| (sign(change), change.what.as_str())), &terminal.out)
}

fn as_text(pair: &Pair, changes: Option<&[Change]>, terminal: &Terminal) -> String {
    let style = &terminal.out;
    let [before, now] = &pair.names;
    let mut text = powers::heading(&format!("What changed, from {before} to {now}"), style);
    text += &match changes {
        None => "  nothing is locked yet: all of it is new\n".to_owned(),
        Some([]) => "  nothing\n".to_owned(),
        Some(changes) => lines(changes, terminal),
    };
    match &pair.schema {
        Some(changes) if changes.is_empty() => {}
        Some(changes) => {
            text += "  ~ schema of the configuration\n";
            for change in changes {
                text += &format!("      {change}\n");
            }
        }
        None if pair.before.is_some() => {
            text += "  ~ whether the schema of the configuration changed is not known: this machine never loaded what was locked\n";
        }
        None => {}
    }
    text += "\n";
    text += &powers::heading(&format!("What it can do, {now}"), style);
    text + &belljar_report::sanitize::text(&inspect::as_text(&pair.now))
}

fn as_json(plugin: &str, pair: &Pair, changes: &[Change]) -> Value {
    json!({
        "schema": "belljar.plugin-diff/v1",
        "plugin": plugin,
        "names": pair.names,
        "comparison": pair.comparison,
        "changes": lock::changes_json(changes),
        "config_schema": pair.schema,
        "before": pair.before.as_ref().map(lock::as_json),
        "now": lock::as_json(&pair.now.entry),
    })
}
