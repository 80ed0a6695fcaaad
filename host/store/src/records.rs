//! What is asked of the database, and what is written into it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use belljar_model::ports::Past;
use belljar_model::{ActionDigest, FamilyDigest, StepName, WriterKey};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::overlay::{Batch, Disputed, Encoded, StepOf};
use crate::trust::Judge;

/// How many different Traces of a family are kept. The steps of a `for-each` may share one
/// family, so it is more than one step ever needs.
pub(crate) const TRACES: u8 = 64;

/// How many executions of a step are kept.
pub(crate) const PASTS: u8 = 5;

/// One record, as it is kept.
pub(crate) struct Row {
    pub(crate) action: ActionDigest,
    pub(crate) level: u8,
    pub(crate) writer: WriterKey,
    pub(crate) family: FamilyDigest,
    pub(crate) result: Vec<u8>,
    pub(crate) statement: Vec<u8>,
    pub(crate) mac: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) last_used: u64,
    /// Records of this level and below are not used.
    pub(crate) disputed: Option<u8>,
}

/// Shows the records of an action to `visit`, the highest level first.
pub(crate) fn of_action(
    connection: &Connection,
    action: &ActionDigest,
    visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT level, writer, family, result, statement, mac, signature, last_used,
             (SELECT level FROM disputes WHERE disputes.action = actions.action)
         FROM actions WHERE action = ?1 ORDER BY level DESC",
    )?;
    let mut rows = select.query([action.as_bytes()])?;
    while let Some(row) = rows.next()? {
        // Whoever can write into the file can write anything: what is no record is none.
        let Ok(row) = read(row, *action) else { continue };
        if visit(row).is_break() {
            break;
        }
    }
    Ok(())
}

fn read(row: &rusqlite::Row<'_>, action: ActionDigest) -> rusqlite::Result<Row> {
    Ok(Row {
        action,
        level: row.get(0)?,
        writer: WriterKey::from_bytes(row.get(1)?),
        family: FamilyDigest::from_bytes(row.get(2)?),
        result: row.get(3)?,
        statement: row.get(4)?,
        mac: row.get(5)?,
        signature: row.get(6)?,
        last_used: time(row, 7)?,
        disputed: row.get(8)?,
    })
}

/// A Trace, with what its record says. The result is left out.
pub(crate) struct TraceRow {
    pub(crate) row: Row,
    pub(crate) trace: Vec<u8>,
}

/// Shows the Traces of a family to `visit`, most recently used first.
pub(crate) fn traces(
    connection: &Connection,
    family: &FamilyDigest,
    visit: &mut dyn FnMut(TraceRow) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT action, level, writer, trace, statement, mac, signature, last_used,
             (SELECT level FROM disputes WHERE disputes.action = actions.action)
         FROM actions WHERE family = ?1 AND trace IS NOT NULL ORDER BY last_used DESC",
    )?;
    let mut rows = select.query([family.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let Ok(row) = read_trace(row, *family) else { continue };
        if visit(row).is_break() {
            break;
        }
    }
    Ok(())
}

fn read_trace(row: &rusqlite::Row<'_>, family: FamilyDigest) -> rusqlite::Result<TraceRow> {
    let trace = row.get(3)?;
    let row = Row {
        action: ActionDigest::from_bytes(row.get(0)?),
        level: row.get(1)?,
        writer: WriterKey::from_bytes(row.get(2)?),
        family,
        result: Vec::new(),
        statement: row.get(4)?,
        mac: row.get(5)?,
        signature: row.get(6)?,
        last_used: time(row, 7)?,
        disputed: row.get(8)?,
    };
    Ok(TraceRow { row, trace })
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
    judge: &Judge,
    added_bytes: u64,
) -> Result<(), StoreError> {
    // Before the transaction: nobody waits for the signatures.
    let sign = |record: &Arc<Encoded>| judge.sign(&record.statement);
    let signatures: Vec<_> = batch.records.iter().map(sign).collect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (record, signature) in batch.records.iter().zip(&signatures) {
        put(&transaction, record, signature)?;
    }
    for disputed in &batch.disputes {
        dispute(&transaction, disputed)?;
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

fn put(
    transaction: &Transaction<'_>,
    record: &Encoded,
    signature: &[u8; 64],
) -> Result<(), StoreError> {
    let Encoded { action, family, result, trace, level, writer, statement, mac, created } = record;
    let (level, created) = (level.number(), integer(*created));
    // An equal Trace would only push out others: the older row keeps it, and counts as used.
    // Each writer and level has Traces of its own, so that none pushes out those of another.
    let mut equal = transaction.prepare_cached(
        "UPDATE actions SET last_used = ?4 WHERE family = ?1 AND action <> ?2 AND trace = ?3
             AND level = ?5 AND writer = ?6",
    )?;
    let known = equal.execute((
        family.as_bytes(),
        action.as_bytes(),
        trace,
        created,
        level,
        writer.as_bytes(),
    ))? > 0;
    let trace = (!known).then_some(trace);
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO actions
             (action, level, writer, family, result, trace, statement, mac, signature, last_used)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    insert.execute((
        action.as_bytes(),
        level,
        writer.as_bytes(),
        family.as_bytes(),
        result,
        trace,
        statement,
        mac,
        signature,
        created,
    ))?;
    // The result stays: the very same action is found by its own key.
    let mut forget = transaction.prepare_cached(
        "UPDATE actions SET trace = NULL WHERE rowid IN (
             SELECT rowid FROM actions
             WHERE family = ?1 AND trace IS NOT NULL AND level = ?3 AND writer = ?4
             ORDER BY last_used DESC, rowid DESC LIMIT -1 OFFSET ?2)",
    )?;
    forget.execute((family.as_bytes(), TRACES, level, writer.as_bytes()))?;
    Ok(())
}

fn dispute(transaction: &Transaction<'_>, disputed: &Disputed) -> Result<(), StoreError> {
    let encoded = postcard::to_stdvec(&disputed.dispute).expect("a Dispute knows its lengths");
    let mut insert = transaction.prepare_cached(
        "INSERT INTO disputes (action, level, at, dispute) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (action) DO UPDATE SET level = max(level, excluded.level),
             at = excluded.at, dispute = excluded.dispute",
    )?;
    let action = disputed.dispute.action;
    insert.execute((action.as_bytes(), disputed.level.number(), integer(disputed.at), encoded))?;
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
