//! Disputes: which actions had two results, and whose records are in the store.

use belljar_model::{ActionDigest, Dispute, Fault, TrustLevel, WriterKey};
use rusqlite::TransactionBehavior;
use serde::Serialize;

use crate::error::StoreError;
use crate::notes;
use crate::records::time;
use crate::store::Store;

/// A Dispute, and when it was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DisputeAt {
    /// Who said what.
    pub dispute: Dispute,
    /// Records of this level and below are not used.
    pub level: TrustLevel,
    /// When it was found, in milliseconds since 1970-01-01 UTC.
    pub at: u64,
}

/// How many records of one writer and level there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct WriterCount {
    /// The level that the records claim.
    pub level: TrustLevel,
    /// The writer that they name.
    pub writer: WriterKey,
    /// How many there are.
    pub records: u64,
}

impl Store {
    /// The disputes that nobody has settled, the latest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn disputes(&self) -> Result<Vec<DisputeAt>, Fault> {
        self.flush()?;
        let disputes = self.shared.database.with(|connection| {
            let mut select = connection
                .prepare("SELECT level, at, dispute FROM disputes ORDER BY at DESC, action")?;
            let rows = select.query_map([], |row| {
                Ok((row.get::<_, u8>(0)?, time(row, 1)?, row.get::<_, Vec<u8>>(2)?))
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        let read = |(level, at, bytes): (u8, u64, Vec<u8>)| {
            let dispute = postcard::from_bytes(&bytes).ok()?; // of another format: as if absent
            Some(DisputeAt { dispute, level: TrustLevel::of_number(level)?, at })
        };
        Ok(disputes.into_iter().filter_map(read).collect())
    }

    /// Ends a dispute: all records of the Action are forgotten, so that its next execution is
    /// the first. Returns whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&self, action: &ActionDigest) -> Result<bool, Fault> {
        self.flush()?;
        let settled = self.shared.database.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let ended = "DELETE FROM disputes WHERE action = ?1";
            let ended = transaction.execute(ended, [action.as_bytes()])?;
            if ended > 0 {
                let forget = "DELETE FROM actions WHERE action = ?1";
                transaction.execute(forget, [action.as_bytes()])?;
            }
            transaction.commit()?;
            Ok(ended > 0)
        })?;
        self.shared.touch(|overlay| overlay.settle(action));
        notes::forget(&self.root).map_err(StoreError::Disk)?;
        Ok(settled)
    }

    /// Whose records are in the store, as far as they say so themselves, the highest level first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn writers(&self) -> Result<Vec<WriterCount>, Fault> {
        self.flush()?;
        let counts = self.shared.database.with(|connection| {
            let mut select = connection.prepare(
                "SELECT level, writer, count(*) FROM actions GROUP BY level, writer
                 ORDER BY level DESC, count(*) DESC, writer",
            )?;
            let rows = select.query_map([], |row| {
                Ok(count(row).ok().flatten()) // what is no record is none
            })?;
            Ok::<_, StoreError>(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        Ok(counts.into_iter().flatten().collect())
    }
}

fn count(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<WriterCount>> {
    let (writer, records) = (WriterKey::from_bytes(row.get(1)?), time(row, 2)?);
    let level = TrustLevel::of_number(row.get(0)?);
    Ok(level.map(|level| WriterCount { level, writer, records }))
}
