//! State: the folders that outlive runs, held by one run at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use belljar_disk::{Lock, Root};
use belljar_model::ports::Cancel;
use belljar_model::tool::StateMount;
use belljar_model::{Blame, Digest, Fault, WorkspacePath};

use crate::fault;

/// How long a run waits before it asks again for a folder that another run holds.
const PATIENCE: Duration = Duration::from_millis(15);

/// The end of the name of the file that a run holds locked while it uses a state folder.
pub(crate) const LOCK: &str = ".lock";

/// The state folders of one run, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct States {
    /// Where state folders, and what is remembered about them, are kept.
    pub(crate) root: Root,
    /// Each folder, and where the tool finds it.
    pub(crate) folders: Vec<(Root, WorkspacePath)>,
    /// The first folder's name, as a file name.
    pub(crate) first: String,
    _locks: Vec<Lock>,
}

impl States {
    /// A name for a run folder that only holders of this state use, whatever workspaces there
    /// are.
    pub(crate) fn stable_name(&self) -> String {
        let place = Digest::of(self.root.path().as_os_str().as_encoded_bytes()).short();
        format!("{place}-{}", self.first)
    }

    /// The folders as a sandbox is given them.
    pub(crate) fn for_sandbox(&self) -> Vec<(PathBuf, String)> {
        let pair = |(folder, at): &(Root, WorkspacePath)| {
            (folder.path().to_owned(), at.as_str().to_owned())
        };
        self.folders.iter().map(pair).collect()
    }
}

/// Makes the folders where they are missing, and waits until no other run holds one. They are
/// taken in the order of their names, so that two runs never wait for each other.
pub(crate) fn hold(
    kept: &Path,
    mounts: &[StateMount],
    cancel: &Cancel,
) -> Result<Option<States>, Fault> {
    let mut sorted: BTreeMap<String, Vec<&StateMount>> = BTreeMap::new();
    for mount in mounts {
        if mount.path.is_root() {
            return Err(fault::state_place(&mount.name, "it cannot be the whole workspace"));
        }
        sorted.entry(file_name(&mount.name)).or_default().push(mount);
    }
    let Some(first) = sorted.keys().next().cloned() else { return Ok(None) };
    let disk = |error| fault::disk(&error);
    let root = Root::create(kept).map_err(disk)?;
    let (mut folders, mut locks) = (Vec::new(), Vec::new());
    for (name, mounts) in &sorted {
        locks.push(wait(&root, name, cancel)?);
        // When it was last used. Without it, it only goes earlier.
        let _ = root.touch(&format!("{name}{LOCK}"));
        root.place_folder(name).map_err(disk)?;
        for mount in mounts {
            folders.push((root.folder_itself(name).map_err(disk)?, mount.path.clone()));
        }
    }
    folders.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(Some(States { root, folders, first, _locks: locks }))
}

fn wait(root: &Root, name: &str, cancel: &Cancel) -> Result<Lock, Fault> {
    let file = format!("{name}{LOCK}");
    loop {
        if let Some(lock) = Lock::try_exclusive(root, &file).map_err(|error| fault::disk(&error))? {
            return Ok(lock);
        }
        if cancel.is_asked() {
            let message = format!("the run was cancelled while it waited for state `{name}`");
            return Err(Fault::new(Blame::Cancelled, fault::CANCELLED, message));
        }
        std::thread::sleep(PATIENCE);
    }
}

/// The name itself where it can name a file and never meets another name's files.
fn file_name(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let simple = !name.is_empty() && name.chars().all(|letter| plain(letter) || letter == '-');
    if simple && name.len() <= 64 {
        name.to_owned()
    } else {
        format!("_{}", Digest::of(name.as_bytes()).hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(name: &str, path: &str) -> StateMount {
        StateMount { name: name.to_owned(), path: WorkspacePath::parse(path).unwrap() }
    }

    #[test]
    fn a_folder_that_another_run_holds_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = Cancel::new();
        let held = hold(folder.path(), &[mount("a", "x")], &cancel).unwrap().unwrap();
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mounts = [mount("b", "y"), mount("a", "x")];
                let states = hold(folder.path(), &mounts, &cancel).unwrap().unwrap();
                assert_eq!(states.first, "a");
                done.send(()).unwrap();
            });
            let waits = ended.recv_timeout(Duration::from_millis(100));
            assert!(waits.is_err(), "it is held");
            drop(held);
            ended.recv().unwrap();
        });
    }

    #[test]
    fn who_waits_can_be_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = Cancel::new();
        let _held = hold(folder.path(), &[mount("a", "x")], &cancel).unwrap();
        cancel.ask();
        let fault = hold(folder.path(), &[mount("a", "x")], &cancel).unwrap_err();
        assert_eq!(fault.blame, Blame::Cancelled);
    }

    #[test]
    fn a_name_cannot_lead_elsewhere() {
        belljar_cases::case!("C01");
        let check = |name: &str, kept: bool| assert_eq!(file_name(name) == name, kept, "{name}");
        check("cargo-target", true);
        for name in ["", "..", "a/b", "a.lock", "A", "a\0"] {
            check(name, false);
        }
        assert_ne!(file_name("A"), file_name("B"));
    }
}
