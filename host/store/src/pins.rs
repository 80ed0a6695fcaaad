//! Pins: blobs that stay, whoever else forgets them.
//!
//! Each owner has one file `pins-v1/<digest of the owner>`. They are files and not rows, so that
//! they outlive a database that had to be replaced: what a release goes back to cannot be made
//! again like the result of a step.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use belljar_disk::Mode;
use belljar_model::{Digest, Fault};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::layout;
use crate::store::Store;

/// How many bytes of a file are the checksum of the rest.
const CHECKSUM: usize = 32;

/// What a file holds, as postcard.
#[derive(Serialize, Deserialize)]
struct Pins {
    owner: String,
    digests: Vec<Digest>,
}

impl Store {
    /// Keeps blobs until their owner lets them go: no garbage collection deletes them. Replaces
    /// what the owner pinned before. Returns when both blobs and pins will survive a power cut.
    ///
    /// # Errors
    /// When a blob is not in the store, which is named, or the pins cannot be written. Then the
    /// earlier pins stay.
    pub fn pin(&self, owner: &str, digests: &[Digest]) -> Result<(), Fault> {
        self.flush()?;
        // As long as this is held, no collection of this process runs; the lease inside keeps
        // off those of others.
        let _lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let digests: BTreeSet<Digest> = digests.iter().copied().collect();
        let missing = digests.iter().filter(|digest| !self.shared.blobs.contains(digest));
        let missing: Vec<Digest> = missing.copied().collect();
        if !missing.is_empty() {
            return Err(StoreError::NotThere(missing).into());
        }
        let pins = Pins { owner: owner.to_owned(), digests: digests.into_iter().collect() };
        Ok(self.write_pins(&pins)?)
    }

    /// Lets go of all that an owner pinned.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn unpin(&self, owner: &str) -> Result<(), Fault> {
        let _lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        self.root.remove(&path(owner)).map_err(StoreError::Disk)?;
        Ok(())
    }

    /// What an owner pinned, sorted; empty if there is nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn pinned(&self, owner: &str) -> Result<Vec<Digest>, Fault> {
        Ok(self.read_pins(&path(owner))?.map(|pins| pins.digests).unwrap_or_default())
    }

    /// All owners of pins, sorted.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn pins(&self) -> Result<Vec<String>, Fault> {
        let mut owners: Vec<_> = self.all_pins()?.into_iter().map(|pins| pins.owner).collect();
        owners.sort();
        Ok(owners)
    }

    /// Every blob that anybody pinned. Whoever deletes must fail if this does.
    pub(crate) fn pinned_blobs(&self) -> Result<BTreeSet<Digest>, StoreError> {
        Ok(self.all_pins()?.into_iter().flat_map(|pins| pins.digests).collect())
    }

    fn all_pins(&self) -> Result<Vec<Pins>, StoreError> {
        let mut all = Vec::new();
        for file in self.root.list(layout::PINS)? {
            // Other names are files in the making, which a crash left.
            let name = file.name.to_str().filter(|name| is_name(name));
            if let Some(name) = name {
                all.extend(self.read_pins(&format!("{}/{name}", layout::PINS))?);
            }
        }
        Ok(all)
    }

    fn write_pins(&self, pins: &Pins) -> Result<(), StoreError> {
        self.shared.blobs.settle()?;
        let encoded = postcard::to_stdvec(pins).expect("texts and lists have a form");
        let mut bytes = blake3::hash(&encoded).as_bytes().to_vec();
        bytes.extend(encoded);
        self.root.write_durable(&path(&pins.owner), &bytes, Mode::Plain)?;
        Ok(())
    }

    fn read_pins(&self, path: &str) -> Result<Option<Pins>, StoreError> {
        let Some(bytes) = self.root.read_if_there(path)? else { return Ok(None) };
        let damaged = || StoreError::DamagedPins(self.path().join(path));
        let (checksum, encoded) = bytes.split_at_checked(CHECKSUM).ok_or_else(damaged)?;
        if checksum != blake3::hash(encoded).as_bytes() {
            return Err(damaged());
        }
        postcard::from_bytes(encoded).map(Some).map_err(|_| damaged())
    }
}

/// The file of an owner, whose name may hold any character.
fn path(owner: &str) -> String {
    format!("{}/{}", layout::PINS, blake3::hash(owner.as_bytes()).to_hex())
}

