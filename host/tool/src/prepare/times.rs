//! Times: which time each input has, so that tools which compare times see what changed.
//!
//! Without state every input has the same time. With state a file keeps its time for as long as
//! its content is the same, and gets a later one than all that earlier runs have made when it
//! is another. A folder changes when the names in it do.

use std::collections::{BTreeMap, BTreeSet};

use belljar_disk::{Mode, Root};
use belljar_model::{Digest, Fault};
use serde::{Deserialize, Serialize};

use crate::fault;

/// 1980-01-01 UTC, in nanoseconds: the first time that all archive formats can hold.
const FIXED: i64 = 315_532_800 * 1_000_000_000;

/// The times of one run's inputs.
#[derive(Debug)]
pub(crate) enum Times {
    /// All the same.
    Fixed,
    /// As they are remembered beside a state folder.
    Remembered(Box<Remembered>),
}

/// What is remembered beside a state folder, while one run uses it.
#[derive(Debug)]
pub(crate) struct Remembered {
    root: Root,
    name: String,
    memory: Memory,
    /// Who runs: steps that share a state folder may see different files.
    who: String,
    /// What this run saw.
    seen: Seen,
    /// The time of what is new.
    now: i64,
}

#[derive(Default, Debug, Serialize, Deserialize)]
struct Memory {
    /// When the last run was over.
    last: i64,
    files: BTreeMap<String, (Digest, i64)>,
    /// By who ran.
    seen: BTreeMap<String, Seen>,
}

#[derive(Default, Debug, Serialize, Deserialize)]
struct Seen {
    files: BTreeSet<String>,
    folders: BTreeMap<String, (Digest, i64)>,
}

impl Times {
    /// Reads what is remembered beside the state folder `name`.
    pub(crate) fn remembered(root: &Root, name: &str, who: String) -> Result<Self, Fault> {
        let read = root.read_if_there(&file(name)).map_err(|error| fault::disk(&error))?;
        // What cannot be read is forgotten: then everything counts as new, which is safe.
        let memory: Memory =
            read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let now = later_than(root, name, memory.last)?;
        let (root, name, seen) = (root.clone(), name.to_owned(), Seen::default());
        Ok(Self::Remembered(Box::new(Remembered { root, name, memory, who, seen, now })))
    }

    /// The time of a file with this content.
    pub(crate) fn of_file(&mut self, path: &str, digest: &Digest) -> i64 {
        let Self::Remembered(own) = self else { return FIXED };
        own.seen.files.insert(path.to_owned());
        let came_back =
            own.memory.seen.get(&own.who).is_some_and(|before| !before.files.contains(path));
        let known = own.memory.files.get(path).filter(|(known, _)| known == digest);
        if let (Some((_, time)), false) = (known, came_back) {
            return *time;
        }
        own.memory.files.insert(path.to_owned(), (*digest, own.now));
        own.now
    }

    /// The time of a folder with these names in it.
    pub(crate) fn of_folder(&mut self, path: &str, names: &Digest) -> i64 {
        let Self::Remembered(own) = self else { return FIXED };
        let before = own.memory.seen.get(&own.who).and_then(|seen| seen.folders.get(path));
        let time = before.filter(|(known, _)| known == names).map_or(own.now, |(_, time)| *time);
        own.seen.folders.insert(path.to_owned(), (*names, time));
        time
    }

    /// Writes what is to be remembered. Called before the run: what it makes is later.
    pub(crate) fn save(&mut self) -> Result<(), Fault> {
        let Self::Remembered(own) = self else { return Ok(()) };
        let seen = std::mem::take(&mut own.seen);
        own.memory.seen.insert(own.who.clone(), seen);
        own.write()
    }

    /// Remembers that the run is over: what changes from now on is later than all it made.
    pub(crate) fn over(&mut self) -> Result<(), Fault> {
        let Self::Remembered(own) = self else { return Ok(()) };
        own.memory.last = stamp(&own.root, &own.name)?;
        own.write()
    }
}

impl Remembered {
    fn write(&self) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(&self.memory).expect("it has a JSON form");
        let written = self.root.write_atomic(&file(&self.name), &bytes, Mode::Private);
        written.map_err(|error| fault::disk(&error))
    }
}

fn file(name: &str) -> String {
    format!("{name}.times")
}

/// The time as the file system tells it to a file that is written now. It is not the precise
/// time: a tool's files get theirs from the same, coarser clock.
fn stamp(root: &Root, name: &str) -> Result<i64, Fault> {
    let place = format!("{name}.stamp");
    let stamped = || {
        root.remove(&place)?;
        root.create_file(&place)?;
        root.stat(&place)
    };
    let stat = stamped().map_err(|error| fault::disk(&error))?;
    Ok(stat.map_or(FIXED, |stat| stat.mtime_ns))
}

/// Waits for the next tick of the clock if the last run has only just ended.
fn later_than(root: &Root, name: &str, last: i64) -> Result<i64, Fault> {
    for _ in 0..50 {
        let now = stamp(root, name)?;
        if now > last {
            return Ok(now);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Ok(last + 1) // the clock was set back
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(folder: &tempfile::TempDir, who: &str) -> Times {
        Times::remembered(&Root::open(folder.path()).unwrap(), "s", who.to_owned()).unwrap()
    }

    #[test]
    fn a_changed_file_is_newer_than_all_before_and_an_unchanged_one_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        let mut first = times(&folder, "a");
        let before = first.of_file("x", &old);
        assert_eq!(first.of_file("y", &old), before);
        first.save().unwrap();
        std::fs::write(folder.path().join("made"), "").unwrap();
        first.over().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let made = root.stat("made").unwrap().unwrap().mtime_ns;
        let mut second = times(&folder, "a");
        assert_eq!(second.of_file("x", &old), before);
        assert!(second.of_file("y", &new) > made);
    }

    #[test]
    fn a_file_that_was_gone_is_new_and_one_that_another_step_does_not_see_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"same");
        let run = |who: &str, sees: bool| {
            let mut times = times(&folder, who);
            let time = sees.then(|| times.of_file("x", &digest));
            times.save().unwrap();
            times.over().unwrap();
            time
        };
        let first = run("a", true);
        run("b", false);
        assert_eq!(run("a", true), first, "step b never saw it");
        run("a", false);
        assert!(run("a", true) > first, "step a built without it meanwhile");
    }

    #[test]
    fn a_folder_is_new_when_its_names_are_others() {
        let folder = tempfile::tempdir().unwrap();
        let run = |names: &[u8]| {
            let mut times = times(&folder, "a");
            let time = times.of_folder("x", &Digest::of(names));
            times.save().unwrap();
            times.over().unwrap();
            time
        };
        let first = run(b"a b");
        assert_eq!(run(b"a b"), first);
        assert!(run(b"a b c") > first);
    }

    #[test]
    fn without_state_all_times_are_the_same() {
        let mut times = Times::Fixed;
        assert_eq!(times.of_file("a", &Digest::of(b"1")), times.of_file("b", &Digest::of(b"2")));
    }
}
