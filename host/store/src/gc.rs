//! Garbage collection: keeps the store below a size, the least recently used goes first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use belljar_disk::{DiskError, Kind, Lock};
use belljar_model::{ActionResult, Digest, Fault};
use rusqlite::{OptionalExtension as _, TransactionBehavior};
use serde::Serialize;

use crate::error::StoreError;
use crate::layout;
use crate::notes;
use crate::records::{integer, time};
use crate::store::Store;

/// How large a store may grow unless the user says otherwise: 10 GiB.
pub const DEFAULT_MAX_BYTES: u64 = 10 << 30;

/// Whether to delete, or only to say what would be deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweep {
    /// Delete.
    Delete,
    /// Only count.
    DryRun,
}

/// What a garbage collection did, or would do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct GcReport {
    /// Records that were deleted.
    pub records_deleted: u64,
    /// Records that stay.
    pub records_kept: u64,
    /// Blobs that were deleted.
    pub blobs_deleted: u64,
    /// Blobs that stay.
    pub blobs_kept: u64,
    /// Bytes of blobs that were deleted.
    pub bytes_deleted: u64,
    /// Bytes of blobs that stay.
    pub bytes_kept: u64,
    /// Bytes of blobs that stay because they are pinned, whatever the bound.
    pub bytes_pinned: u64,
}

/// One record, as far as garbage collection is concerned.
struct Candidate {
    row: i64,
    /// When it was last used, in milliseconds since 1970-01-01.
    used: u64,
    /// Bytes of the record itself.
    size: u64,
    blobs: Vec<Digest>,
}

impl Store {
    /// Deletes the least recently used records until the rest, with all that it names, takes at
    /// most `max_bytes`; then deletes the blobs that no record names and nobody pinned, except
    /// those that came after the store was opened. What is pinned counts as well. Blobs that were quarantined go too.
    ///
    /// # Errors
    /// When another process uses the store, or something cannot be read or deleted.
    pub fn gc(&self, max_bytes: u64, sweep: Sweep) -> Result<GcReport, Fault> {
        self.flush()?;
        Ok(self.alone(|| self.collect(max_bytes, sweep))?)
    }

    /// Collects garbage if the store outgrew `max_bytes` and no one else uses it. Costs one
    /// query if it did not.
    ///
    /// # Errors
    /// When something cannot be read or deleted.
    pub fn gc_if_needed(&self, max_bytes: u64) -> Result<Option<GcReport>, Fault> {
        if self.counted_bytes()? <= max_bytes {
            return Ok(None);
        }
        self.flush()?;
        match self.alone(|| self.collect(max_bytes / 10 * 9, Sweep::Delete)) {
            Err(StoreError::InUse(_)) => Ok(None),
            collected => Ok(Some(collected?)),
        }
    }

    /// About how many bytes the blobs take.
    pub(crate) fn counted_bytes(&self) -> Result<u64, StoreError> {
        self.shared.database.with(|connection| {
            let select = "SELECT value FROM totals WHERE name = 'blob bytes'";
            let bytes = connection.query_row(select, [], |row| time(row, 0)).optional()?;
            Ok(bytes.unwrap_or(0))
        })
    }

    /// Makes room once, if a fault says that the disk is full, and tries again. What is older than
    /// this process and was not asked for by it goes, the least recently used first.
    pub(crate) fn relieved<T>(
        &self,
        fault: Fault,
        again: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if fault.code != StoreError::FULL || self.relieved.swap(true, Ordering::Relaxed) {
            return Err(fault);
        }
        let target = || {
            let waiting = self.shared.blobs.waiting_bytes();
            let spare = (2 * waiting).max(self.counted_bytes()? / 4);
            let bound = self.counted_bytes()?.saturating_sub(spare);
            self.collect(bound, Sweep::Delete)
        };
        match self.alone(target) {
            Ok(_) => again(),
            Err(_) => Err(fault.note("no other run's results could be removed to make room")),
        }
    }

