//! `belljar plugin update`: write down what plugins are now, and accept more power.

use std::collections::BTreeMap;

use belljar_pipeline::lock::{Comparison, LockFile, judge};
use serde_json::{Value, json};

use super::{diff, subject};
use crate::args::{Global, UpdateArgs};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock::{self, Known};
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

pub(super) fn update(
    global: &Global,
    args: &UpdateArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::with(global, Project::open(global, terminal)?, terminal)?;
    for name in &args.plugins {
        subject::known(&session, name)?;
    }
    let before = lock::read(&session.project)?;
    let (mut after, mut refused) = (LockFile::default(), Vec::new());
    let mut comparisons = BTreeMap::new();
    let mut entries = lock::entries(&session, before.as_ref(), Known::Nothing);
    for name in session.project.pipeline.plugins.keys() {
        let old = before.as_ref().and_then(|lock| lock.plugins.get(name));
        let asked = args.plugins.is_empty() || args.plugins.contains(name);
        let now = match entries.remove(name) {
            Some(Ok(now)) if asked => now,
            Some(Err(fault)) if asked => {
                refused.push(fault);
                continue;
            }
            _ => {
                if let (true, Some(Err(fault))) = (asked, session.plugins.get(name)) {
                    refused.push(fault.clone());
                }
                after.plugins.extend(old.map(|old| (name.clone(), old.clone())));
                continue;
            }
        };
        let comparison = judge(old, &now);
        match (&comparison, old) {
            (Comparison::Gained(_), Some(old)) if !args.accept => {
                refused.extend(lock::fault_of(name, Some(old), &now, &comparison));
                after.plugins.insert(name.clone(), old.clone());
            }
            (Comparison::Unchanged, Some(old)) => {
                after.plugins.insert(name.clone(), old.clone());
            }
            _ => {
                after.plugins.insert(name.clone(), now.clone());
            }
        }
        comparisons.insert(name.clone(), (lock::powers(&now), comparison));
    }
    let written = if before.as_ref() == Some(&after) { Written::Before } else { Written::Now };
    if written == Written::Now {
        lock::write(&session.project, &after)?;
    }
    answer(&session.project, &comparisons, written, terminal);
    if refused.is_empty() { Ok(Exit::Success) } else { Err(CommandError::Faults(refused)) }
}

/// Whether the lock file had to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It had.
    Now,
    /// It says so already.
    Before,
}

fn answer(
    project: &Project,
    comparisons: &BTreeMap<String, (String, Comparison)>,
    written: Written,
    terminal: &Terminal,
) {
    let file = lock::file_name(project);
    if terminal.json {
        let one = |(name, (_, comparison)): (&String, &(String, Comparison))| -> Value {
            let changes = match comparison {
                Comparison::New | Comparison::Unchanged => &[],
                Comparison::Moved(changes)
                | Comparison::Gained(changes)
                | Comparison::Swapped(changes) => changes.as_slice(),
            };
            json!({
                "plugin": name, "comparison": lock::comparison_word(comparison),
                "changes": lock::changes_json(changes),
            })
        };
        terminal.answer_json(&json!({
            "schema": "belljar.plugin-update/v1", "file": file, "written": written == Written::Now,
            "plugins": comparisons.iter().map(one).collect::<Vec<_>>(),
        }));
        return;
    }
    let mut text = String::new();
    for (name, (powers, comparison)) in comparisons {
        match comparison {
            Comparison::New => text += &format!("{name}: new: {powers}\n"),
            Comparison::Unchanged => text += &format!("{name}: unchanged\n"),
            Comparison::Moved(changes)
            | Comparison::Gained(changes)
            | Comparison::Swapped(changes) => {
                text += &format!("{name}:\n{}", diff::lines(changes, terminal));
            }
        }
    }
    terminal.answer(&text);
    if written == Written::Now {
        terminal.remark(&format!("       Wrote {file}"));
    }
}
