//! Upkeep: what is kept beside blobs and records is bounded, too, by age and by size.
//!
//! Machine code of plugins, what was found damaged, and the history of workspaces: no result needs
//! them. Without its machine code a plugin is compiled once more; without its history a step still
//! runs, and only the reason why is shorter. Done with every garbage collection, and once a day
//! at the end of a run, while nobody else uses the store.

use std::path::Path;

use belljar_disk::{Bound, Item, Root, Swept};
use belljar_model::Fault;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::gc::Sweep;
use crate::layout;
use crate::records::{integer, time};
use crate::store::Store;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// How often a store that is used is tidied, in milliseconds.
const EVERY: u64 = DAY;

/// How long and how much is kept of what is neither blob nor record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Machine code of plugins.
    pub compiled: Bound,
    /// What was found damaged.
    pub quarantine: Bound,
    /// History of workspaces.
    pub history: Bound,
    /// For how long the history of a workspace is kept whose folder is not there, in milliseconds:
    /// the disk that it is on may be away for a while.
    pub gone_ms: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            compiled: Bound { age_ms: 30 * DAY, bytes: 1 << 30 },
            quarantine: Bound { age_ms: 30 * DAY, bytes: 256 << 20 },
            history: Bound { age_ms: 90 * DAY, bytes: 256 << 20 },
            gone_ms: 7 * DAY,
        }
    }
}

impl Bounds {
    /// These bounds, but nothing that is kept takes more than so many bytes.
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        let (compiled, quarantine) = (self.compiled.at_most(bytes), self.quarantine.at_most(bytes));
        Self { compiled, quarantine, ..self }
    }
}

/// What an upkeep removed, or would remove, and what stays.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Upkeep {
    /// Machine code of plugins, and what is known of them.
    pub compiled: Swept,
    /// Damaged blobs and databases.
    pub quarantined: Swept,
    /// Workspaces of which history is kept.
    pub workspaces: Swept,
}

impl Store {
    /// Removes what is over the bounds, but no machine code that was used since the store was
    /// opened.
    ///
    /// # Errors
    /// When another process uses the store, or something cannot be read or removed.
    pub fn upkeep(&self, bounds: &Bounds, sweep: Sweep) -> Result<Upkeep, Fault> {
        self.flush()?;
        Ok(self.alone(|| self.tidy(bounds, sweep))?)
    }

