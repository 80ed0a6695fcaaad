//! `belljar plugin inspect`: what a plugin is, and what it could do.

use belljar_pipeline::lock::{LockEntry, Named};
use belljar_report::text;
use belljar_sandbox::Loaded;
use serde_json::{Value, json};

use super::subject::{self, Subject};
use crate::args::Global;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::terminal::Terminal;

pub(super) fn inspect(
    global: &Global,
    plugin: &str,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let subject = subject::find(global, plugin, terminal)?;
    if terminal.json {
        terminal.answer_json(&as_json(&subject));
    } else {
        terminal.answer(&as_text(&subject));
    }
    Ok(Exit::Success)
}

/// All that is known of a plugin, as text.
pub(super) fn as_text(subject: &Subject) -> String {
    let Subject { loaded, entry } = subject;
    let Loaded { digest, descriptor, class, imports, .. } = loaded;
    let mut answer = format!(
        "{}  {}\n  source   {}\n  digest   {}\n  sha256   {}\n  size     {}\n  world    {}\n  class    {class}\n",
        descriptor.label(),
        descriptor.summary,
        entry.source,
        digest,
        entry.sha256,
        text::size(digest.size()),
        entry.world,
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
    for kind in ["tools", "secrets", "hosts"] {
        answer += &format!("  asks for {kind}: {}\n", listed(&entry.asks, kind));
    }
    answer + &granted(entry)
}

/// What the file grants, a line for each kind.
pub(super) fn granted(entry: &LockEntry) -> String {
    if entry.grants.is_empty() {
        return "  granted: nothing\n".to_owned();
    }
    let line = |kind: &String| format!("  granted {kind}: {}\n", listed(&entry.grants, kind));
    entry.grants.keys().map(line).collect::<Vec<_>>().concat()
}

fn listed(all: &Named, kind: &str) -> String {
    match all.get(kind) {
        Some(names) if !names.is_empty() => {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        }
        _ => "none".to_owned(),
    }
}

fn as_json(subject: &Subject) -> Value {
    let Subject { loaded, entry } = subject;
    let Loaded { digest, descriptor, class, imports, .. } = loaded;
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
        "schema": "belljar.plugin/v1", "digest": digest, "sha256": entry.sha256,
        "size": digest.size(), "source": entry.source, "world": entry.world, "class": class,
        "imports": imports, "descriptor": descriptor, "grants": entry.grants,
    })
}