fn is_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use belljar_model::ports::{ActionCache as _, BlobSource as _, BlobStore as _, Record};

    use super::*;
    use crate::gc::Sweep;
    use crate::testing::{Fixture, action, family, result, trace};

    /// Puts a blob that a record names, and returns it.
    fn put(store: &Store, number: u8) -> Digest {
        let blob = store.put(&vec![number; 100_000]).unwrap();
        let (result, trace) = (result("", &[blob]), trace(number));
        let (action, family) = (action(number), family(number));
        let record = Record { action, family, result: &result, trace: &trace };
        store.for_workspace("here").put(record).unwrap();
        blob
    }

    #[test]
    fn a_pinned_blob_survives_any_pressure_and_reopening() {
        belljar_cases::case!("I06");
        let fixture = Fixture::new();
        let store = fixture.open();
        let (first, second) = (put(&store, 1), put(&store, 2));
        let unnamed = store.put(b"no record names this").unwrap();
        store.pin("production", &[unnamed, first, first]).unwrap();
        drop(store);
        let store = fixture.open();
        let expected = store.gc(0, Sweep::DryRun).unwrap();
        let report = store.gc(0, Sweep::Delete).unwrap();
        assert_eq!(report, expected);
        assert_eq!(report.bytes_pinned, 100_020);
        assert_eq!((report.blobs_kept, report.blobs_deleted), (2, 1));
        assert_eq!((report.records_kept, report.records_deleted), (0, 2));
        let present = [first, second, unnamed].map(|blob| store.get(&blob).unwrap().is_some());
        assert_eq!(present, [true, false, true]);
        assert!(store.gc_if_needed(10).unwrap().is_some(), "it is still over its bound");
        assert!(store.get(&first).unwrap().is_some());
        store.unpin("production").unwrap();
        drop(store);
        let store = fixture.open();
        assert_eq!(store.gc(0, Sweep::Delete).unwrap().bytes_pinned, 0);
        assert_eq!(store.stat().unwrap().blobs, 0);
    }

    #[test]
    fn pins_count_among_what_the_store_may_hold() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let pinned = store.put(&vec![9; 200_000]).unwrap();
        store.pin("production", &[pinned]).unwrap();
        put(&store, 1);
        drop(store);
        let store = fixture.open();
        assert_eq!(store.gc(310_000, Sweep::DryRun).unwrap().records_kept, 1);
        assert_eq!(store.gc(290_000, Sweep::DryRun).unwrap().records_kept, 0);
    }

    #[test]
    fn an_owner_has_the_pins_of_the_last_time() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let blobs = [&b"a"[..], b"b", b"c"].map(|bytes| store.put(bytes).unwrap());
        store.pin("one/\n", &blobs[..2]).unwrap();
        store.pin("two", &blobs[1..]).unwrap();
        store.pin("one/\n", &blobs[..1]).unwrap();
        drop(store);
        let store = fixture.open();
        assert_eq!(store.pins().unwrap(), ["one/\n", "two"]);
        assert_eq!(store.pinned("one/\n").unwrap(), &blobs[..1]);
        let two: BTreeSet<Digest> = store.pinned("two").unwrap().into_iter().collect();
        assert_eq!(two, blobs[1..].iter().copied().collect());
        assert_eq!(store.pinned("three").unwrap(), []);
        store.unpin("one/\n").unwrap();
        store.unpin("three").unwrap();
        assert_eq!(store.pins().unwrap(), ["two"]);
    }

    #[test]
    fn what_is_not_there_cannot_be_pinned_and_earlier_pins_stay() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let there = store.put(b"there").unwrap();
        store.pin("production", &[there]).unwrap();
        let gone = Digest::of(b"gone");
        let fault = store.pin("production", &[there, gone]).unwrap_err();
        assert_eq!(fault.code.as_str(), "E0602");
        assert!(fault.message.contains(&gone.to_string()), "{fault}");
        assert_eq!(store.pinned("production").unwrap(), [there]);
    }

    #[test]
    fn with_damaged_pins_nothing_is_collected() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let kept = store.put(b"kept").unwrap();
        store.pin("production", &[kept]).unwrap();
        drop(store);
        let store = fixture.open();
        let whole = store.root.read(&path("production")).unwrap();
        for length in [0, 10, whole.len() - 1] {
            let cut = &whole[..length];
            store.root.write_atomic(&path("production"), cut, Mode::Plain).unwrap();
            let fault = store.gc(0, Sweep::Delete).unwrap_err();
            assert_eq!(fault.code.as_str(), "E0606", "{length}");
            assert!(store.get(&kept).unwrap().is_some());
        }
    }

    #[test]
    fn what_a_crash_left_among_the_pins_does_no_harm() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let stray = format!("{}/.stray", layout::PINS);
        store.root.write_atomic(&stray, b"half", Mode::Plain).unwrap();
        assert_eq!(store.pins().unwrap(), [""; 0]);
        store.gc(0, Sweep::Delete).unwrap();
    }
}
