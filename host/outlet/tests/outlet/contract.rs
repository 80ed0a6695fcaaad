//! What every storage does, whatever it is made of.

use belljar_model::WorkspacePath;
use belljar_model::ports::{MAX_ANSWER, OutletError};
use belljar_outlet::Storage;
use bytes::Bytes;

use crate::parts::path;

fn listed(storage: &dyn Storage, prefix: &WorkspacePath) -> Vec<(String, u64)> {
    let objects = storage.list(prefix).unwrap().into_iter();
    objects.map(|object| (object.path.as_str().to_owned(), object.size)).collect()
}

/// Goes through all calls on a storage in which nothing is.
pub(crate) fn holds_for(storage: &dyn Storage) {
    objects_are_kept_listed_and_removed(storage);
    a_swap_needs_what_was_expected(storage);
    a_large_object_is_written_and_not_read(storage);
}

fn objects_are_kept_listed_and_removed(storage: &dyn Storage) {
    assert!(listed(storage, &WorkspacePath::root()).is_empty());
    assert_eq!(storage.read(&path("a")), Err(OutletError::NotFound));
    storage.remove(&path("a/b")).unwrap();
    for (name, data) in [("b", "12"), ("a/c/d", ""), ("a/b", "1"), ("ab/x y+ü%", "123")] {
        storage.write(&path(name), &Bytes::from_static(data.as_bytes())).unwrap();
        assert_eq!(storage.read(&path(name)).unwrap(), data, "{name}");
    }
    storage.write(&path("b"), &Bytes::from_static(b"other")).unwrap();
    assert_eq!(storage.read(&path("b")).unwrap(), "other");
    let all = [("a/b", 1), ("a/c/d", 0), ("ab/x y+ü%", 3), ("b", 5)];
    let all = all.map(|(name, size)| (name.to_owned(), size));
    assert_eq!(listed(storage, &WorkspacePath::root()), all);
    assert_eq!(listed(storage, &path("a")), all[..2], "segments, not letters");
    assert_eq!(listed(storage, &path("b")), all[3..]);
    assert!(listed(storage, &path("c")).is_empty());
    for (name, _) in all {
        storage.remove(&path(&name)).unwrap();
        assert_eq!(storage.read(&path(&name)), Err(OutletError::NotFound));
    }
    assert!(listed(storage, &WorkspacePath::root()).is_empty());
}

fn a_swap_needs_what_was_expected(storage: &dyn Storage) {
    let live = path("pointers/live");
    let [one, two] = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
    assert_eq!(storage.swap(&live, Some(&one), &two), Err(OutletError::Conflict));
    assert_eq!(storage.read(&live), Err(OutletError::NotFound));
    storage.swap(&live, None, &one).unwrap();
    assert_eq!(storage.swap(&live, None, &two), Err(OutletError::Conflict));
    assert_eq!(storage.swap(&live, Some(&two), &two), Err(OutletError::Conflict));
    assert_eq!(storage.read(&live).unwrap(), one);
    storage.swap(&live, Some(&one), &two).unwrap();
    assert_eq!(storage.read(&live).unwrap(), two);
    storage.remove(&live).unwrap();
}

fn a_large_object_is_written_and_not_read(storage: &dyn Storage) {
    let large = path("large");
    let data = Bytes::from(vec![b'a'; usize::try_from(MAX_ANSWER).unwrap() + 1]);
    storage.write(&large, &data).unwrap();
    assert_eq!(storage.read(&large), Err(OutletError::TooLarge));
    let small = Bytes::new();
    assert_eq!(storage.swap(&large, Some(&small), &small), Err(OutletError::Conflict));
    assert_eq!(listed(storage, &large), [("large".to_owned(), MAX_ANSWER + 1)]);
    storage.write(&large, &data.slice(1..)).unwrap();
    assert_eq!(storage.read(&large).unwrap(), data.slice(1..));
    storage.remove(&large).unwrap();
}
