//! `belljar cache`: look at the local store, bound it, verify it.

use belljar_model::ports::Clock as _;
use belljar_report::text;
use belljar_store::{Sweep, VerifyReport};
use serde_json::json;

use super::cache_trust;
use crate::args::{CacheCommand, Global};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::opening::open_store;
use crate::terminal::Terminal;

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
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.cache-stat/v1", "place": place, "blobs": stat.blobs,
            "blob_bytes": stat.blob_bytes, "records": stat.records, "steps": stat.steps,
            "database_bytes": stat.database_bytes, "compiled_plugins": stat.compiled_plugins,
            "compiled_bytes": stat.compiled_bytes, "quarantined": stat.quarantined,
            "oldest_use": stat.oldest_use, "writers": writers, "disputes": disputes,
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
         database  {}\n\
         plugins   {} compiled, {}\n\
         damaged   {} in quarantine\n\
         disputed  {}\n\
         {whose}",
        text::size(stat.blob_bytes),
        text::count(number(stat.blobs), "file"),
        text::grouped(stat.records),
        text::count(number(stat.steps), "step"),
        text::size(stat.database_bytes),
        stat.compiled_plugins,
        text::size(stat.compiled_bytes),
        stat.quarantined,
        text::count(disputes, "action"),
    ));
    Ok(Exit::Success)
}

fn gc(global: &Global, max: u64, sweep: Sweep, terminal: &Terminal) -> Result<Exit, CommandError> {
    let report = open_store(global, terminal)?.gc(max, sweep)?;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.cache-gc/v1", "max_bytes": max,
            "removed_actions": report.records_deleted, "kept_actions": report.records_kept,
            "removed_blobs": report.blobs_deleted, "kept_blobs": report.blobs_kept,
            "removed_bytes": report.bytes_deleted, "kept_bytes": report.bytes_kept, "pinned_bytes": report.bytes_pinned,
        }));
    } else {
        let verb = if sweep == Sweep::DryRun { "would remove" } else { "removed" };
        terminal.answer(&format!(
            "{verb} {} and {} ({}); {} stay ({})",
            text::count(number(report.records_deleted), "result"),
            text::count(number(report.blobs_deleted), "blob"),
            text::size(report.bytes_deleted),
            text::count(number(report.records_kept), "result"),
            text::size(report.bytes_kept),
        ));
    }
    Ok(Exit::Success)
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
