//! Blobs: plain files named by what is in them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use belljar_disk::{Barrier, DiskError, Kind, Mode, Root, Temp};
use belljar_model::Digest;
use bytes::Bytes;

use crate::{layout, notes};

/// The blobs of a store: those that have their place, and those that wait for it.
pub(crate) struct Blobs {
    root: Root,
    temp: Root,
    /// The folders `blobs-v1/00` to `blobs-v1/ff` that were used: opening one costs more than
    /// looking into it.
    shards: Vec<OnceLock<Root>>,
    barrier: Barrier,
    /// Put by this process and not flushed: where each is meanwhile.
    pending: RwLock<Pending>,
    /// Found damaged by this process.
    damaged: Mutex<Vec<Digest>>,
    /// What this process found on the disk, and may still need.
    found: Mutex<HashSet<Digest>>,
}

#[derive(Default)]
struct Pending {
    blobs: HashMap<Digest, Waiting>,
    /// Bytes of the blobs that wait in memory.
    held: u64,
}

/// Where a blob waits for a flush.
#[derive(Clone)]
enum Waiting {
    /// In memory, because making a file takes longer than executing a small step.
    Memory(Bytes),
    /// In a complete file with this name in the folder for temporary files.
    File(String),
}

impl Pending {
    fn insert(&mut self, digest: Digest, waiting: Waiting) {
        let held = |waiting: &Waiting| match waiting {
            Waiting::Memory(bytes) => bytes.len() as u64,
            Waiting::File(_) => 0,
        };
        self.held += held(&waiting);
        self.held -= self.blobs.insert(digest, waiting).as_ref().map_or(0, held);
    }

    fn remove(&mut self, digest: &Digest) {
        if let Some(Waiting::Memory(bytes)) = self.blobs.remove(digest) {
            self.held -= bytes.len() as u64;
        }
    }
}

/// The largest blob, in bytes, that may wait in memory.
const SMALL: usize = 64 * 1024;

/// How many bytes may wait in memory together.
const HOLD: u64 = 32 << 20;

/// Whether a blob was there before it was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kept {
    /// It was.
    Before,
    /// It waits for a flush.
    Now,
}

impl Blobs {
    pub(crate) fn new(root: &Root) -> Result<Self, DiskError> {
        Ok(Self {
            root: root.clone(),
            temp: root.folder(layout::TEMP)?,
            shards: (0..256).map(|_| OnceLock::new()).collect(),
            barrier: Barrier::new(root)?,
            pending: RwLock::default(),
            damaged: Mutex::default(),
            found: Mutex::default(),
        })
    }

    pub(crate) fn put(&self, bytes: &[u8]) -> Result<(Digest, Kept), DiskError> {
        let digest = Digest::of(bytes);
        if self.contains(&digest) {
            return Ok((digest, Kept::Before));
        }
        if bytes.len() <= SMALL {
            let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
            if pending.held < HOLD {
                pending.insert(digest, Waiting::Memory(Bytes::copy_from_slice(bytes)));
                return Ok((digest, Kept::Now));
            }
        }
        let temp = self.file(bytes)?;
        self.adopt(digest, temp);
        Ok((digest, Kept::Now))
    }

    fn file(&self, bytes: &[u8]) -> Result<Temp, DiskError> {
        let mut temp = self.temp()?;
        temp.append(bytes)?;
        Ok(temp)
    }

    /// A file for a blob that is written piece by piece.
    pub(crate) fn temp(&self) -> Result<Temp, DiskError> {
        Temp::new(&self.temp, "", Mode::Sealed)
    }

    /// Takes a complete file as the blob `digest`.
    pub(crate) fn adopt(&self, digest: Digest, temp: Temp) {
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have put the same blob meanwhile: then this file goes away.
        if !pending.blobs.contains_key(&digest) {
            pending.insert(digest, Waiting::File(temp.keep()));
        }
    }

    pub(crate) fn contains(&self, digest: &Digest) -> bool {
        if self.waiting(digest).is_some() {
            return true;
        }
        let Ok(Some(shard)) = self.shard(digest) else { return false };
        let stat = shard.stat_quick(&layout::name(digest)).ok().flatten();
        let found = stat.is_some_and(|stat| stat.kind == Kind::File && stat.size == digest.size());
        if found {
            self.hold(digest);
        }
        found
    }

