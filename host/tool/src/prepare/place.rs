//! Place: an input tree as files that the tool may change, each of them a copy.

use std::fmt::Write as _;

use belljar_disk::{DiskError, Mode, Root};
use belljar_model::ports::BlobSource;
use belljar_model::{Digest, Directory, Fault, Node, WorkspacePath};

use super::times::Times;
use crate::fault;

/// What is put in place, and what it takes for that.
pub(crate) struct Placing<'a> {
    /// Where the contents are.
    pub(crate) blobs: &'a dyn BlobSource,
    /// Which times they get.
    pub(crate) times: &'a mut Times,
    /// Where state folders will be seen, sorted.
    pub(crate) mounts: Vec<WorkspacePath>,
    /// The directory in which the tool starts.
    pub(crate) cwd: &'a WorkspacePath,
}

/// Puts the tree in place, makes room for state folders and the directory to start in.
pub(crate) fn place(work: &Root, tree: &Directory, mut placing: Placing<'_>) -> Result<(), Fault> {
    fill(work, tree, &WorkspacePath::root(), &mut placing)?;
    for path in &placing.mounts {
        make_room(work, path)?;
    }
    if !placing.mounts.iter().any(|mount| placing.cwd.is_within(mount)) {
        work.create_dir_all(placing.cwd.as_str()).map_err(|error| fault::disk(&error))?;
    }
    // Last, because what is made in a folder changes its time.
    settle(work, tree, &WorkspacePath::root(), placing.times)
}

fn fill(
    folder: &Root,
    tree: &Directory,
    at: &WorkspacePath,
    placing: &mut Placing<'_>,
) -> Result<(), Fault> {
    let disk = |error: DiskError| fault::disk(&error);
    for (name, node) in tree.nodes() {
        let Some(path) = at.join(name) else { continue };
        match node {
            Node::File { digest, executable } => {
                let bytes = placing.blobs.get(digest)?;
                let gone = || fault::input_gone(&format!("input `{path}`"), digest);
                let bytes = bytes.ok_or_else(gone)?;
                let mode = if *executable { Mode::Executable } else { Mode::Plain };
                let time = placing.times.of_file(path.as_str(), digest);
                folder.place_file(name, &bytes, mode, time).map_err(disk)?;
            }
            Node::Symlink { target } => folder.place_link(target, name).map_err(disk)?,
            Node::Directory(inner) => {
                folder.place_folder(name).map_err(disk)?;
                let below = folder.folder_itself(name).map_err(disk)?;
                fill(&below, inner, &path, placing)?;
            }
        }
    }
    Ok(())
}

/// Makes an empty folder at the place of a state folder.
fn make_room(work: &Root, path: &WorkspacePath) -> Result<(), Fault> {
    let mut folder = work.clone();
    for segment in path.segments() {
        let inner = folder.place_folder(segment).and_then(|()| folder.folder_itself(segment));
        folder = inner.map_err(|_| {
            fault::state_place(
                path.as_str(),
                &format!("an input is at `{segment}`, and is no folder"),
            )
        })?;
    }
    if folder.list("").map_err(|error| fault::disk(&error))?.is_empty() {
        return Ok(());
    }
    Err(fault::state_place(path.as_str(), "inputs of the step are at the same place"))
}

fn settle(
    folder: &Root,
    tree: &Directory,
    at: &WorkspacePath,
    times: &mut Times,
) -> Result<(), Fault> {
    let disk = |error: DiskError| fault::disk(&error);
    let mut names = String::new();
    for (name, node) in tree.nodes() {
        let _ = writeln!(names, "{name}");
        if let (Node::Directory(inner), Some(path)) = (node, at.join(name)) {
            settle(&folder.folder_itself(name).map_err(disk)?, inner, &path, times)?;
        }
    }
    let time = times.of_folder(at.as_str(), &Digest::of(names.as_bytes()));
    folder.set_mtime("", time).map_err(disk)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use belljar_model::ports::MemoryBlobs;

    use crate::testing::tree;

    fn placed(mounts: &[&str]) -> (tempfile::TempDir, Result<(), Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Arc::new(MemoryBlobs::default());
        let tree = tree(&blobs, &[("a/x", "text"), ("run.sh!", "#!/bin/sh"), ("link", "->a/x")]);
        let mut times = Times::Fixed;
        let cwd = WorkspacePath::parse("sub/dir").unwrap();
        let mounts = mounts.iter().map(|path| WorkspacePath::parse(path).unwrap()).collect();
        let placing = Placing { blobs: &*blobs, times: &mut times, mounts, cwd: &cwd };
        let done = place(&Root::open(folder.path()).unwrap(), &tree, placing);
        (folder, done)
    }

    #[test]
    fn a_tree_is_put_in_place_with_modes_links_and_one_time() {
        let (folder, done) = placed(&["a/state", "a/state/inner"]);
        done.unwrap();
        let root = Root::open(folder.path()).unwrap();
        assert_eq!(root.read("a/x").unwrap(), b"text");
        let stats = ["a/x", "run.sh", "a"].map(|path| root.stat(path).unwrap().unwrap());
        assert_eq!(stats.map(|stat| stat.executable), [false, true, true]);
        assert!(stats.iter().all(|stat| stat.mtime_ns == stats[0].mtime_ns), "{stats:?}");
        assert_eq!(root.link_target("link").unwrap().to_str(), Some("a/x"));
        assert_eq!(root.list("a/state/inner").unwrap(), []);
        assert_eq!(root.list("sub/dir").unwrap(), []);
    }

    #[test]
    fn a_state_folder_that_meets_an_input_is_refused() {
        belljar_cases::case!("C04");
        for path in ["a", "a/x", "a/x/below", "link", "link/below"] {
            let fault = placed(&[path]).1.unwrap_err();
            assert_eq!(fault.code, fault::STATE_PLACE, "{path}");
        }
    }
}
