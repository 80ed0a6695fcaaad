//! Runs: the folders in which runs happen, and what dead processes left of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_disk::{DiskError, Lock, Root, random};
use belljar_model::{Digest, Fault};

use crate::fault;

/// The end of the name of a file that a process holds locked for as long as it lives.
pub(crate) const ALIVE: &str = ".alive";

/// The folder of run folders, as one process uses it.
///
/// A run folder that is empty again is for another run of the same process: file systems do not
/// like it when many folders are made and removed. Ext4 goes around the numbers of what was removed
/// within minutes, one by one.
#[derive(Debug)]
pub(crate) struct Runs {
    root: Root,
    owner: String,
    slots: Arc<Mutex<Slots>>,
    _alive: Lock,
}

/// The numbers of the run folders that there are.
#[derive(Debug, Default)]
struct Slots {
    /// Of those that no run uses.
    free: Vec<u64>,
    /// How many were given out.
    made: u64,
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
        Ok(Self { root, owner, slots: Arc::default(), _alive: alive })
    }

    /// Makes an empty run folder. With a `stable` name it is always the same one, which only the
    /// holder of a lock may ask for.
    pub(crate) fn start(&self, stable: Option<&str>) -> Result<RunFolder, Fault> {
        let made = match stable {
            Some(stable) => {
                let name = format!("state-{stable}");
                self.root.clear(&name).and_then(|_| self.make(name, None))
            }
            None => self.in_a_slot(),
        };
        made.map_err(|error| fault::disk(&error))
    }

    fn in_a_slot(&self) -> Result<RunFolder, DiskError> {
        let number = {
            let mut slots = locked(&self.slots);
            slots.free.pop().unwrap_or_else(|| {
                slots.made += 1;
                slots.made - 1
            })
        };
        let slot = Slot { number, slots: Arc::clone(&self.slots) };
        self.make(self.name_of(number), Some(slot))
    }

    fn make(&self, name: String, slot: Option<Slot>) -> Result<RunFolder, DiskError> {
        self.root.create_private_dir(&name)?;
        // The tool of an earlier run may have let others in.
        self.root.keep_private(&name)?;
        let folder = self.root.folder_itself(&name)?;
        folder.place_folder("work")?;
        let work = folder.folder_itself("work")?;
        let tmp = folder.path().join("tmp");
        Ok(RunFolder { runs: self.root.clone(), name, folder, slot, work, tmp })
    }

    fn name_of(&self, slot: u64) -> String {
        format!("run-{}-{slot}", self.owner)
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        let made = locked(&self.slots).made;
        let left = (0..made).filter(|slot| self.root.clear(&self.name_of(*slot)).is_err());
        // What is left is swept later.
        if left.count() == 0 {
            let _ = self.root.remove(&format!("{}{ALIVE}", self.owner));
        }
    }
}

fn locked(slots: &Mutex<Slots>) -> MutexGuard<'_, Slots> {
    slots.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The folder of one run; empty again, or removed, when it is dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    runs: Root,
    name: String,
    folder: Root,
    slot: Option<Slot>,
    /// Where the work tree is made.
    pub(crate) work: Root,
    /// For temporary files: whoever needs the folder makes it.
    pub(crate) tmp: PathBuf,
}

/// A run folder that can be used again.
#[derive(Debug)]
struct Slot {
    number: u64,
    slots: Arc<Mutex<Slots>>,
}

impl RunFolder {
    /// Leaves nothing in it.
    fn empty(&self) -> bool {
        let cleared = ["work", "tmp"].map(|part| self.folder.clear(part));
        let left = self.folder.list("");
        cleared.iter().all(Result::is_ok) && left.is_ok_and(|left| left.is_empty())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if let Some(Slot { number, slots }) = &self.slot
            && self.empty()
        {
            locked(slots).free.push(*number);
            return;
        }
        // A tool without walls may have put something beside what it was given. Its slot is not
        // used again.
        if let Err(error) = self.runs.clear(&self.name) {
            tracing::warn!(%error, "a run folder is left");
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
        drop((used, living));
        assert_eq!(root.list("").unwrap(), []);
    }

    #[test]
    fn a_folder_is_used_again_only_if_it_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::open(folder.path()).unwrap();
        let (first, second) = (runs.start(None).unwrap(), runs.start(None).unwrap());
        assert_ne!(first.name, second.name, "both are in use");
        let name = first.name.clone();
        first.work.create_dir_all("a/b").unwrap();
        std::fs::create_dir_all(first.tmp.join("home")).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path().join(&name), open).unwrap();
        drop(first);
        let again = runs.start(None).unwrap();
        assert_eq!(again.name, name);
        assert_eq!((again.work.list("").unwrap(), again.tmp.exists()), (Vec::new(), false));
        let mode = std::fs::metadata(folder.path().join(&name)).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o700);
        // A tool without walls left something beside its workspace.
        again.folder.create_dir_all("build").unwrap();
        drop(again);
        assert!(!folder.path().join(&name).exists());
        assert_ne!(runs.start(None).unwrap().name, name);
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