    fn hold(&self, digest: &Digest) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(*digest);
    }

    /// Whether this process found a blob, so that its steps may count on it.
    pub(crate) fn is_held(&self, digest: &Digest) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }

    /// The folder of the store.
    pub(crate) const fn root(&self) -> &Root {
        &self.root
    }

    /// How many bytes wait in memory.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.pending.read().unwrap_or_else(PoisonError::into_inner).held
    }

    /// The folder of a blob, if there is one.
    fn shard(&self, digest: &Digest) -> Result<Option<&Root>, DiskError> {
        let place = &self.shards[usize::from(digest.hash()[0])];
        if let Some(shard) = place.get() {
            return Ok(Some(shard));
        }
        match self.root.folder(&layout::shard(digest)) {
            Ok(shard) => Ok(Some(place.get_or_init(|| shard))),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the blob if it is here and is what its name says. A damaged one is taken away,
    /// so that it is made again.
    pub(crate) fn get(&self, digest: &Digest) -> Result<Option<Bytes>, DiskError> {
        let mut bytes = None;
        match self.waiting(digest) {
            Some(Waiting::Memory(bytes)) => return Ok(Some(bytes)),
            Some(Waiting::File(name)) => {
                bytes = self.temp.read_if_there(&name)?; // gone if it just found its place
            }
            None => {}
        }
        if bytes.is_none()
            && let Some(shard) = self.shard(digest)?
        {
            bytes = shard.read_if_there(&layout::name(digest))?;
        }
        match bytes {
            Some(bytes) if Digest::of(&bytes) == *digest => {
                self.hold(digest);
                Ok(Some(Bytes::from(bytes)))
            }
            Some(_) => self.quarantine(digest).map(|()| None),
            None => Ok(None),
        }
    }

    /// Has whoever relied on what was here look again.
    pub(crate) fn doubt(&self) -> Result<(), DiskError> {
        notes::forget(&self.root)
    }

    /// Moves a damaged blob away from its name, but keeps it for an inquiry.
    pub(crate) fn quarantine(&self, digest: &Digest) -> Result<(), DiskError> {
        self.pending.write().unwrap_or_else(PoisonError::into_inner).remove(digest);
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(*digest);
        let kept = format!("{}/{}", layout::QUARANTINE, digest.hex());
        notes::forget(&self.root)?;
        self.root.create_dir_all(layout::QUARANTINE)?;
        match self.root.rename(&layout::blob(digest), &kept) {
            Err(error) if !error.is_absent() => Err(error),
            _ => {
                // It is kept for a while from now on; without this it goes a little earlier.
                let _ = self.root.touch(&kept);
                Ok(())
            }
        }
    }

    /// The blobs that this process found damaged.
    pub(crate) fn damaged(&self) -> Vec<Digest> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives every waiting blob its place, after all their bytes are on the disk. Returns how
    /// many bytes came to the store.
    pub(crate) fn publish(&self) -> Result<u64, DiskError> {
        let mut waiting: Vec<(Digest, Waiting)> = {
            let pending = self.pending.read().unwrap_or_else(PoisonError::into_inner);
            pending.blobs.iter().map(|(digest, waiting)| (*digest, waiting.clone())).collect()
        };
        if waiting.is_empty() {
            return Ok(0);
        }
        // One folder after the other.
        waiting.sort_unstable_by_key(|(digest, _)| *digest);
        let mut batch = Vec::with_capacity(waiting.len());
        for (digest, waiting) in waiting {
            let name = match waiting {
                Waiting::File(name) => name,
                Waiting::Memory(bytes) => {
                    // Written down at once: if the next one fails, this one is not made again.
                    let name = self.file(&bytes)?.keep();
                    let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
                    pending.insert(digest, Waiting::File(name.clone()));
                    name
                }
            };
            batch.push((digest, name));
        }
        self.barrier.wait()?;
        let mut added = 0;
        for (digest, path) in &batch {
            self.place(digest, path)?;
            added += digest.size();
        }
        // A record must not reach the disk before the names of its blobs do.
        self.barrier.wait()?;
        let mut pending = self.pending.write().unwrap_or_else(PoisonError::into_inner);
        for (digest, _) in &batch {
            pending.remove(digest);
        }
        Ok(added)
    }

    /// Returns when the names of all blobs will survive a power cut, too.
    pub(crate) fn settle(&self) -> Result<(), DiskError> {
        self.barrier.wait()
    }

    fn place(&self, digest: &Digest, temp: &str) -> Result<(), DiskError> {
        if self.shard(digest)?.is_none() {
            self.root.create_dir_all(&layout::shard(digest))?;
        }
        let Some(shard) = self.shard(digest)? else { return Ok(()) }; // it was just made
        match self.temp.rename_into(temp, shard, &layout::name(digest)) {
            // Taken away as damaged since the batch was made, or put in place by an earlier flush
            // that failed at one after it.
            Err(error) if error.is_absent() => {
                let is_there = shard.stat_quick(&layout::name(digest))?.is_some();
                if is_there || self.waiting(digest).is_none() { Ok(()) } else { Err(error) }
            }
            done => done,
        }
    }

    fn waiting(&self, digest: &Digest) -> Option<Waiting> {
        self.pending.read().unwrap_or_else(PoisonError::into_inner).blobs.get(digest).cloned()
    }
}

#[cfg(test)]
mod tests {
    use belljar_model::Digest;
    use belljar_model::ports::{BlobSource as _, BlobStore as _};

    use crate::layout;
    use crate::store::Store;
    use crate::testing::Fixture;

    /// Puts a blob, lets `spoil` do something to its file, and tells whether it can still be
    /// read.
    fn survives(spoil: impl Fn(&Store, &str)) -> bool {
        let fixture = Fixture::new();
        let store = fixture.open();
        let digest = store.put(b"some bytes").unwrap();
        store.flush().unwrap();
        spoil(&store, &layout::blob(&digest));
        let found = store.get(&digest).unwrap();
        if found.is_none() {
            assert!(!store.contains(&digest));
            assert_eq!(store.put(b"some bytes").unwrap(), digest, "it can be put again");
            assert_eq!(store.get(&digest).unwrap().unwrap(), "some bytes");
            store.flush().unwrap();
            assert!(store.verify().unwrap().is_clean());
        }
        found.is_some()
    }

    fn overwrite(store: &Store, path: &str, bytes: &[u8]) {
        store.root.write_atomic(path, bytes, belljar_disk::Mode::Sealed).unwrap();
    }

    #[test]
    fn a_damaged_blob_is_never_returned() {
        belljar_cases::case!("H02");
        assert!(survives(|_, _| ()));
        assert!(!survives(|store, path| overwrite(store, path, b"same bytes")));
        assert!(!survives(|store, path| overwrite(store, path, b"some")));
        assert!(!survives(|store, path| overwrite(store, path, b"")));
        assert!(!survives(|store, path| assert!(store.root.remove(path).unwrap())));
    }

    #[test]
    fn a_damaged_blob_is_kept_for_an_inquiry() {
        belljar_cases::case!("H02");
        let fixture = Fixture::new();
        let store = fixture.open();
        let digest = store.put(b"some bytes").unwrap();
        store.flush().unwrap();
        overwrite(&store, &layout::blob(&digest), b"same bytes");
        assert_eq!(store.get(&digest).unwrap(), None);
        assert_eq!(store.damaged(), [digest]);
        let kept = format!("{}/{}", layout::QUARANTINE, digest.hex());
        assert_eq!(store.root.read(&kept).unwrap(), b"same bytes");
        assert_eq!(store.stat().unwrap().quarantined, 1);
    }

    #[test]
    fn a_blob_is_readable_before_and_after_it_is_flushed() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.shared.close();
        let mut writer = store.writer().unwrap();
        writer.append(b"some ").unwrap();
        writer.append(b"bytes").unwrap();
        let digest = writer.finish().unwrap();
        assert_eq!(digest, Digest::of(b"some bytes"));
        assert_eq!(store.root.stat(&layout::blob(&digest)).unwrap(), None, "not flushed");
        for _ in 0..2 {
            assert_eq!(store.put(b"some bytes").unwrap(), digest);
            assert_eq!(store.get(&digest).unwrap().unwrap(), "some bytes");
            assert!(store.contains(&digest));
            store.flush().unwrap();
        }
        assert!(store.root.list(layout::TEMP).unwrap().is_empty());
        assert_eq!(store.stat().unwrap().blobs, 1);
    }

    #[test]
    fn a_flush_that_failed_half_way_can_be_tried_again() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.shared.close();
        let mut blobs = [b"a", b"b", b"c"].map(|bytes| store.put(bytes).unwrap());
        blobs.sort_unstable();
        // A file is where the folder of the last one must be.
        let shard = layout::shard(&blobs[2]);
        store.root.write_atomic(&shard, b"", belljar_disk::Mode::Plain).unwrap();
        for _ in 0..2 {
            let error = store.shared.blobs.publish().unwrap_err();
            assert!(error.to_string().contains(&shard), "{error}");
            assert!(blobs.iter().all(|blob| store.get(blob).unwrap().is_some()));
        }
        assert!(store.root.remove(&shard).unwrap());
        store.flush().unwrap();
        assert!(blobs.iter().all(|blob| store.get(blob).unwrap().is_some()));
        assert_eq!(store.stat().unwrap().blobs, 3);
        assert!(store.root.list(layout::TEMP).unwrap().is_empty());
    }

    #[test]
    fn an_unfinished_blob_leaves_nothing() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let mut writer = store.writer().unwrap();
        writer.append(b"half").unwrap();
        drop(writer);
        assert!(store.root.list(layout::TEMP).unwrap().is_empty());
    }
}