    /// Whether the last upkeep is more than a day ago.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_upkeep_due(&self) -> Result<bool, Fault> {
        let last = self.shared.database.with(|connection| {
            let select = "SELECT value FROM totals WHERE name = 'upkeep'";
            let mut select = connection.prepare_cached(select)?;
            Ok(select.query_row([], |row| time(row, 0)).optional()?)
        })?;
        let now = self.shared.clock.now_ms();
        Ok(last.is_none_or(|last| now.saturating_sub(last) > EVERY))
    }

    /// Does something while no other process uses the store; not at all if one does.
    ///
    /// # Errors
    /// When the store cannot be locked, and what `work` gives.
    pub fn undisturbed<T>(
        &self,
        work: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        match self.alone(|| Ok(work())) {
            Err(StoreError::InUse(_)) => Ok(None),
            done => done?.map(Some),
        }
    }

    /// Says that a workspace is used, so that its history is kept. Writes once a day.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn keep_history_of(&self, workspace: &str) -> Result<(), Fault> {
        let now = self.shared.clock.now_ms();
        let mark = |connection: &mut Connection| {
            let select = "SELECT last_used FROM workspaces WHERE workspace = ?1";
            let mut select = connection.prepare_cached(select)?;
            let last = select.query_row([workspace], |row| time(row, 0)).optional()?;
            if last.is_none_or(|last| now.saturating_sub(last) > DAY) {
                let insert = "INSERT OR REPLACE INTO workspaces VALUES (?1, ?2)";
                connection.execute(insert, (workspace, integer(now)))?;
            }
            Ok(())
        };
        Ok(self.shared.database.with(mark)?)
    }

    fn tidy(&self, bounds: &Bounds, sweep: Sweep) -> Result<Upkeep, StoreError> {
        let compiled = self.tidy_files(layout::AOT, bounds.compiled, sweep)?;
        let quarantined = self.tidy_files(layout::QUARANTINE, bounds.quarantine, sweep)?;
        let workspaces = self.tidy_history(bounds, sweep)?;
        if sweep == Sweep::Delete {
            let now = integer(self.shared.clock.now_ms());
            self.shared.database.with(|connection| {
                let set = "INSERT OR REPLACE INTO totals VALUES ('upkeep', ?1)";
                connection.execute(set, [now])?;
                Ok(())
            })?;
        }
        Ok(Upkeep { compiled, quarantined, workspaces })
    }

    fn tidy_files(&self, folder: &str, bound: Bound, sweep: Sweep) -> Result<Swept, StoreError> {
        let since = if folder == layout::AOT { self.opened } else { u64::MAX };
        let (doomed, swept) =
            bound.over(self.root.items(folder)?, self.shared.clock.now_ms(), since);
        if sweep == Sweep::Delete {
            for item in doomed {
                self.root.remove(&format!("{folder}/{}", item.name))?;
            }
        }
        Ok(swept)
    }

    fn tidy_history(&self, bounds: &Bounds, sweep: Sweep) -> Result<Swept, StoreError> {
        let now = self.shared.clock.now_ms();
        let is_gone = |item: &Item| {
            let place = Root::open(Path::new(&item.name));
            place.is_err_and(|error| error.is_absent())
        };
        self.shared.database.with(|connection| {
            let items = histories(connection, now)?;
            let (gone, there): (Vec<_>, Vec<_>) = items.into_iter().partition(is_gone);
            let away =
                Bound { age_ms: bounds.gone_ms.min(bounds.history.age_ms), ..bounds.history };
            let (mut doomed, mut swept) = bounds.history.over(there, now, u64::MAX);
            let (more, of_gone) = away.over(gone, now, u64::MAX);
            doomed.extend(more);
            swept.add(of_gone);
            if sweep == Sweep::Delete {
                forget(connection, &doomed, now)?;
            }
            Ok(swept)
        })
    }
}

/// The workspaces of which there is history, and what it takes. What was never marked counts as
/// used now.
fn histories(connection: &Connection, now: u64) -> Result<Vec<Item>, StoreError> {
    let mut select = connection.prepare(
        "SELECT history.workspace, coalesce(workspaces.last_used, ?1), sum(length(past))
         FROM history LEFT JOIN workspaces USING (workspace) GROUP BY history.workspace",
    )?;
    let items = select.query_map([integer(now)], |row| {
        Ok(Item { name: row.get(0)?, used_ms: time(row, 1)?, bytes: time(row, 2)? })
    })?;
    Ok(items.collect::<Result<_, _>>()?)
}

