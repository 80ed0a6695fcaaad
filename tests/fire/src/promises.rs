//! Promises: what an exerciser says that it was promised, and whether it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use belljar_model::ports::BlobSource as _;
use belljar_store::Store;

use crate::exercise::{Ended, Found, RECORDS, read};
use crate::values::{self, StepClock};

/// What must be in a store.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Promises {
    /// Records of which a flush said that they are durable.
    pub records: BTreeSet<u64>,
    /// The record whose blobs an owner pinned.
    pub pins: BTreeMap<String, u64>,
}

impl Promises {
    /// What a process was promised, from all it wrote until it ended or died.
    ///
    /// # Errors
    /// When it says that something is wrong, or writes what no exerciser writes.
    pub(crate) fn of(output: &str) -> Result<Self> {
        let mut promises = Self::default();
        for line in output.split_inclusive('\n') {
            if let Some(line) = line.strip_suffix('\n') {
                promises.add(line)?; // the last line of a killed process may be cut
            }
        }
        Ok(promises)
    }

    /// Adds what one line says.
    ///
    /// # Errors
    /// As [`Promises::of`].
    pub(crate) fn add(&mut self, line: &str) -> Result<()> {
        let mut words = line.split(' ');
        match words.next().unwrap_or_default() {
            "promised" => {
                for word in words {
                    self.records.insert(word.parse().with_context(|| line.to_owned())?);
                }
            }
            "forgets" => self.records.clear(),
            "pins" => {
                let (owner, record) = (words.next().unwrap_or_default(), words.next());
                let record = record.unwrap_or_default().parse().with_context(|| line.to_owned())?;
                self.pins.insert(owner.to_owned(), record);
            }
            "unpins" => {
                self.pins.remove(words.next().unwrap_or_default());
            }
            "well" | "fault" => {}
            _ => bail!("{line}"),
        }
        Ok(())
    }

    /// Opens a store whose processes are gone, and looks whether all is as it must be: nothing
    /// promised is lost, no record names what is not there, nothing is damaged, and nothing lies
    /// about that belongs to nobody.
    ///
    /// # Errors
    /// When it is not.
    pub(crate) fn check(&self, place: &Path) -> Result<()> {
        let store = Store::open(place, Arc::new(StepClock::default()), values::trust())
            .context("opening")?;
        ensure!(store.remarks().is_empty(), "opened with {:?}", store.remarks());
        for record in 0..RECORDS {
            let found = read(&store, record).map_err(|ended| anyhow!("{ended:?}"))?;
            let promised = self.records.contains(&record);
            ensure!(found != Found::Part, "record {record} names what is not there");
            ensure!(!promised || found == Found::Whole, "record {record} was promised: {found:?}");
        }
        for (owner, record) in &self.pins {
            let blobs: Vec<_> = values::result(*record).blobs().collect();
            let mut pinned = store.pinned(owner)?;
            pinned.sort();
            let mut expected = blobs.clone();
            expected.sort();
            expected.dedup();
            ensure!(pinned == expected, "{owner} pinned record {record}: {pinned:?}");
            for blob in blobs {
                ensure!(store.get(&blob)?.is_some(), "{blob} of record {record} is pinned");
            }
        }
        let report = store.verify()?;
        ensure!(report.is_clean(), "{report:?}");
        drop(store);
        let strays = strays(place)?;
        ensure!(strays.is_empty(), "nobody's: {strays:?}");
        Ok(())
    }

    /// Checks the store, does all the work again, and checks it once more.
    ///
    /// # Errors
    /// When something is not as it must be.
    pub(crate) fn check_and_go_on(&self, place: &Path) -> Result<()> {
        self.check(place)?;
        let store = Store::open(place, Arc::new(StepClock::default()), values::trust())?;
        let wrong = |ended: Ended| anyhow!("going on: {ended:?}");
        crate::exercise::make_all(&store).map_err(wrong)?;
        drop(store);
        let all = Self { records: (0..RECORDS).collect(), pins: self.pins.clone() };
        all.check(place).context("after all was made again")
    }
}

/// Files in the making, below a store that nobody uses.
fn strays(place: &Path) -> Result<Vec<String>> {
    let root = belljar_disk::Root::open(place)?;
    let mut strays = Vec::new();
    for folder in ["", "tmp", "pins-v1", "aot-v1", "quarantine"] {
        if root.stat(folder)?.is_none() {
            continue;
        }
        for entry in root.list(folder)? {
            let name = entry.name.to_string_lossy().into_owned();
            if folder == "tmp" || name.starts_with(belljar_disk::TEMP_PREFIX) {
                strays.push(format!("{folder}/{name}"));
            }
        }
    }
    Ok(strays)
}
