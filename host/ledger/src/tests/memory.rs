//! Memory: a folder in memory that fails when it is told to, and forgets as a disk does.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use belljar_disk::{DiskError, Lock};
use belljar_model::Fault;

use crate::files::{Files, SLOTS, Sharing};
use crate::verify::Copy;

/// A folder in memory. Clones are the same folder.
#[derive(Clone, Default, Debug)]
pub(super) struct Memory(Arc<Mutex<Disk>>);

/// What happens at the chosen step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// This step fails, and the next ones do not.
    Once,
    /// Nothing is written from here on: the process has died.
    Dies,
}

#[derive(Default, Debug)]
struct Disk {
    files: BTreeMap<String, File>,
    steps: u64,
    failure: Option<(u64, Failure)>,
}

#[derive(Clone, Default, Debug)]
struct File {
    /// What the system shows.
    now: Option<Vec<u8>>,
    /// What is sure to survive a power cut.
    durable: Option<Vec<u8>>,
    /// Whether it may survive in part.
    may_tear: bool,
}

impl Disk {
    /// Whether the process has died.
    fn is_dead(&self) -> bool {
        self.failure.is_some_and(|(at, failure)| failure == Failure::Dies && self.steps > at)
    }

    /// Counts one step. Returns whether it may be done.
    fn step(&mut self) -> Result<(), io::Error> {
        let step = self.steps;
        self.steps += 1;
        let fails = self.failure.is_some_and(|(at, failure)| match failure {
            Failure::Once => step == at,
            Failure::Dies => step >= at,
        });
        if fails { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
    }
}

impl Memory {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// Chooses the step, counted from now, that fails.
    pub(super) fn fail_at(&self, step: u64, failure: Failure) {
        let mut disk = self.disk();
        disk.steps = 0;
        disk.failure = Some((step, failure));
    }

    /// Lets all steps succeed. Returns whether the chosen step was reached.
    pub(super) fn heal(&self) -> bool {
        let mut disk = self.disk();
        let failure = disk.failure.take();
        failure.is_some_and(|(at, _)| disk.steps > at)
    }

    /// Cuts the power: what was not durable is there, gone, torn or zeroed, as `chance` decides.
    pub(super) fn cut_power(&self, mut chance: impl FnMut(usize) -> usize) {
        for file in self.disk().files.values_mut().filter(|file| file.now != file.durable) {
            let old = file.durable.clone().unwrap_or_default();
            let new = file.now.clone().unwrap_or_default();
            let kinds = if file.may_tear { 4 } else { 2 };
            let left = match chance(kinds) {
                0 => file.durable.clone(),
                1 => file.now.clone(),
                2 => {
                    let cut = chance(new.len() + 1);
                    let rest = old.get(cut..).unwrap_or_default();
                    Some([&new[..cut], rest].concat())
                }
                _ => {
                    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
                    Some([&new[..same], vec![0; new.len() - same].as_slice()].concat())
                }
            };
            (file.now, file.durable) = (left.clone(), left);
        }
    }

    /// All files as they are now.
    pub(super) fn copy(&self) -> Copy {
        Copy::read(self).unwrap()
    }

    /// Puts back slots as they were at another time.
    pub(super) fn set(&self, name: &str, bytes: Vec<u8>) {
        let file = File { now: Some(bytes.clone()), durable: Some(bytes), may_tear: true };
        self.disk().files.insert(name.to_owned(), file);
    }
}

impl Files for Memory {
    fn prepare(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn lock(&self, _: Sharing) -> Result<Option<Lock>, Fault> {
        Ok(None)
    }

    fn names(&self) -> Result<Vec<String>, DiskError> {
        let disk = self.disk();
        let there = disk.files.iter().filter(|(_, file)| file.now.is_some());
        Ok(there.map(|(name, _)| name.clone()).collect())
    }

    fn read(&self, name: &str, offset: u64) -> Result<Option<Vec<u8>>, DiskError> {
        let disk = self.disk();
        let bytes = disk.files.get(name).and_then(|file| file.now.as_ref());
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes.map(|bytes| bytes.get(offset..).unwrap_or_default().to_vec()))
    }

    fn write_tail(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let mut disk = self.disk();
        if disk.is_dead() {
            return Err(failed(name, io::ErrorKind::StorageFull.into()));
        }
        let writes = disk.step();
        let cuts = disk.step();
        let syncs = disk.step();
        let file = disk.files.entry(name.to_owned()).or_default();
        file.may_tear = true;
        let offset = usize::try_from(offset).unwrap();
        let now = file.now.get_or_insert_default();
        assert!(offset <= now.len(), "nothing is written behind the end");
        let written = if writes.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        let rest = now.get(offset + written.len()..).unwrap_or_default();
        *now = [&now[..offset], written, rest].concat();
        let result = writes.and(cuts).and_then(|()| {
            now.truncate(offset + bytes.len());
            syncs
        });
        if result.is_ok() {
            file.durable.clone_from(&file.now);
        }
        result.map_err(|error| failed(name, error))
    }

    fn write_whole(&self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut disk = self.disk();
        if disk.is_dead() {
            return Err(failed(name, io::ErrorKind::StorageFull.into()));
        }
        let (writes, syncs) = (disk.step(), disk.step());
        let file = disk.files.entry(name.to_owned()).or_default();
        file.may_tear = false;
        writes.map_err(|error| failed(name, error))?;
        file.now = Some(bytes.to_vec());
        syncs.map_err(|error| failed(name, error))?;
        file.durable.clone_from(&file.now);
        Ok(())
    }
}

fn failed(name: &str, source: io::Error) -> DiskError {
    DiskError { op: "write", path: PathBuf::from(name), source }
}

#[test]
fn a_write_that_fails_half_way_leaves_half_and_a_power_cut_may_leave_nothing() {
    let memory = Memory::default();
    memory.write_tail(SLOTS[0], 0, b"whole").unwrap();
    memory.fail_at(0, Failure::Once);
    assert!(memory.write_tail(SLOTS[0], 5, b"more").unwrap_err().is_full());
    assert!(memory.heal());
    assert_eq!(memory.read(SLOTS[0], 0).unwrap().unwrap(), b"wholemo");
    memory.cut_power(|_| 0);
    assert_eq!(memory.read(SLOTS[0], 0).unwrap().unwrap(), b"whole");
}