/// Forgets the history of workspaces, and marks those that stay and were never marked.
fn forget(connection: &mut Connection, doomed: &[Item], now: u64) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for item in doomed {
        transaction.execute("DELETE FROM history WHERE workspace = ?1", [&item.name])?;
    }
    let unknown = "DELETE FROM workspaces WHERE workspace NOT IN (SELECT workspace FROM history)";
    transaction.execute(unknown, [])?;
    let mark = "INSERT OR IGNORE INTO workspaces SELECT DISTINCT workspace, ?1 FROM history";
    transaction.execute(mark, [integer(now)])?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use belljar_disk::Mode;
    use belljar_model::StepName;
    use belljar_model::ports::ActionCache as _;

    use super::*;
    use crate::testing::{FakeClock, Fixture, past};

    const DAYS: Duration = Duration::from_secs(24 * 60 * 60);

    /// Writes a file that was last used so many days before the clock of tests starts.
    fn file(store: &Store, path: &str, days: u64, bytes: usize) {
        store.root.write_atomic(path, &vec![0; bytes], Mode::Private).unwrap();
        let at = i64::try_from((FakeClock::START - days * DAY) * 1_000_000).unwrap();
        store.root.set_mtime(path, at).unwrap();
    }

    fn names(store: &Store, folder: &str) -> Vec<String> {
        store.root.items(folder).unwrap().into_iter().map(|item| item.name).collect()
    }

    #[test]
    fn machine_code_goes_by_age_and_size_and_what_a_run_uses_stays() {
        let fixture = Fixture::new();
        let store = fixture.open();
        for (name, days) in [("old", 31), ("second", 3), ("third", 2), ("used", 0)] {
            file(&store, &format!("aot-v1/{name}.cwasm"), days, 100);
        }
        let bounds =
            Bounds { compiled: Bound { age_ms: 30 * DAY, bytes: 250 }, ..Bounds::default() };
        let expected = store.upkeep(&bounds, Sweep::DryRun).unwrap();
        assert_eq!(names(&store, layout::AOT).len(), 4, "a dry run removes nothing");
        assert_eq!(store.upkeep(&bounds, Sweep::Delete).unwrap(), expected);
        assert_eq!(names(&store, layout::AOT), ["third.cwasm", "used.cwasm"]);
        assert_eq!((expected.compiled.removed, expected.compiled.kept_bytes), (2, 200));
        store.upkeep(&bounds.at_most(0), Sweep::Delete).unwrap();
        assert_eq!(names(&store, layout::AOT), ["used.cwasm"], "it was used since the opening");
    }

    #[test]
    fn what_was_damaged_is_kept_for_a_while_only() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.root.create_dir_all(layout::QUARANTINE).unwrap();
        file(&store, "quarantine/old", 31, 1);
        file(&store, "quarantine/new", 1, 1);
        store.upkeep(&Bounds::default(), Sweep::Delete).unwrap();
        assert_eq!(names(&store, layout::QUARANTINE), ["new"]);
    }

    #[test]
    fn history_goes_with_its_workspace_or_when_nobody_works_there() {
        let fixture = Fixture::new();
        let here = fixture.path().display().to_string();
        let step = StepName::new("lint");
        let store = fixture.open();
        for workspace in [here.as_str(), "/gone", "/gone-just-now"] {
            store.for_workspace(workspace).remember(&step, past(1)).unwrap();
        }
        store.flush().unwrap();
        store.keep_history_of(&here).unwrap();
        store.keep_history_of("/gone").unwrap();
        let known =
            |workspace: &str| !store.for_workspace(workspace).history(&step).unwrap().is_empty();
        let after = |days: u32| {
            fixture.pass(days * DAYS);
            store.upkeep(&Bounds::default(), Sweep::Delete).unwrap();
            [known(&here), known("/gone"), known("/gone-just-now")]
        };
        assert_eq!(after(1), [true, true, true]);
        store.keep_history_of("/gone-just-now").unwrap();
        assert_eq!(after(7), [true, false, true]);
        assert_eq!(after(7), [true, false, false]);
        store.keep_history_of(&here).unwrap();
        assert_eq!(after(89), [true, false, false]);
        assert_eq!(after(2), [false, false, false]);
    }

    #[test]
    fn upkeep_is_due_once_a_day_and_not_while_another_process_works() {
        let fixture = Fixture::new();
        let (store, other) = (fixture.open(), fixture.open());
        assert!(store.is_upkeep_due().unwrap());
        let fault = store.upkeep(&Bounds::default(), Sweep::Delete).unwrap_err();
        assert_eq!(fault.code.as_str(), "E0604");
        assert_eq!(store.undisturbed(|| Ok(())).unwrap(), None);
        drop(other);
        assert_eq!(store.undisturbed(|| Ok(())).unwrap(), Some(()));
        store.upkeep(&Bounds::default(), Sweep::Delete).unwrap();
        assert!(!store.is_upkeep_due().unwrap());
        fixture.pass(2 * DAYS);
        assert!(store.is_upkeep_due().unwrap());
    }
}
