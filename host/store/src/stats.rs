//! What is in a store, in numbers.

use belljar_model::{Digest, Fault};
use serde::Serialize;

use crate::error::StoreError;
use crate::layout;
use crate::records::time;
use crate::store::Store;

/// Counts and sizes. Sizes are in bytes, times in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct StatReport {
    /// Blobs.
    pub blobs: u64,
    /// What the blobs take.
    pub blob_bytes: u64,
    /// Records of actions.
    pub records: u64,
    /// Steps whose history is known, over all workspaces.
    pub steps: u64,
    /// What records and history take.
    pub database_bytes: u64,
    /// Compiled plugins.
    pub compiled_plugins: u64,
    /// What the compiled plugins take.
    pub compiled_bytes: u64,
    /// Blobs and databases that were found damaged and moved away.
    pub quarantined: u64,
    /// What they take.
    pub quarantined_bytes: u64,
    /// Notes of what runs depended on.
    pub notes: u64,
    /// What they take.
    pub note_bytes: u64,
    /// Workspaces of which history is kept.
    pub workspaces: u64,
    /// What their history takes within the database.
    pub history_bytes: u64,
    /// When the record that was not used for the longest time was last used, give or take an
    /// hour; `None` without records.
    pub oldest_use: Option<u64>,
}

impl Store {
    /// Counts what is in the store, after writing what is queued.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn stat(&self) -> Result<StatReport, Fault> {
        self.flush()?;
        Ok(self.count()?)
    }

    fn count(&self) -> Result<StatReport, StoreError> {
        let present = self.present()?;
        let (records, steps, oldest_use) = self.shared.database.with(|connection| {
            let select = "SELECT (SELECT count(*) FROM actions),
                (SELECT count(*) FROM (SELECT DISTINCT workspace, step FROM history)),
                (SELECT min(last_used) FROM actions)";
            let row = connection.query_row(select, [], |row| {
                let oldest: Option<i64> = row.get(2)?;
                let oldest = oldest.and_then(|oldest| u64::try_from(oldest).ok());
                Ok((time(row, 0)?, time(row, 1)?, oldest))
            });
            Ok(row?)
        })?;
        let (workspaces, history_bytes) = self.shared.database.with(|connection| {
            let select =
                "SELECT count(DISTINCT workspace), coalesce(sum(length(past)), 0) FROM history";
            Ok(connection.query_row(select, [], |row| Ok((time(row, 0)?, time(row, 1)?)))?)
        })?;
        let (compiled_plugins, compiled_bytes) = self.files(layout::AOT)?;
        let mut database_bytes = 0;
        for suffix in ["", "-wal"] {
            let stat = self.root.stat(&format!("{}{suffix}", layout::DATABASE))?;
            database_bytes += stat.map_or(0, |stat| stat.size);
        }
        let (quarantined, quarantined_bytes) = self.files(layout::QUARANTINE)?;
        let (notes, note_bytes) = self.files(layout::NOTES)?;
        Ok(StatReport {
            blobs: present.len() as u64,
            blob_bytes: present.keys().map(Digest::size).sum(),
            records,
            steps,
            database_bytes,
            compiled_plugins,
            compiled_bytes,
            quarantined,
            quarantined_bytes,
            notes,
            note_bytes,
            workspaces,
            history_bytes,
            oldest_use,
        })
    }

    /// How many files are in a folder, and what they take.
    fn files(&self, folder: &str) -> Result<(u64, u64), StoreError> {
        let items = self.root.items(folder)?;
        Ok((items.len() as u64, items.iter().map(|item| item.bytes).sum()))
    }
}