    /// Does something while no other process uses the store. Whoever wants it alone takes the
    /// lock for opening first, so nobody gets it while this process changes its own lock.
    pub(crate) fn alone<T>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let _opening = Lock::exclusive(&self.root, layout::OPENING)?;
        let failed = |source| {
            let path = self.path().join(layout::LEASE);
            StoreError::Disk(DiskError { op: "lock", path, source })
        };
        if !lease.try_upgrade().map_err(failed)? {
            return Err(StoreError::InUse(self.path().to_owned()));
        }
        let done = work();
        lease.downgrade().map_err(failed)?;
        done
    }

    fn collect(&self, max_bytes: u64, sweep: Sweep) -> Result<GcReport, StoreError> {
        let present = self.present()?;
        let mut named = self.pinned_blobs()?;
        let awaited = self.shared.awaited();
        let pinned = named.iter().filter(|digest| present.contains_key(digest));
        let bytes_pinned = pinned.map(Digest::size).sum();
        let mut report = GcReport { bytes_pinned, ..GcReport::default() };
        let mut doomed = Vec::new();
        let mut used = bytes_pinned;
        for candidate in self.candidates()? {
            let new = candidate.blobs.iter().filter(|blob| !named.contains(*blob));
            let new: BTreeSet<_> = new.copied().collect();
            used += candidate.size + new.iter().map(Digest::size).sum::<u64>();
            // What this process has found or made stands, even if the disk is full.
            let is_ours = self.relieved.load(Ordering::Relaxed) && candidate.used >= self.opened;
            if used <= max_bytes || is_ours {
                named.extend(new);
                report.records_kept += 1;
            } else {
                doomed.push(candidate.row); // and all that were used less recently
                report.records_deleted += 1;
            }
        }
        let mut unnamed = Vec::new();
        for (digest, written) in &present {
            let is_named = named.contains(digest) || awaited.contains(digest);
            if is_named || *written >= self.opened || self.is_needed(digest) {
                report.blobs_kept += 1;
                report.bytes_kept += digest.size();
            } else {
                unnamed.push(*digest);
                report.blobs_deleted += 1;
                report.bytes_deleted += digest.size();
            }
        }
        if sweep == Sweep::Delete {
            notes::forget(&self.root)?;
            // First the records: one that names a missing blob would be useless.
            self.forget(&doomed, report.bytes_kept)?;
            for digest in unnamed {
                self.root.remove(&layout::blob(&digest))?;
            }
            self.root.remove_dir_all(layout::QUARANTINE)?;
            for name in layout::OUTDATED {
                self.root.remove(name)?;
            }
        }
        Ok(report)
    }

    /// Whether this process found a blob, and its run goes on.
    fn is_needed(&self, digest: &Digest) -> bool {
        self.relieved.load(Ordering::Relaxed) && self.shared.blobs.is_held(digest)
    }

    /// All blobs that have their place, and when they came, in milliseconds since 1970-01-01.
    pub(crate) fn present(&self) -> Result<BTreeMap<Digest, u64>, StoreError> {
        let mut present = BTreeMap::new();
        for shard in self.root.list(layout::BLOBS)? {
            let Some(shard) = shard.name.to_str() else { continue };
            let folder = self.root.folder(&format!("{}/{shard}", layout::BLOBS))?;
            for blob in folder.list("")? {
                let Some(name) = blob.name.to_str() else { continue };
                let Some(stat) = folder.stat(name)?.filter(|stat| stat.kind == Kind::File) else {
                    continue;
                };
                if let Ok(digest) = format!("blake3:{shard}{name}:{}", stat.size).parse() {
                    present.insert(digest, u64::try_from(stat.ctime_ns / 1_000_000).unwrap_or(0));
                }
            }
        }
        Ok(present)
    }

    /// All records, the most recently used first.
    fn candidates(&self) -> Result<Vec<Candidate>, StoreError> {
        self.shared.database.with(|connection| {
            let mut select = connection.prepare(
                "SELECT rowid, result, length(result) + coalesce(length(trace), 0), last_used FROM actions
                 ORDER BY last_used DESC, rowid DESC",
            )?;
            let candidates = select.query_map([], |row| {
                let at = row.get(0)?;
                let result = row.get_ref(1)?.as_blob()?;
                let blobs = postcard::from_bytes::<ActionResult>(result)
                    .map(|result| result.blobs().collect::<Vec<_>>());
                let (size, used) = (time(row, 2)?, time(row, 3)?);
                Ok(Candidate { row: at, used, size, blobs: blobs.unwrap_or_default() })
            })?;
            Ok(candidates.collect::<Result<_, _>>()?)
        })
    }

    fn forget(&self, doomed: &[i64], bytes_kept: u64) -> Result<(), StoreError> {
        self.shared.database.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for row in doomed {
                let mut delete =
                    transaction.prepare_cached("DELETE FROM actions WHERE rowid = ?1")?;
                delete.execute([row])?;
            }
            let settled = "DELETE FROM disputes WHERE action NOT IN (SELECT action FROM actions)";
            transaction.execute(settled, [])?;
            let set = "INSERT OR REPLACE INTO totals VALUES ('blob bytes', ?1)";
            transaction.execute(set, [integer(bytes_kept)])?;
            transaction.commit()?;
            connection.execute_batch("PRAGMA incremental_vacuum;")?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use belljar_model::ports::{ActionCache as _, BlobStore as _, Record};

    use super::*;
    use crate::testing::{Fixture, action, family, result, trace};

    /// A closed store with three records, an hour apart. Each names a blob of 100,000 bytes of
    /// its own and one small blob that all share; a further blob is named by none.
    fn filled() -> Fixture {
        let fixture = Fixture::new();
        let store = fixture.open();
        let cache = store.for_workspace("here");
        let shared = store.put(b"shared").unwrap();
        store.put(b"named by none").unwrap();
        for number in 0..3 {
            let own = store.put(&vec![number; 100_000]).unwrap();
            let (action, family) = (action(number), family(number));
            let (result, trace) = (result("", &[own, shared]), trace(number));
            cache.put(Record { action, family, result: &result, trace: &trace }).unwrap();
            fixture.pass(Duration::from_secs(60 * 60));
        }
        drop(store);
        fixture
    }

    fn check(max_bytes: u64, kept: &[u8]) {
        let fixture = filled();
        let store = fixture.open();
        let expected = store.gc(max_bytes, Sweep::DryRun).unwrap();
        assert_eq!(store.stat().unwrap().blobs, 5, "a dry run deletes nothing");
        assert_eq!(store.gc(max_bytes, Sweep::Delete).unwrap(), expected);
        let cache = store.for_workspace("here");
        let left = |number: &u8| cache.get(&action(*number)).unwrap().is_some();
        assert_eq!((0..3).filter(left).collect::<Vec<_>>(), kept, "at most {max_bytes} bytes");
        let shared = u64::from(!kept.is_empty());
        assert_eq!(expected.blobs_kept, kept.len() as u64 + shared);
        assert_eq!(store.stat().unwrap().blobs, expected.blobs_kept);
        assert_eq!(store.counted_bytes().unwrap(), expected.bytes_kept);
        assert!(store.verify().unwrap().is_clean(), "no record lost a blob");
    }

    #[test]
    fn the_least_recently_used_goes_first_and_nothing_that_a_record_names() {
        check(u64::MAX, &[0, 1, 2]);
        check(250_000, &[1, 2]);
        check(150_000, &[2]);
        check(0, &[]);
    }

    #[test]
    fn a_use_keeps_a_record() {
        let fixture = filled();
        let store = fixture.open();
        store.for_workspace("there").get(&action(0)).unwrap().unwrap();
        store.gc(150_000, Sweep::Delete).unwrap();
        assert!(store.for_workspace("there").get(&action(0)).unwrap().is_some());
        assert!(store.for_workspace("there").get(&action(2)).unwrap().is_none());
    }

    #[test]
    fn a_store_in_use_is_left_alone() {
        let fixture = filled();
        let (store, other) = (fixture.open(), fixture.open());
        let fault = store.gc(0, Sweep::Delete).unwrap_err();
        assert_eq!(fault.code.as_str(), "E0604");
        assert_eq!(store.gc_if_needed(0).unwrap(), None);
        assert_eq!(store.stat().unwrap().blobs, 5);
        drop(other);
        store.gc(0, Sweep::Delete).unwrap();
        assert_eq!(store.stat().unwrap().blobs, 0);
        drop(fixture.open());
    }

    #[test]
    fn a_small_store_is_not_collected() {
        let fixture = filled();
        let store = fixture.open();
        assert_eq!(store.gc_if_needed(DEFAULT_MAX_BYTES).unwrap(), None);
        let report = store.gc_if_needed(250_000).unwrap().unwrap();
        assert_eq!((report.records_kept, report.records_deleted), (2, 1));
    }
}
