//! Collect: what a run made where `writes` allows, taken by descriptor when all its processes
//! are dead. No link is followed, and only bytes, names and the owner's right to execute count.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;

use belljar_disk::{DiskError, Kind, Listed, Root};
use belljar_model::pattern::Base;
use belljar_model::ports::{BlobStore, ToolLimits};
use belljar_model::tool::OutputLink;
use belljar_model::{Blame, Digest, Fault, OutputFile, Patterns, WorkspacePath};

use super::reach::{Place, enter, stat, text_of};
use crate::fault;

/// How deep folders may be nested.
const MOST_DEEP: usize = 256;
/// How much of a file is held in memory, in bytes.
const PIECE: usize = 1 << 20;

/// What was taken.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Collected {
    /// Files, sorted by path.
    pub(crate) files: Vec<OutputFile>,
    /// Links, sorted by path.
    pub(crate) links: Vec<OutputLink>,
}

/// Where to look: the work tree, and the state folders that were seen in it.
#[derive(Clone, Copy)]
pub(crate) struct Mounted<'a> {
    /// The work tree.
    pub(crate) work: &'a Root,
    /// State folders, and where they were.
    pub(crate) state: &'a [(Root, WorkspacePath)],
}

/// Takes what the patterns match. State folders are looked into only where a pattern begins
/// within one.
pub(crate) fn collect(
    from: Mounted<'_>,
    writes: &Patterns,
    limits: &ToolLimits,
    blobs: &dyn BlobStore,
) -> Result<Collected, Fault> {
    let mut walk = Walk {
        from,
        writes,
        limits,
        blobs,
        files: BTreeMap::new(),
        links: BTreeMap::new(),
        bytes: 0,
        piece: Vec::new(),
    };
    for base in writes.bases() {
        match base {
            Base::Path(path) => walk.path(path)?,
            Base::Below(path) => {
                if let Some(folder) = walk.reach(path)? {
                    walk.folder(&folder, &Place::of(path))?;
                }
            }
        }
    }
    let link = |(path, target)| OutputLink { path, target };
    Ok(Collected {
        files: walk.files.into_values().collect(),
        links: walk.links.into_iter().map(link).collect(),
    })
}

struct Walk<'a> {
    from: Mounted<'a>,
    writes: &'a Patterns,
    limits: &'a ToolLimits,
    blobs: &'a dyn BlobStore,
    files: BTreeMap<WorkspacePath, OutputFile>,
    links: BTreeMap<WorkspacePath, String>,
    bytes: u64,
    piece: Vec<u8>,
}

