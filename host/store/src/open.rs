//! Opening a store: folders, locks, cleaning up after crashes.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use belljar_disk::{Lock, Mode, Root, TEMP_PREFIX};
use belljar_model::ports::Clock;

use crate::blobs::Blobs;
use crate::database::{Database, is_damage};
use crate::error::StoreError;
use crate::flush::Shared;
use crate::store::Store;
use crate::trust::{Judge, Trust};
use crate::{layout, notes};

/// How many files are in reserve, and what each takes in bytes: enough for a database that is
/// opened, and for a small change of it.
const RESERVED: (usize, usize) = (6, 64 << 10);

pub(crate) fn open(place: &Path, clock: Arc<dyn Clock>, trust: Trust) -> Result<Store, StoreError> {
    let root = Root::create(place)?;
    let explained = |error: StoreError| error.explained(&root, 0);
    match open_in(root.clone(), Arc::clone(&clock), trust.clone()).map_err(explained) {
        // What is in reserve is there for this: a full store must be opened to be made smaller.
        Err(error) if error.is_full() && root.remove_dir_all(layout::RESERVE).unwrap_or(false) => {
            open_in(root.clone(), clock, trust).map_err(explained)
        }
        opened => opened,
    }
}

fn open_in(root: Root, clock: Arc<dyn Clock>, trust: Trust) -> Result<Store, StoreError> {
    let opening = Lock::exclusive(&root, layout::OPENING)?;
    root.create_dir_all(layout::TEMP)?;
    root.create_dir_all(layout::BLOBS)?;
    root.create_dir_all(layout::PINS)?;
    root.create_private_dir(layout::AOT)?;
    let opened = clock.now_ms();
    let mut remarks = Vec::new();
    let database = if let Some(alone) = Lock::try_exclusive(&root, layout::LEASE)? {
        remove_strays(&root)?;
        let database = open_or_replace(&root, opened, &mut remarks)?;
        reserve(&root);
        drop(alone);
        database
    } else {
        Database::open(root.path().join(layout::DATABASE))?
    };
    let lease = Lock::shared(&root, layout::LEASE)?;
    drop(opening);
    let shared = Arc::new(Shared::new(Blobs::new(&root)?, database, clock, Judge::new(trust)));
    Ok(Store {
        root,
        shared,
        lease: Mutex::new(lease),
        relieved: AtomicBool::new(false),
        opened,
        remarks,
    })
}

/// Sets some room aside, if there is any. Only for the one that has the store alone.
fn reserve(root: &Root) {
    if !matches!(root.stat(layout::RESERVE), Ok(None)) {
        return;
    }
    let (files, bytes) = RESERVED;
    // On a disk that is nearly full the room is of more use to the run.
    let needed = 4 * (files * bytes) as u64;
    if root.free_bytes().unwrap_or(0) < needed || root.create_dir_all(layout::RESERVE).is_err() {
        return;
    }
    for number in 0..files {
        let _ =
            root.write_new(&format!("{}/{number}", layout::RESERVE), &vec![0; bytes], Mode::Plain);
    }
}

/// Removes what crashed processes left. Only for the one that has the store alone.
fn remove_strays(root: &Root) -> Result<(), StoreError> {
    for folder in ["", layout::TEMP, layout::PINS, layout::AOT] {
        for stray in root.list(folder)? {
            let Some(name) = stray.name.to_str() else { continue };
            // What is in the folder for blobs in the making is nothing else, whatever its name.
            let is_stray = folder == layout::TEMP
                || name.starts_with(TEMP_PREFIX)
                || (folder == layout::AOT && name.ends_with(layout::DRAFT));
            if is_stray {
                root.remove(&format!(
                    "{folder}{}{name}",
                    if folder.is_empty() { "" } else { "/" }
                ))?;
            }
        }
    }
    Ok(())
}

