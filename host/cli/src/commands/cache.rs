//! `belljar cache`: look at the local store, bound it, verify it.

use belljar_disk::{Bound, Swept};
use belljar_model::ports::Clock as _;
use belljar_report::text;
use belljar_store::{Bounds, Sweep, VerifyReport};
use serde_json::json;

use super::cache_trust;
use crate::args::{CacheCommand, Global};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::opening::open_store;
use crate::terminal::Terminal;
use crate::upkeep::{self, Tidied};

pub(super) fn cache(
    global: &Global,
    command: &CacheCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    match command {
        CacheCommand::Stat => stat(global, terminal),
        CacheCommand::Gc { max_size, dry_run } => {
            let max = belljar_pipeline::parse_size(max_size).ok_or_else(|| {
                CommandError::usage_help(
                    format!("`{max_size}` is not a size"),
                    "a number and a unit, such as 500MiB or 10GiB",
                )
            })?;
            gc(global, max, if *dry_run { Sweep::DryRun } else { Sweep::Delete }, terminal)
        }
        CacheCommand::Verify => verify(global, terminal),
        CacheCommand::Disputes => cache_trust::disputes(global, terminal),
        CacheCommand::Settle { action } => cache_trust::settle(global, action, terminal),
        CacheCommand::Trust(command) => cache_trust::trust(command, terminal),
    }
}

fn stat(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let store = open_store(global, terminal)?;
    let stat = store.stat()?;
    let place = store.path().display().to_string();
    let (writers, disputes) = (store.writers()?, store.disputes()?.len());
    let (states, runs) = upkeep::count_tools(&store)?;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.cache-stat/v1", "place": place, "blobs": stat.blobs,
            "blob_bytes": stat.blob_bytes, "records": stat.records, "steps": stat.steps,
            "database_bytes": stat.database_bytes, "compiled_plugins": stat.compiled_plugins,
            "compiled_bytes": stat.compiled_bytes, "quarantined": stat.quarantined,
            "quarantined_bytes": stat.quarantined_bytes, "notes": stat.notes,
            "note_bytes": stat.note_bytes, "workspaces": stat.workspaces,
            "history_bytes": stat.history_bytes, "tool_states": states.kept,
            "tool_state_bytes": states.kept_bytes, "tool_runs": runs.kept,
            "tool_run_bytes": runs.kept_bytes, "oldest_use": stat.oldest_use, "writers": writers, "disputes": disputes,
        }));
        return Ok(Exit::Success);
    }
    let now = SystemClock::start().now_ms();
    let oldest = stat.oldest_use.map_or_else(|| "never".to_owned(), |at| text::ago(at, now));
    let whose = cache_trust::whose(&writers, store.trust());
    terminal.answer(&format!(
        "store     {place}\n\
         blobs     {} in {}\n\
         results   {} of {}, the oldest used {oldest}\n\
         database  {}, {} of it history of {}\n\
         plugins   {} of machine code in {}\n\
         state     {} that tools keep for {}\n\
         runs      {} in {} of tools\n\
         notes     {} in {} about runs\n\
         damaged   {} in {} in quarantine\n\
         disputed  {}\n\
         {whose}",
        text::size(stat.blob_bytes),
        text::count(number(stat.blobs), "file"),
        text::grouped(stat.records),
        text::count(number(stat.steps), "step"),
        text::size(stat.database_bytes),
        text::size(stat.history_bytes),
        text::count(number(stat.workspaces), "workspace"),
        text::size(stat.compiled_bytes),
        text::count(number(stat.compiled_plugins), "file"),
        text::size(states.kept_bytes),
        text::count(number(states.kept), "workspace"),
        text::size(runs.kept_bytes),
        text::count(number(runs.kept), "folder"),
        text::size(stat.note_bytes),
        text::count(number(stat.notes), "file"),
        text::size(stat.quarantined_bytes),
        text::count(number(stat.quarantined), "file"),
        text::count(disputes, "action"),
    ));
    Ok(Exit::Success)
}

