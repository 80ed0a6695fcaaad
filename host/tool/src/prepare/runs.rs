//! Runs: the folders in which runs happen, and what dead processes left of them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use belljar_disk::{DiskError, Lock, Root, random};
use belljar_model::{Digest, Fault};

use crate::fault;

/// The end of the name of a file that a process holds locked for as long as it lives.
pub(crate) const ALIVE: &str = ".alive";

/// The folder of run folders, as one process uses it.
///
/// Each folder that is made here is removed soon after, and file systems do not like that: ext4
/// goes around the numbers of what was removed within minutes, one by one. So a run has as few as
/// possible.
#[derive(Debug)]
pub(crate) struct Runs {
    root: Root,
    owner: String,
    /// What the runs of this process are in, once there is one. Nobody else can look into it.
    own: OnceLock<Root>,
    next: AtomicU64,
    _alive: Lock,
}

impl Runs {
    /// Opens the folder, after removing the run folders of processes that are dead.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        let root = Root::create(path).map_err(|error| fault::disk(&error))?;
        let bytes = random().map_err(|error| fault::disk(&error))?;
        let owner = Digest::of(&bytes).short();
        let alive = Lock::exclusive(&root, &format!("{owner}{ALIVE}"));
        let alive = alive.map_err(|error| fault::disk(&error))?;
        sweep(&root, &owner);
        let (own, next) = (OnceLock::new(), AtomicU64::new(0));
        Ok(Self { root, owner, own, next, _alive: alive })
    }

    /// Makes an empty run folder. With a `stable` name it is always the same one, which only the
    /// holder of a lock may ask for.
    pub(crate) fn start(&self, stable: Option<&str>) -> Result<RunFolder, Fault> {
        let made = match stable {
            Some(stable) => self.stable(&format!("state-{stable}")),
            None => self.another(),
        };
        made.map_err(|error| fault::disk(&error))
    }

    fn stable(&self, name: &str) -> Result<RunFolder, DiskError> {
        self.root.clear(name)?;
        self.root.create_private_dir(name)?;
        let folder = self.root.folder_itself(name)?;
        let (work, tmp) = places(&folder, ["work", "tmp"])?;
        Ok(RunFolder { root: self.root.clone(), removed: [name.to_owned()].into(), work, tmp })
    }

    fn another(&self) -> Result<RunFolder, DiskError> {
        let own = if let Some(own) = self.own.get() {
            own
        } else {
            let name = self.own_name();
            self.root.create_private_dir(&name)?;
            let made = self.root.folder_itself(&name)?;
            self.own.get_or_init(|| made)
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let names = [number.to_string(), format!("{number}.tmp")];
        let (work, tmp) = places(own, [&names[0], &names[1]])?;
        Ok(RunFolder { root: own.clone(), removed: names.into(), work, tmp })
    }

    fn own_name(&self) -> String {
        format!("run-{}-all", self.owner)
    }
}

/// Makes the first place, and says where the second one would be.
fn places(folder: &Root, [work, tmp]: [&str; 2]) -> Result<(Root, PathBuf), DiskError> {
    folder.place_folder(work)?;
    Ok((folder.folder_itself(work)?, folder.path().join(tmp)))
}

impl Drop for Runs {
    fn drop(&mut self) {
        // What is left is swept later.
        if self.root.clear(&self.own_name()).is_ok() {
            let _ = self.root.remove(&format!("{}{ALIVE}", self.owner));
        }
    }
}

/// Removes what dead processes left. What cannot be removed stays for the next time.
fn sweep(root: &Root, own: &str) {
    let Ok(listed) = root.list("") else { return };
    let names: Vec<_> = listed.iter().filter_map(|entry| entry.name.to_str()).collect();
    for alive in names.iter().filter(|name| name.ends_with(ALIVE)) {
        let owner = alive.trim_end_matches(ALIVE);
        if owner == own || !matches!(Lock::try_exclusive(root, alive), Ok(Some(_))) {
            continue;
        }
        let left = names.iter().filter(|name| name.starts_with(&format!("run-{owner}-")));
        if left.map(|name| root.clear(name)).all(|cleared| cleared.is_ok()) {
            let _ = root.remove(alive);
        }
    }
}

/// The folder of one run; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    root: Root,
    /// What is removed.
    removed: Vec<String>,
    /// Where the work tree is made.
    pub(crate) work: Root,
    /// For temporary files: whoever needs the folder makes it.
    pub(crate) tmp: PathBuf,
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        for name in &self.removed {
            if let Err(error) = self.root.clear(name) {
                tracing::warn!(%error, "a run folder is left");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_uses_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let living = Runs::open(folder.path()).unwrap();
        let used = living.start(None).unwrap();
        root.create_dir_all("run-dead-0/work/a").unwrap();
        root.write_atomic("dead.alive", b"", belljar_disk::Mode::Plain).unwrap();
        drop(Runs::open(folder.path()).unwrap());
        assert!(root.stat("run-dead-0").unwrap().is_none());
        assert!(root.stat("dead.alive").unwrap().is_none());
        assert!(used.work.path().is_dir());
        drop(used);
        let own = living.own.get().unwrap().clone();
        assert_eq!(own.list("").unwrap(), [], "it is removed when it is over");
        drop(living);
        assert_eq!(root.list("").unwrap(), []);
    }

    #[test]
    fn a_stable_folder_is_empty_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::open(folder.path()).unwrap();
        let first = runs.start(Some("x")).unwrap();
        first.work.place_folder("left").unwrap();
        std::mem::forget(first); // as if the host had died
        let second = runs.start(Some("x")).unwrap();
        assert_eq!(second.work.list("").unwrap(), []);
    }
}
