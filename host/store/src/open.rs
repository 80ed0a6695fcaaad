//! Opening a store: folders, locks, cleaning up after crashes.

use std::path::Path;
use std::sync::{Arc, Mutex};

use belljar_disk::{Lock, Root};
use belljar_model::ports::Clock;
use rusqlite::ErrorCode;

use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::StoreError;
use crate::flush::Shared;
use crate::layout;
use crate::store::Store;
use crate::trust::{Judge, Trust};

pub(crate) fn open(place: &Path, clock: Arc<dyn Clock>, trust: Trust) -> Result<Store, StoreError> {
    let root = Root::create(place)?;
    let opening = Lock::exclusive(&root, layout::OPENING)?;
    root.create_dir_all(layout::TEMP)?;
    root.create_dir_all(layout::BLOBS)?;
    root.create_dir_all(layout::PINS)?;
    root.create_private_dir(layout::AOT)?;
    let opened = clock.now_ms();
    let database = if let Some(alone) = Lock::try_exclusive(&root, layout::LEASE)? {
        remove_strays(&root)?;
        let database = open_or_replace(&root, opened)?;
        drop(alone);
        database
    } else {
        Database::open(root.path().join(layout::DATABASE))?
    };
    let lease = Lock::shared(&root, layout::LEASE)?;
    drop(opening);
    let shared = Arc::new(Shared::new(Blobs::new(&root)?, database, clock, Judge::new(trust)));
    Ok(Store { root, shared, lease: Mutex::new(Some(lease)), opened, remarks: Vec::new() })
}

/// Removes what crashed processes left. Only for the one that has the store alone.
fn remove_strays(root: &Root) -> Result<(), StoreError> {
    for stray in root.list(layout::TEMP)? {
        if let Some(name) = stray.name.to_str() {
            root.remove(&format!("{}/{name}", layout::TEMP))?;
        }
    }
    Ok(())
}

/// Opens the database. A file that is no database at all is moved aside, never deleted: the
/// blobs are still there, and records can be made again. Only for the one that has the store
/// alone.
fn open_or_replace(root: &Root, now: u64) -> Result<Database, StoreError> {
    let path = root.path().join(layout::DATABASE);
    match Database::open(path.clone()) {
        Err(StoreError::Database(error))
            if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) =>
        {
            for suffix in ["", "-wal", "-shm"] {
                let name = format!("{}{suffix}", layout::DATABASE);
                if root.stat(&name)?.is_some() {
                    root.rename(&name, &format!("{name}.damaged-{now}"))?;
                }
            }
            Database::open(path)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use belljar_disk::Mode;
    use belljar_model::ports::{BlobSource as _, BlobStore as _};

    use super::*;
    use crate::testing::{FakeClock, Fixture};

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
    fn a_file_that_is_no_database_is_moved_aside() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let digest = store.put(b"kept").unwrap();
        drop(store);
        let root = Root::open(fixture.path()).unwrap();
        let noise = [b'x'; 4096];
        root.write_atomic(layout::DATABASE, &noise, Mode::Plain).unwrap();
        let store = fixture.open();
        assert_eq!(store.get(&digest).unwrap().unwrap(), "kept");
        let aside = format!("{}.damaged-{}", layout::DATABASE, FakeClock::START);
        assert_eq!(root.read(&aside).unwrap(), noise);
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