fn gc(global: &Global, max: u64, sweep: Sweep, terminal: &Terminal) -> Result<Exit, CommandError> {
    let store = open_store(global, terminal)?;
    // Whoever asks for it has looked at what was damaged.
    let quarantine = Bound { age_ms: 0, bytes: 0 };
    let tidied = upkeep::sweep(&store, Bounds { quarantine, ..Bounds::default() }, (max, sweep))?;
    let report = store.gc(max, sweep)?;
    if terminal.json {
        let other = beside(&tidied).map(|(key, _, swept)| (key.to_owned(), in_json(swept)));
        terminal.answer_json(&json!({
            "schema": "belljar.cache-gc/v1", "max_bytes": max,
            "removed_actions": report.records_deleted, "kept_actions": report.records_kept,
            "removed_blobs": report.blobs_deleted, "kept_blobs": report.blobs_kept,
            "removed_bytes": report.bytes_deleted, "kept_bytes": report.bytes_kept,
            "pinned_bytes": report.bytes_pinned,
            "other": serde_json::Map::from_iter(other),
        }));
    } else {
        let verb = if sweep == Sweep::DryRun { "would remove" } else { "removed" };
        let mut answer = format!(
            "{verb} {} and {} ({}); {} stay ({})",
            text::count(number(report.records_deleted), "result"),
            text::count(number(report.blobs_deleted), "blob"),
            text::size(report.bytes_deleted),
            text::count(number(report.records_kept), "result"),
            text::size(report.bytes_kept),
        );
        for (_, what, swept) in beside(&tidied).into_iter().filter(|one| one.2.removed > 0) {
            let (count, size) = (number(swept.removed), text::size(swept.removed_bytes));
            answer += &format!("\n{verb} {} ({size})", text::count(count, what));
        }
        terminal.answer(&answer);
    }
    Ok(Exit::Success)
}

/// What lies beside blobs and records: in JSON, and as one of it is called.
const fn beside(tidied: &Tidied) -> [(&'static str, &'static str, Swept); 5] {
    [
        ("compiled", "machine code file", tidied.compiled),
        ("quarantined", "damaged file", tidied.quarantined),
        ("histories", "workspace history", tidied.workspaces),
        ("tool_states", "tool state folder", tidied.states),
        ("tool_runs", "tool run folder", tidied.runs),
    ]
}

fn in_json(swept: Swept) -> serde_json::Value {
    let Swept { removed, removed_bytes, kept, kept_bytes } = swept;
    json!({
        "removed": removed, "removed_bytes": removed_bytes,
        "kept": kept, "kept_bytes": kept_bytes,
    })
}

fn verify(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let report = open_store(global, terminal)?.verify()?;
    let VerifyReport { blobs, bytes, damaged, records, incomplete, unreadable, database } = &report;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.cache-verify/v1", "clean": report.is_clean(), "blobs": blobs,
            "bytes": bytes, "damaged": damaged, "records": records, "incomplete": incomplete,
            "unreadable": unreadable, "database": database,
        }));
    } else {
        let mut answer = format!(
            "read {} in {} and {}: {}\n",
            text::size(*bytes),
            text::count(number(*blobs), "blob"),
            text::count(number(*records), "record"),
            if report.is_clean() { "all as recorded" } else { "not all is as recorded" },
        );
        for name in damaged {
            answer += &format!("  damaged blob {name}: moved to quarantine, rebuilt when needed\n");
        }
        for action in incomplete {
            answer += &format!("  result {} lost an output: rebuilt when needed\n", action.short());
        }
        for action in unreadable {
            answer += &format!("  result {} cannot be read: rebuilt when needed\n", action.short());
        }
        for problem in database {
            answer += &format!("  database: {problem}\n");
        }
        terminal.answer(&answer);
    }
    Ok(if report.is_clean() { Exit::Success } else { Exit::Infrastructure })
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
