//! What is asked of the database, and what is written into it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use belljar_model::ports::Past;
use belljar_model::{ActionDigest, FamilyDigest, StepName};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::overlay::{Batch, Encoded, StepOf};

/// How many different Traces of a family are kept. The steps of a `for-each` may share one
/// family, so it is more than one step ever needs.
pub(crate) const TRACES: u8 = 64;

/// How many executions of a step are kept.
pub(crate) const PASTS: u8 = 5;

/// The result of an action, as postcard, and when it was last used.
pub(crate) fn result(
    connection: &Connection,
    action: &ActionDigest,
) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT result, last_used FROM actions WHERE action = ?1")?;
    let row = select.query_row([action.as_bytes()], |row| Ok((row.get(0)?, time(row, 1)?)));
    Ok(row.optional()?)
}

/// Shows the Traces of a family, as postcard, to `visit`, most recently used first.
pub(crate) fn traces(
    connection: &Connection,
    family: &FamilyDigest,
    visit: &mut dyn FnMut(ActionDigest, &[u8]) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT action, trace FROM actions WHERE family = ?1 AND trace IS NOT NULL
         ORDER BY last_used DESC LIMIT ?2",
    )?;
    let mut rows = select.query((family.as_bytes(), TRACES))?;
    while let Some(row) = rows.next()? {
        let action = ActionDigest::from_bytes(row.get(0)?);
        let trace = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        if visit(action, trace).is_break() {
            break;
        }
    }
    Ok(())
}

/// The executions of a step, newest first.
pub(crate) fn history(connection: &Connection, step: &StepOf) -> Result<Vec<Past>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT past FROM history WHERE workspace = ?1 AND step = ?2 ORDER BY number DESC",
    )?;
    let rows = select.query_map((&*step.0, step.1.as_str()), |row| row.get::<_, Vec<u8>>(0))?;
    let mut pasts = Vec::new();
    for past in rows {
        pasts.extend(postcard::from_bytes::<Past>(&past?).ok()); // of another format: as if absent
    }
    Ok(pasts)
}

/// The wall time of the latest execution of each step of a workspace.
pub(crate) fn durations(
    connection: &Connection,
    workspace: &str,
) -> Result<BTreeMap<StepName, u64>, StoreError> {
    // With max(), SQLite takes the other columns from the row that has the maximum.
    let mut select = connection.prepare_cached(
        "SELECT step, wall_us, max(number) FROM history WHERE workspace = ?1 GROUP BY step",
    )?;
    let rows = select.query_map([workspace], |row| {
        Ok((StepName::new(row.get_ref(0)?.as_str()?), time(row, 1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a batch in one transaction.
pub(crate) fn write(
    connection: &mut Connection,
    batch: &Batch,
    added_bytes: u64,
) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for record in &batch.records {
        put(&transaction, record)?;
    }
    for (step, past) in &batch.pasts {
        remember(&transaction, step, past)?;
    }
    for (action, at) in &batch.used {
        let mut update =
            transaction.prepare_cached("UPDATE actions SET last_used = ?2 WHERE action = ?1")?;
        update.execute((action.as_bytes(), integer(*at)))?;
    }
    if added_bytes > 0 {
        let mut add = transaction.prepare_cached(
            "INSERT INTO totals VALUES ('blob bytes', ?1)
             ON CONFLICT DO UPDATE SET value = value + excluded.value",
        )?;
        add.execute([integer(added_bytes)])?;
    }
    transaction.commit()?;
    Ok(())
}

fn put(transaction: &Transaction<'_>, record: &Encoded) -> Result<(), StoreError> {
    let Encoded { action, family, result, trace, created } = record;
    let created = integer(*created);
    // An equal Trace would only push out others: the older row keeps it, and counts as used.
    let mut equal = transaction.prepare_cached(
        "UPDATE actions SET last_used = ?4 WHERE family = ?1 AND action <> ?2 AND trace = ?3",
    )?;
    let known = equal.execute((family.as_bytes(), action.as_bytes(), trace, created))? > 0;
    let trace = (!known).then_some(trace);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO actions (action, family, result, trace, created, last_used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (action) DO UPDATE SET family = excluded.family, result = excluded.result,
             trace = excluded.trace, created = excluded.created, last_used = excluded.last_used",
    )?;
    insert.execute((action.as_bytes(), family.as_bytes(), result, trace, created))?;
    // The result stays: the very same action is found by its own key.
    let mut forget = transaction.prepare_cached(
        "UPDATE actions SET trace = NULL WHERE rowid IN (
             SELECT rowid FROM actions WHERE family = ?1 AND trace IS NOT NULL
             ORDER BY last_used DESC, rowid DESC LIMIT -1 OFFSET ?2)",
    )?;
    forget.execute((family.as_bytes(), TRACES))?;
    Ok(())
}

fn remember(transaction: &Transaction<'_>, step: &StepOf, past: &Past) -> Result<(), StoreError> {
    let (workspace, name) = (&*step.0, step.1.as_str());
    let encoded = postcard::to_stdvec(past).expect("a Past has no maps with unknown length");
    let mut insert = transaction.prepare_cached(
        "INSERT INTO history (workspace, step, number, wall_us, past)
         SELECT ?1, ?2, coalesce(max(number), 0) + 1, ?3, ?4
         FROM history WHERE workspace = ?1 AND step = ?2",
    )?;
    insert.execute((workspace, name, integer(past.wall_us), encoded))?;
    let mut forget = transaction.prepare_cached(
        "DELETE FROM history WHERE workspace = ?1 AND step = ?2 AND number <= (
             SELECT max(number) FROM history WHERE workspace = ?1 AND step = ?2) - ?3",
    )?;
    forget.execute((workspace, name, PASTS))?;
    Ok(())
}

/// SQLite's integers have a sign; no time or size of ours reaches the last bit.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The way back from [`integer`].
pub(crate) fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
