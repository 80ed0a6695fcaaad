//! Upkeep: what native tools leave in the host's folders is bounded by age and by size.
//!
//! State folders (`grants.state`) are there so that a tool need not begin from nothing; who comes
//! back to one that was removed waits longer once. Run folders are removed when their run ends,
//! and those of dead processes by the next process that runs tools; here, nobody need come.
//!
//! Nobody may begin to run tools meanwhile. What somebody holds locked stays all the same.

use std::path::Path;

use belljar_disk::{Bound, DiskError, Item, Lock, Root, Swept};

use crate::prepare::{ALIVE, LOCK};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// How long and how much is kept of the state folders of all workspaces, unless the user says
/// otherwise.
pub const STATE: Bound = Bound { age_ms: 30 * DAY, bytes: 20 << 30 };

/// Whether to delete, or only to count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// Delete.
    Delete,
    /// Only count.
    Count,
}

/// Removes the state folders of workspaces in which no tool ran for long, then those that were
/// used least recently until the rest fits. `folder` has one for each workspace.
///
/// # Errors
/// When something cannot be looked at or removed.
pub fn states(
    folder: &Path,
    bound: Bound,
    now_ms: u64,
    manner: Manner,
) -> Result<Swept, DiskError> {
    let Some(root) = open(folder)? else { return Ok(Swept::default()) };
    let (mut items, mut in_use) = (Vec::new(), Vec::new());
    for workspace in root.list("")? {
        let Some(name) = workspace.name.to_str().map(str::to_owned) else { continue };
        let bytes = root.bytes_below(&name);
        match last_used(&root, &name)? {
            Some(used_ms) => items.push(Item { name, used_ms, bytes }),
            None => in_use.push(bytes),
        }
    }
    let taken = in_use.iter().sum::<u64>();
    let bound = bound.at_most(bound.bytes.saturating_sub(taken));
    let (doomed, mut swept) = bound.over(items, now_ms, u64::MAX);
    for bytes in in_use {
        swept.keep(bytes);
    }
    if manner == Manner::Delete {
        for item in doomed {
            root.clear(&item.name)?;
        }
    }
    Ok(swept)
}

/// Removes the run folders of processes that are dead.
///
/// # Errors
/// When something cannot be looked at or removed.
pub fn runs(folder: &Path, manner: Manner) -> Result<Swept, DiskError> {
    let mut swept = Swept::default();
    let Some(root) = open(folder)? else { return Ok(swept) };
    let listed = root.list("")?;
    let names: Vec<_> = listed.iter().filter_map(|entry| entry.name.to_str()).collect();
    let mut living = Vec::new();
    for alive in names.iter().filter(|name| name.ends_with(ALIVE)) {
        if Lock::try_exclusive(&root, alive)?.is_none() {
            living.push(alive.trim_end_matches(ALIVE));
        } else if manner == Manner::Delete {
            root.remove(alive)?;
        }
    }
    for name in names.iter().filter(|name| !name.ends_with(ALIVE)) {
        let bytes = root.bytes_below(name);
        // A run folder with a stable name does not say whose it is.
        let is_stable = name.starts_with("state-") && !living.is_empty();
        let is_of = |owner: &&str| name.starts_with(&format!("run-{owner}-"));
        if is_stable || living.iter().any(is_of) {
            swept.keep(bytes);
            continue;
        }
        swept.remove(bytes);
        if manner == Manner::Delete {
            root.clear(name)?;
        }
    }
    Ok(swept)
}

/// The folder, if it is there.
fn open(folder: &Path) -> Result<Option<Root>, DiskError> {
    match Root::open(folder) {
        Err(error) if error.is_absent() => Ok(None),
        opened => opened.map(Some),
    }
}

/// When a run last used a state folder of a workspace; `None` while one does.
fn last_used(root: &Root, workspace: &str) -> Result<Option<u64>, DiskError> {
    let own = root.stat(workspace)?.map_or(0, |stat| stat.mtime_ms());
    let Ok(folder) = root.folder_itself(workspace) else { return Ok(Some(own)) };
    let mut last = None;
    for lock in folder.list("")? {
        let Some(name) = lock.name.to_str().filter(|name| name.ends_with(LOCK)) else { continue };
        if Lock::try_exclusive(&folder, name)?.is_none() {
            return Ok(None);
        }
        last = last.max(folder.stat(name)?.map(|stat| stat.mtime_ms()));
    }
    Ok(Some(last.unwrap_or(own)))
}

