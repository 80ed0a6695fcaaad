//! Verify: is everything what it claims to be?

use std::collections::BTreeSet;

use belljar_model::{ActionDigest, ActionResult, Digest, Fault, Trace};
use serde::Serialize;

use crate::cache::decode;
use crate::error::StoreError;
use crate::layout;
use crate::store::Store;

/// What a verification found.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct VerifyReport {
    /// Blobs that were read.
    pub blobs: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Paths within the store of blobs whose bytes are not what their name says. They were
    /// moved to `quarantine/`.
    pub damaged: Vec<String>,
    /// Records that were read.
    pub records: u64,
    /// Records of which a blob is missing. Their steps will run again.
    pub incomplete: Vec<ActionDigest>,
    /// Records that cannot be read. Their steps will run again.
    pub unreadable: Vec<ActionDigest>,
    /// What the database says of its own damage; empty if it has none.
    pub database: Vec<String>,
}

impl VerifyReport {
    /// Whether everything is what it claims to be.
    pub const fn is_clean(&self) -> bool {
        let Self { blobs: _, bytes: _, damaged, records: _, incomplete, unreadable, database } =
            self;
        damaged.is_empty() && incomplete.is_empty() && unreadable.is_empty() && database.is_empty()
    }
}

impl Store {
    /// Reads every blob and every record, and moves damaged blobs away.
    ///
    /// # Errors
    /// When something cannot be read at all.
    pub fn verify(&self) -> Result<VerifyReport, Fault> {
        self.flush()?;
        let mut report = VerifyReport::default();
        self.verify_blobs(&mut report)?;
        self.verify_records(&mut report)?;
        Ok(report)
    }

    /// Reads each of these blobs, and returns those that are missing or damaged. The damaged ones
    /// are moved away.
    ///
    /// # Errors
    /// When something cannot be read at all.
    pub fn check(&self, digests: &[Digest]) -> Result<Vec<Digest>, Fault> {
        self.flush()?;
        let mut wrong = Vec::new();
        for digest in digests {
            let found = match self.root.hash(&layout::blob(digest)) {
                Ok(hashed) => Some(hashed.digest),
                Err(error) if error.is_absent() => None,
                Err(error) => return Err(StoreError::Disk(error).into()),
            };
            if found == Some(*digest) {
                continue;
            }
            if found.is_some() {
                self.shared.blobs.quarantine(digest).map_err(StoreError::Disk)?;
            }
            wrong.push(*digest);
        }
        Ok(wrong)
    }

    /// A blob is found by its name alone: its digest tells whether name, size and bytes agree.
    fn verify_blobs(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for digest in self.present()?.into_keys() {
            let path = layout::blob(&digest);
            let actual = match self.root.hash(&path) {
                Ok(hashed) => hashed.digest,
                Err(error) if error.is_absent() => continue, // another process took it away
                Err(error) => return Err(error.into()),
            };
            report.blobs += 1;
            report.bytes += actual.size();
            if actual != digest {
                self.shared.blobs.quarantine(&digest)?;
                report.damaged.push(path);
            }
        }
        Ok(())
    }

    fn verify_records(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        let present: BTreeSet<Digest> = self.present()?.into_keys().collect();
        self.shared.database.with(|connection| {
            let mut check = connection.prepare("PRAGMA quick_check")?;
            let lines = check.query_map([], |row| row.get::<_, String>(0))?;
            for line in lines {
                report.database.extend(line.map(|line| (line != "ok").then_some(line))?);
            }
            let mut select =
                connection.prepare("SELECT action, result, trace FROM actions ORDER BY action")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let action = ActionDigest::from_bytes(row.get(0)?);
                let result: Vec<u8> = row.get(1)?;
                let trace: Option<Vec<u8>> = row.get(2)?;
                report.records += 1;
                let result = decode::<ActionResult>(&result);
                let trace = trace.map(|trace| decode::<Trace>(&trace));
                match (result, trace) {
                    (None, _) | (_, Some(None)) => report.unreadable.push(action),
                    (Some(result), _) if !result.blobs().all(|it| present.contains(&it)) => {
                        report.incomplete.push(action);
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use belljar_disk::Mode;
    use belljar_model::ports::{ActionCache as _, BlobStore as _, Record};

    use super::*;
    use crate::testing::{Fixture, action, family, result, trace};

    /// Does something to the file of a blob that a record names, and checks what is found.
    fn check(spoil: impl Fn(&Store, &str), damaged: usize, incomplete: &[ActionDigest]) {
        let fixture = Fixture::new();
        let store = fixture.open();
        let digest = store.put(b"some bytes").unwrap();
        let (result, trace) = (result("", &[digest]), trace(0));
        let record =
            Record { action: action(0), family: family(0), result: &result, trace: &trace };
        store.for_workspace("here").put(record).unwrap();
        store.flush().unwrap();
        spoil(&store, &layout::blob(&digest));
        let report = store.verify().unwrap();
        assert_eq!(report.damaged.len(), damaged, "{report:?}");
        assert_eq!(report.incomplete, incomplete);
        assert_eq!(report.records, 1);
        assert_eq!(report.is_clean(), incomplete.is_empty());
        assert_eq!(store.verify().unwrap().damaged, [""; 0], "what was damaged is away");
    }

    #[test]
    fn flipped_truncated_and_deleted_blobs_are_found() {
        belljar_cases::case!("H02");
        let write = |bytes: &'static [u8]| {
            move |store: &Store, path: &str| {
                store.root.write_atomic(path, bytes, Mode::Sealed).unwrap();
            }
        };
        check(|_, _| (), 0, &[]);
        check(write(b"same bytes"), 1, &[action(0)]);
        check(write(b"some byte"), 1, &[action(0)]);
        check(write(b""), 1, &[action(0)]);
        check(|store, path| assert!(store.root.remove(path).unwrap()), 0, &[action(0)]);
    }

    #[test]
    fn some_blobs_are_checked_without_the_others() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let blobs = [&b"whole"[..], b"broken", b"removed"].map(|bytes| store.put(bytes).unwrap());
        let [whole, broken, removed] = blobs;
        assert_eq!(store.check(&blobs).unwrap(), []);
        store.root.write_atomic(&layout::blob(&broken), b"BROKEN", Mode::Sealed).unwrap();
        assert!(store.root.remove(&layout::blob(&removed)).unwrap());
        assert_eq!(store.check(&[whole]).unwrap(), []);
        assert_eq!(store.stat().unwrap().quarantined, 0, "what is not asked for is not read");
        assert_eq!(store.check(&blobs).unwrap(), [broken, removed]);
        assert_eq!(store.stat().unwrap().quarantined, 1);
        assert_eq!(store.damaged(), [broken]);
    }

    #[test]
    fn unreadable_records_are_found() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let (result, trace) = (result("", &[]), trace(0));
        let record =
            Record { action: action(0), family: family(0), result: &result, trace: &trace };
        store.for_workspace("here").put(record).unwrap();
        store.flush().unwrap();
        let spoil = |connection: &mut rusqlite::Connection| {
            Ok(connection.execute("UPDATE actions SET trace = x'ff'", [])?)
        };
        store.shared.database.with(spoil).unwrap();
        assert_eq!(store.verify().unwrap().unreadable, [action(0)]);
    }
}
