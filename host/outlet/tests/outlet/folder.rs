//! A storage in a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use belljar_disk::TEMP_PREFIX;
use belljar_model::WorkspacePath;
use belljar_model::ports::OutletError;
use belljar_outlet::{Storage, open_storage, parse_storage};
use bytes::Bytes;

use crate::contract;
use crate::parts::{path, secrets};

const LOCK: &str = ".belljar-storage.lock";

fn open(workspace: &Path) -> Box<dyn Storage> {
    let place = parse_storage("fs:live/site").unwrap();
    open_storage(&place, workspace, &secrets(&[])).unwrap()
}

#[test]
fn a_folder_is_a_storage() {
    let folder = tempfile::tempdir().unwrap();
    contract::holds_for(&*open(folder.path()));
}

#[test]
fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    assert!(storage.list(&WorkspacePath::root()).unwrap().is_empty());
    assert_eq!(storage.read(&path("a")), Err(OutletError::NotFound));
    storage.remove(&path("a")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn of_many_swaps_at_once_exactly_one_wins() {
    const RIVALS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let live = path("live");
    let mut before: Option<Bytes> = None;
    for round in 0..10 {
        let start = Barrier::new(RIVALS);
        let rival = |rival: usize| {
            let storage = open(folder.path());
            let data = Bytes::from(format!("{round} {rival}"));
            start.wait();
            match storage.swap(&live, before.as_ref(), &data) {
                Ok(()) => Some(data),
                Err(error) => {
                    assert_eq!(error, OutletError::Conflict);
                    None
                }
            }
        };
        let won: Vec<Bytes> = thread::scope(|scope| {
            let rivals: Vec<_> =
                (0..RIVALS).map(|number| scope.spawn(move || rival(number))).collect();
            rivals.into_iter().filter_map(|rival| rival.join().unwrap()).collect()
        });
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(open(folder.path()).read(&live).unwrap(), won[0]);
        before = won.into_iter().next();
    }
}

#[test]
fn nobody_sees_a_part_of_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let object = path("a/object");
    let versions = [b'a', b'b'].map(|letter| Bytes::from(vec![letter; 1 << 18]));
    storage.write(&object, &versions[0]).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..20 {
                storage.write(&object, &versions[round % 2]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            assert!(versions.contains(&storage.read(&object).unwrap()));
            let listed = storage.list(&WorkspacePath::root()).unwrap();
            assert_eq!(listed.len(), 1, "{listed:?}");
            assert_eq!(listed[0].size, 1 << 18);
        }
    });
}

#[test]
fn what_a_killed_process_leaves_is_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    storage.write(&path("a/b"), &Bytes::from_static(b"1")).unwrap();
    let left = format!("{TEMP_PREFIX}left");
    fs::write(folder.path().join("live/site/a").join(&left), "hal").unwrap();
    let listed = storage.list(&WorkspacePath::root()).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    for name in [LOCK.to_owned(), left.clone(), format!("a/{left}"), format!("{left}/a")] {
        let object = path(&name);
        let data = Bytes::from_static(b"1");
        for result in [
            storage.read(&object).map(drop),
            storage.write(&object, &data),
            storage.swap(&object, None, &data),
            storage.remove(&object),
        ] {
            assert!(matches!(result, Err(OutletError::Denied(_))), "{name}: {result:?}");
        }
    }
    // Users may be served from there, so the next one who writes there takes it away.
    storage.write(&path("a/c"), &Bytes::from_static(b"1")).unwrap();
    assert!(!folder.path().join("live/site/a").join(&left).exists());
}

#[test]
fn what_is_removed_leaves_no_empty_folders() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let data = Bytes::from_static(b"1");
    for name in ["a/b/c/d", "a/e"] {
        storage.write(&path(name), &data).unwrap();
    }
    storage.remove(&path("a/b/c/d")).unwrap();
    let place = folder.path().join("live/site");
    assert!(!place.join("a/b").exists() && place.join("a/e").exists());
    storage.remove(&path("a/e")).unwrap();
    assert!(!place.join("a").exists() && place.exists());
    storage.remove(&path("a/e")).unwrap();
}

#[test]
fn a_write_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let data = Bytes::from_static(b"1");
    storage.write(&path("a/b"), &data).unwrap();
    for name in ["a", "a/b/c"] {
        let error = storage.write(&path(name), &data).unwrap_err();
        assert!(matches!(error, OutletError::Denied(_)), "{name}: {error:?}");
    }
    let in_place = fs::read_dir(folder.path().join("live/site")).unwrap();
    let mut names: Vec<_> = in_place.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [LOCK, "a"]);
}

#[test]
fn no_link_leads_out() {
    belljar_cases::case!("C05");
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path());
    let data = Bytes::from_static(b"1");
    storage.write(&path("kept"), &data).unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "private").unwrap();
    let inside = folder.path().join("live/site");
    symlink(&outside, inside.join("absolute")).unwrap();
    symlink("../../outside", inside.join("upwards")).unwrap();
    symlink(outside.join("file"), inside.join("link")).unwrap();
    for name in ["absolute/file", "upwards/file", "absolute/new", "upwards/new/deep"] {
        let object = path(name);
        for result in [
            storage.list(&object).map(drop),
            storage.read(&object).map(drop),
            storage.write(&object, &data),
            storage.swap(&object, None, &data),
            storage.remove(&object),
        ] {
            assert!(result.is_err(), "{name}");
        }
    }
    assert!(matches!(storage.read(&path("link")), Err(OutletError::Denied(_))));
    assert_eq!(storage.list(&WorkspacePath::root()).unwrap().len(), 1, "links are no objects");
    // A link in the last place is replaced, not followed.
    storage.write(&path("link"), &data).unwrap();
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"private");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}