/// Opens the database. One that is damaged, as it turns out now or did in an earlier process, is
/// moved aside: the blobs are still there, and records can be made again. Only for the one that
/// has the store alone.
fn open_or_replace(
    root: &Root,
    now: u64,
    remarks: &mut Vec<String>,
) -> Result<Database, StoreError> {
    let path = root.path().join(layout::DATABASE);
    let told = root.read_if_there(layout::CONDEMNED)?;
    let why = match told {
        Some(why) => String::from_utf8_lossy(&why).into_owned(),
        None => match Database::open(path.clone()) {
            Err(StoreError::Database(error)) if is_damage(&error) => error.to_string(),
            opened => return opened,
        },
    };
    // They say that steps are on record which will not be.
    notes::forget(root)?;
    root.create_dir_all(layout::QUARANTINE)?;
    for suffix in ["-wal", "-shm", ""] {
        let name = format!("{}{suffix}", layout::DATABASE);
        if root.stat(&name)?.is_some() {
            let aside = format!("{}/{name}-{now}", layout::QUARANTINE);
            root.rename(&name, &aside)?;
            root.touch(&aside)?;
        }
    }
    // Only now: interrupted before, the next process moves the rest.
    root.remove(layout::CONDEMNED)?;
    remarks.push(format!(
        "the store's database was damaged ({why}) and is now in `{}`; every step runs once more, \
         and nothing else is lost",
        root.path().join(layout::QUARANTINE).display()
    ));
    Database::open(path)
}

#[cfg(test)]
mod tests {
    use belljar_model::Digest;
    use belljar_model::ports::{BlobSource as _, BlobStore as _};

    use super::*;
    use crate::notes::Notes;
    use crate::testing::{FakeClock, Fixture};
    use crate::trust::MachineKey;

    #[test]
    fn strays_of_a_crash_go_away_once_nobody_uses_the_store() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let stray = format!("{}/stray", layout::TEMP);
        store.root.write_atomic(&stray, b"half a blob", Mode::Sealed).unwrap();
        drop(fixture.open());
        assert!(store.root.stat(&stray).unwrap().is_some(), "the first process may still need it");
        drop(store);
        let store = fixture.open();
        assert_eq!(store.root.stat(&stray).unwrap(), None);
    }

    #[test]
    fn what_a_process_that_died_while_it_compiled_left_goes_and_what_it_finished_stays() {
        let fixture = Fixture::new();
        let root = fixture.open().root.clone();
        let (draft, code) = (format!("{}/a.7-0.draft", layout::AOT), "aot-v1/a.cwasm");
        root.write_atomic(&draft, b"half", Mode::Private).unwrap();
        root.write_atomic(code, b"whole", Mode::Private).unwrap();
        drop(fixture.open());
        assert_eq!(root.stat(&draft).unwrap(), None);
        assert!(root.stat(code).unwrap().is_some());
    }

    #[test]
    fn a_file_that_is_no_database_is_moved_aside() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let digest = store.put(b"kept").unwrap();
        drop(store);
        let root = Root::open(fixture.path()).unwrap();
        let (key, name) = (MachineKey::from_secret(&[1; 32]), Digest::of(b"a"));
        let notes = || Notes::of(fixture.path(), &key).unwrap();
        notes().write(&name, b"all is on record").unwrap();
        let noise = [b'x'; 4096];
        root.write_atomic(layout::DATABASE, &noise, Mode::Plain).unwrap();
        let store = fixture.open();
        assert_eq!(notes().read(&name), None, "what it says is not on record any more");
        assert_eq!(store.get(&digest).unwrap().unwrap(), "kept");
        assert_eq!(store.remarks().len(), 1);
        let name = format!("{}-{}", layout::DATABASE, FakeClock::START);
        let aside = format!("{}/{name}", layout::QUARANTINE);
        assert_eq!(root.read(&aside).unwrap(), noise);
    }

    #[test]
    fn a_database_that_turns_out_to_be_damaged_is_replaced_by_the_next_process() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let damaged = |_: &mut rusqlite::Connection| -> Result<(), StoreError> {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            Err(rusqlite::Error::SqliteFailure(code, None).into())
        };
        assert!(store.shared.database.with(damaged).is_err());
        drop(store);
        let store = fixture.open();
        assert_eq!(store.remarks().len(), 1, "{:?}", store.remarks());
        assert!(store.verify().unwrap().is_clean());
        drop(store);
        assert_eq!(fixture.open().remarks(), [""; 0], "it is said once");
    }

    #[test]
    fn a_database_is_not_moved_while_another_process_uses_the_store() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let empty_log = |connection: &mut rusqlite::Connection| {
            Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
        };
        store.shared.database.with(empty_log).unwrap();
        let noise = [b'x'; 4096];
        store.root.write_atomic(layout::DATABASE, &noise, Mode::Plain).unwrap();
        assert!(Store::open(fixture.path(), fixture.clock(), fixture.trust.clone()).is_err());
        assert_eq!(store.root.read(layout::DATABASE).unwrap(), noise);
    }
}