#[cfg(test)]
mod tests {
    use belljar_disk::Mode;
    use belljar_model::WorkspacePath;
    use belljar_model::ports::Cancel;
    use belljar_model::tool::StateMount;

    use super::*;
    use crate::prepare::{Runs, hold};

    const NOW: u64 = 1_000 * DAY;

    /// The state of a workspace that was last used so many days ago, and takes some bytes.
    fn state(root: &Root, workspace: &str, days: u64, bytes: usize) {
        root.create_dir_all(&format!("{workspace}/cache/deep")).unwrap();
        let at = i64::try_from((NOW - days * DAY) * 1_000_000).unwrap();
        let place = |name: &str, bytes: usize| {
            let path = format!("{workspace}/{name}");
            root.place_file(&path, &vec![0; bytes], Mode::Plain, at).unwrap();
        };
        place("cache/deep/file", bytes);
        place("cache.lock", 0);
    }

    fn names(root: &Root) -> Vec<String> {
        let listed = root.list("").unwrap().into_iter();
        listed.map(|entry| entry.name.into_string().unwrap()).collect()
    }

    #[test]
    fn state_goes_when_it_was_not_used_for_long_or_takes_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        state(&root, "large", 3, 600);
        state(&root, "new", 1, 500);
        state(&root, "old", 31, 1);
        let bound = Bound { age_ms: 30 * DAY, bytes: 1_000 };
        let counted = states(folder.path(), bound, NOW, Manner::Count).unwrap();
        assert_eq!(names(&root), ["large", "new", "old"], "it was only counted");
        assert_eq!(states(folder.path(), bound, NOW, Manner::Delete).unwrap(), counted);
        assert_eq!(names(&root), ["new"]);
        assert_eq!((counted.removed, counted.removed_bytes, counted.kept_bytes), (2, 601, 500));
    }

    #[test]
    fn state_that_a_run_holds_stays_and_is_there_for_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        state(&root, "ours", 31, 10);
        let path = WorkspacePath::parse("x").unwrap();
        let mounts = [StateMount { name: "cache".to_owned(), path }];
        let take = || hold(&folder.path().join("ours"), &mounts, &Cancel::new()).unwrap();
        let held = take();
        let none = Bound { age_ms: 0, bytes: 0 };
        let swept = states(folder.path(), none, NOW, Manner::Delete).unwrap();
        assert_eq!((swept.removed, swept.kept, names(&root)), (0, 1, vec!["ours".to_owned()]));
        drop(held);
        // The use counts, by the real clock, which is far behind or ahead of `NOW`.
        let used = last_used(&root, "ours").unwrap().unwrap();
        assert!(used > NOW, "it was touched when it was taken: {used}");
        states(folder.path(), none, u64::MAX, Manner::Delete).unwrap();
        assert_eq!(names(&root), [""; 0]);
        assert!(take().is_some(), "it begins afresh");
    }

    #[test]
    fn run_folders_of_the_dead_go_even_if_nothing_says_whose_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let living = Runs::open(folder.path()).unwrap();
        let used = living.start(None).unwrap();
        for dead in ["run-dead-0/work", "state-place-cache/work"] {
            root.create_dir_all(dead).unwrap();
        }
        root.write_atomic("dead.alive", b"", Mode::Plain).unwrap();
        let swept = runs(folder.path(), Manner::Delete).unwrap();
        assert_eq!((swept.removed, swept.kept), (1, 2), "{:?}", names(&root));
        assert!(used.work.path().is_dir());
        drop((used, living));
        assert_eq!(runs(folder.path(), Manner::Delete).unwrap().removed, 1);
        assert_eq!(names(&root), [""; 0]);
        assert_eq!(runs(&folder.path().join("nowhere"), Manner::Delete).unwrap(), Swept::default());
    }
}