impl Walk<'_> {
    /// Opens a folder, if there is one and no link on the way to it.
    fn reach(&self, path: &WorkspacePath) -> Result<Option<Root>, Fault> {
        let within = |(_, at): &&(Root, WorkspacePath)| path.is_within(at);
        let deepest = self.from.state.iter().filter(within);
        let mount = deepest.max_by_key(|(_, at)| at.segments().count());
        let (mut folder, skipped) = mount.map_or_else(
            || (self.from.work.clone(), 0),
            |(root, at)| (root.clone(), at.segments().count()),
        );
        for segment in path.segments().skip(skipped) {
            match stat(&folder, segment)? {
                Some(Kind::Directory) => folder = enter(&folder, segment)?,
                _ => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    /// Takes what a plain path names: a file, a link, or a folder with all below it.
    fn path(&mut self, path: &WorkspacePath) -> Result<(), Fault> {
        if self.from.state.iter().any(|(_, at)| at == path) {
            let Some(folder) = self.reach(path)? else { return Ok(()) };
            return self.folder(&folder, &Place::of(path));
        }
        let parent = path.parent().unwrap_or_else(WorkspacePath::root);
        let Some(folder) = self.reach(&parent)? else { return Ok(()) };
        let Some(kind) = stat(&folder, path.name())? else { return Ok(()) };
        self.entry(&folder, &Listed { name: path.name().into(), kind }, &Place::of(path))
    }

    fn folder(&mut self, folder: &Root, place: &Place) -> Result<(), Fault> {
        if place.depth > MOST_DEEP {
            return Err(fault::output_depth(&place.path, MOST_DEEP));
        }
        for entry in folder.list("").map_err(|error| fault::disk(&error))? {
            let below = place.join(&entry);
            // Patterns that begin in a state folder come there by themselves.
            if self.from.state.iter().any(|(_, at)| *at == below.path) {
                continue;
            }
            self.entry(folder, &entry, &below)?;
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Root, entry: &Listed, place: &Place) -> Result<(), Fault> {
        if entry.kind == Kind::Directory {
            let Some(name) = entry.name.to_str() else { return self.odd_folder(place) };
            return self.folder(&enter(folder, name)?, place);
        }
        if !self.writes.matches(&place.path) {
            return Ok(());
        }
        let known = self.files.contains_key(&place.path) || self.links.contains_key(&place.path);
        if known && place.odd.is_none() {
            return Ok(()); // two patterns match it
        }
        if entry.kind == Kind::Special {
            let shown = place.odd.as_deref().unwrap_or(place.path.as_str());
            return Err(fault::output_kind(shown, "a pipe, a socket or a device"));
        }
        let (Some(name), None) = (entry.name.to_str(), &place.odd) else {
            return Err(fault::output_name(place.odd.as_deref().unwrap_or_default()));
        };
        if (self.files.len() + self.links.len()) as u64 >= self.limits.output_files.value {
            return Err(fault::output_files(&self.limits.output_files));
        }
        if entry.kind == Kind::Symlink {
            return self.link(folder, name, &place.path);
        }
        self.file(folder, name, &place.path)
    }

    /// A folder whose name is not even text cannot be opened by its name as text. It counts if
    /// something directly in it would.
    fn odd_folder(&self, place: &Place) -> Result<(), Fault> {
        let inside = place.path.join("x").unwrap_or_else(|| place.path.clone());
        if self.writes.matches(&place.path) || self.writes.matches(&inside) {
            return Err(fault::output_name(place.odd.as_deref().unwrap_or_default()));
        }
        Ok(())
    }

    fn link(&mut self, folder: &Root, name: &str, path: &WorkspacePath) -> Result<(), Fault> {
        let target = folder.link_target(name).map_err(|error| fault::disk(&error))?;
        self.links.insert(path.clone(), text_of(&target));
        Ok(())
    }

    fn file(&mut self, folder: &Root, name: &str, path: &WorkspacePath) -> Result<(), Fault> {
        let disk = |error: DiskError| fault::disk(&error);
        // Its mode before it is made readable, where that is needed.
        let executable = folder.stat(name).map_err(disk)?.is_some_and(|stat| stat.executable);
        let opened = match folder.file_itself(name) {
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                folder.unlock_mode(name).map_err(disk)?;
                folder.file_itself(name)
            }
            opened => opened,
        };
        let digest = self.read(opened.map_err(disk)?, path)?;
        let file = OutputFile { path: path.clone(), digest, executable };
        self.files.insert(path.clone(), file);
        Ok(())
    }

    fn read(&mut self, mut file: File, path: &WorkspacePath) -> Result<Digest, Fault> {
        let failed = |error: std::io::Error| {
            let message = format!("cannot read output `{path}`: {error}");
            Fault::new(Blame::Infrastructure, fault::DISK, message)
        };
        let limit = &self.limits.output_bytes;
        let size = file.metadata().map_err(failed)?.len();
        if size > limit.value.saturating_sub(self.bytes) {
            return Err(fault::output_bytes(limit, path)); // also what is only apparently so large
        }
        let room = usize::try_from(size + 1).map_or(PIECE, |size| size.min(PIECE));
        if self.piece.len() < room {
            self.piece.resize(room, 0);
        }
        let read = file.read(&mut self.piece).map_err(failed)?;
        if size == read as u64 && read < self.piece.len() {
            self.bytes += size;
            return self.blobs.put(&self.piece[..read]); // all of it
        }
        let mut writer = self.blobs.writer()?;
        let mut read = read;
        while read > 0 {
            self.bytes += read as u64;
            if self.bytes > limit.value {
                return Err(fault::output_bytes(limit, path));
            }
            writer.append(&self.piece[..read])?;
            if self.piece.len() < PIECE {
                self.piece.resize(PIECE, 0);
            }
            read = file.read(&mut self.piece).map_err(failed)?;
        }
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use belljar_model::ports::MemoryBlobs;

    use super::*;
    use crate::testing::{get_text, limits};

    struct Tree {
        folder: tempfile::TempDir,
        blobs: MemoryBlobs,
        limits: ToolLimits,
        state: Vec<(Root, WorkspacePath)>,
    }

    impl Tree {
        fn new(files: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, file).unwrap();
            }
            Self { folder, blobs: MemoryBlobs::default(), limits: limits(), state: Vec::new() }
        }

        fn at(&self, path: impl AsRef<Path>) -> std::path::PathBuf {
            self.folder.path().join(path)
        }

        fn mode(&self, path: &str, mode: u32) {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(self.at(path), mode).unwrap();
        }

        fn collect(&self, writes: &[&str]) -> Result<Collected, Fault> {
            let work = Root::open(self.folder.path()).unwrap();
            let from = Mounted { work: &work, state: &self.state };
            collect(from, &Patterns::parse(writes).unwrap(), &self.limits, &self.blobs)
        }

        fn paths(&self, writes: &[&str]) -> Vec<String> {
            let collected = self.collect(writes).unwrap();
            collected.files.iter().map(|file| file.path.to_string()).collect()
        }
    }

    #[test]
    fn what_the_patterns_match_is_taken_once_and_the_rest_is_not() {
        let tree = Tree::new(&["out/a.o", "out/deep/b.o", "out/c.txt", "other/d.o", "e.o"]);
        assert_eq!(tree.paths(&["out", "out/deep", "**/b.o"]).len(), 3);
        assert_eq!(tree.paths(&["out/**/*.o"]), ["out/a.o", "out/deep/b.o"]);
        assert_eq!(tree.paths(&["*.o", "!e.o"]), [""; 0]);
        assert_eq!(tree.paths(&["absent", "out/c.txt/below", "no/**"]), [""; 0]);
        assert_eq!(get_text(&tree.blobs, "out/a.o"), "out/a.o");
    }

    #[test]
    fn only_the_owners_right_to_execute_counts() {
        let tree = Tree::new(&["a", "b", "c"]);
        for (path, mode) in [("a", 0o6755), ("b", 0o1655), ("c", 0o000)] {
            tree.mode(path, mode);
        }
        let files = tree.collect(&["*"]).unwrap().files;
        let executable: Vec<_> = files.iter().map(|file| file.executable).collect();
        assert_eq!(executable, [true, false, false]);
    }

    #[test]
    fn links_are_recorded_and_never_followed() {
        let tree = Tree::new(&["real/file"]);
        for (target, link) in [
            ("/etc/passwd", "out-abs"),
            ("nowhere", "out-dangling"),
            ("../..", "out-up"),
            ("real", "dir"),
        ] {
            symlink(target, tree.at(link)).unwrap();
        }
        let collected = tree.collect(&["out-*", "dir/file", "dir/**"]).unwrap();
        assert_eq!(collected.files, []);
        let targets: Vec<_> = collected.links.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["/etc/passwd", "nowhere", "../.."]);
        assert_eq!(tree.collect(&["dir"]).unwrap().links.len(), 1);
    }

    #[test]
    fn what_is_no_file_is_refused_where_it_would_be_an_output() {
        let tree = Tree::new(&["out/a"]);
        let status = std::process::Command::new("mkfifo").arg(tree.at("out/pipe")).status();
        assert!(status.expect("mkfifo of coreutils is needed").success());
        let fault = tree.collect(&["out"]).unwrap_err();
        assert_eq!(fault.code, fault::OUTPUT_KIND);
        assert_eq!(fault.blame, Blame::Project);
        assert!(fault.message.contains("`out/pipe`"), "{fault}");
        assert_eq!(tree.paths(&["out", "!out/pipe"]), ["out/a"]);
    }

    #[test]
    fn names_that_are_not_portable_are_refused_and_shown_with_escapes() {
        let check = |name: &[u8], shown: &str| {
            let tree = Tree::new(&["out/a"]);
            std::fs::create_dir_all(tree.at(Path::new(OsStr::from_bytes(name)).parent().unwrap()))
                .unwrap();
            std::fs::write(tree.at(OsStr::from_bytes(name)), "").unwrap();
            let fault = tree.collect(&["out"]).unwrap_err();
            assert_eq!(fault.code, fault::OUTPUT_NAME);
            assert!(fault.message.contains(shown), "{fault}");
            assert_eq!(tree.paths(&["out/a"]), ["out/a"]);
        };
        check(b"out/x\xff", "out/x\\xff");
        check(b"out/x\ny", "out/x\\ny");
        check(b"out/x\\y", "out/x\\\\y");
        check(b"out/x\ny/z", "out/x\\ny/z");
        check(b"out/x\xff/z", "out/x\\xff");
    }

    #[test]
    fn limits_on_files_bytes_and_depth_hold() {
        let check = |tree: &Tree, code| assert_eq!(tree.collect(&["out"]).unwrap_err().code, code);
        let mut tree = Tree::new(&["out/a", "out/b", "out/c"]);
        tree.limits.output_files.value = 2;
        check(&tree, fault::OUTPUT_LIMIT);
        tree.limits.output_files.value = 3;
        assert_eq!(tree.paths(&["out"]).len(), 3);
        tree.limits.output_bytes.value = 14;
        check(&tree, fault::OUTPUT_LIMIT);
        let tree = Tree::new(&["out/a"]);
        let sparse = File::create(tree.at("out/sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        check(&tree, fault::OUTPUT_LIMIT);
        let deep = format!("out/{}", ["d"; 300].join("/"));
        check(&Tree::new(&[&format!("{deep}/file")]), fault::OUTPUT_LIMIT);
    }

    #[test]
    fn folders_that_may_not_be_entered_are_and_large_files_go_in_pieces() {
        let tree = Tree::new(&["out/deep/a"]);
        let large = vec![b'x'; 2 * PIECE + 3];
        std::fs::write(tree.at("out/deep/large"), &large).unwrap();
        tree.mode("out/deep", 0);
        let files = tree.collect(&["out"]).unwrap().files;
        assert_eq!(files[1].digest, Digest::of(&large));
    }

    #[test]
    fn state_is_looked_into_only_by_patterns_that_begin_there() {
        let mut tree = Tree::new(&["out/a", "out/state/hidden"]);
        let state = Tree::new(&["release/app", "x"]);
        symlink("/replaced/by/the/tool", tree.at("target")).unwrap();
        let path = |text| WorkspacePath::parse(text).unwrap();
        let root = Root::open(state.folder.path()).unwrap();
        tree.state = vec![(root.clone(), path("out/state")), (root, path("target"))];
        assert_eq!(tree.paths(&["**/*"]), ["out/a"]);
        assert_eq!(tree.paths(&["out"]), ["out/a"]);
        assert_eq!(tree.paths(&["target/release/app"]), ["target/release/app"]);
        assert_eq!(tree.paths(&["target/**/app"]), ["target/release/app"]);
        assert_eq!(tree.paths(&["out/state"]), ["out/state/release/app", "out/state/x"]);
    }

    #[test]
    fn hard_links_are_taken_by_their_content() {
        belljar_cases::case!("C06");
        let tree = Tree::new(&["out/a"]);
        std::fs::hard_link(tree.at("out/a"), tree.at("out/b")).unwrap();
        assert_eq!(tree.paths(&["out"]), ["out/a", "out/b"]);
    }
}
