//! Snapshot: the files that some patterns mean, with their digests.

use std::num::NonZero;
use std::thread;

use belljar_model::pattern::Base;
use belljar_model::ports::{BlobSource, Inputs};
use belljar_model::{Digest, Entry, Fault, Patterns, WorkspacePath};
use bytes::Bytes;

use crate::error::WorkspaceError;
use crate::seen::Found;
use crate::walk::{Ignoring, is_reserved};
use crate::workspace::Workspace;

/// How many unseen files are worth a second thread.
const MANY: usize = 64;

impl Inputs for Workspace {
    fn snapshot(&self, patterns: &Patterns) -> Result<Vec<Entry>, Fault> {
        let mut paths = Vec::new();
        for base in patterns.bases() {
            match base {
                Base::Path(path) => self.named(path, patterns, &mut paths)?,
                Base::Below(folder) => self.below(folder, patterns, &mut paths)?,
            }
        }
        paths.sort_unstable();
        paths.dedup();
        self.entries(&paths)
    }

    fn exists(&self, path: &WorkspacePath) -> bool {
        self.root.stat(path.as_str()).is_ok_and(|stat| stat.is_some())
    }
}

impl BlobSource for Workspace {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        if let Some(bytes) = self.fresh.take(digest) {
            return Ok(Some(bytes));
        }
        let Some(path) = self.seen.file(digest) else { return Ok(None) };
        let bytes = self.root.read_if_there(path.as_str()).map_err(WorkspaceError::Disk)?;
        match bytes {
            Some(bytes) if Digest::of(&bytes) == *digest => Ok(Some(Bytes::from(bytes))),
            _ => Err(WorkspaceError::Changed(path).into()),
        }
    }
}

impl Workspace {
    /// Adds what a pattern without wildcards means: a path that is taken even if it is ignored,
    /// or all that is in a folder.
    fn named(
        &self,
        path: &WorkspacePath,
        patterns: &Patterns,
        paths: &mut Vec<WorkspacePath>,
    ) -> Result<(), Fault> {
        // What steps make is not looked at: no snapshot has it, and it may be about to change.
        if is_reserved(path) || self.outputs.cover(path) {
            return Ok(());
        }
        match self.find(path)? {
            Found::Absent => {}
            Found::Node(_) | Found::Special => self.take(path, patterns, paths),
            Found::Folder => {
                let ignored = self.rules(path)?.all;
                let ignoring = if ignored { Ignoring::Off } else { Ignoring::On };
                self.walk(path, ignoring, &mut |path| self.take(path, patterns, paths))?;
            }
        }
        Ok(())
    }

    /// Adds what a pattern with wildcards means.
    fn below(
        &self,
        folder: &WorkspacePath,
        patterns: &Patterns,
        paths: &mut Vec<WorkspacePath>,
    ) -> Result<(), Fault> {
        let is_folder = matches!(self.find(folder)?, Found::Folder);
        if is_folder && !is_reserved(folder) && !self.rules(folder)?.all {
            self.walk(folder, Ignoring::On, &mut |path| self.take(path, patterns, paths))?;
        }
        Ok(())
    }

    fn take(&self, path: &WorkspacePath, patterns: &Patterns, paths: &mut Vec<WorkspacePath>) {
        if patterns.matches(path) && !self.outputs.contain(path) {
            paths.push(path.clone());
        }
    }

    fn entries(&self, paths: &[WorkspacePath]) -> Result<Vec<Entry>, Fault> {
        let unseen = || paths.iter().filter(|path| self.seen.get(path).is_none()).count();
        if paths.len() >= MANY && unseen() >= MANY {
            let threads = thread::available_parallelism().map_or(1, NonZero::get);
            thread::scope(|scope| {
                for part in paths.chunks(paths.len().div_ceil(threads)) {
                    // What is found is kept; what went wrong is met again below, and so is what no
                    // thread could be had for.
                    let find = || part.iter().for_each(|path| drop(self.find(path)));
                    drop(thread::Builder::new().spawn_scoped(scope, find));
                }
            });
        }
        let mut entries = Vec::with_capacity(paths.len());
        for path in paths {
            match self.find(path)? {
                Found::Node(node) => entries.push(Entry { path: path.clone(), node }),
                Found::Special => return Err(WorkspaceError::Special(path.clone()).into()),
                Found::Absent | Found::Folder => {} // it went away since its folder was read
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use belljar_model::Node;

    use super::*;
    use crate::testing::Fixture;

    fn snapshot(workspace: &Workspace, patterns: &[&str]) -> Vec<String> {
        let entries = workspace.snapshot(&Patterns::parse(patterns).unwrap()).unwrap();
        entries.iter().map(|entry| entry.path.to_string()).collect()
    }

    #[track_caller]
    fn check(fixture: &Fixture, patterns: &[&str], expected: &[&str]) {
        assert_eq!(snapshot(&fixture.open(), patterns), expected, "{patterns:?}");
    }

    #[test]
    fn patterns_choose_files_sorted_and_once() {
        let fixture = Fixture::new(&["b/x.rs", "a.rs", "b/y.md", "b/c/z.rs", "d"]);
        check(&fixture, &["b/c", "**/*.rs", "a.rs"], &["a.rs", "b/c/z.rs", "b/x.rs"]);
        check(&fixture, &["b/*.rs"], &["b/x.rs"]);
        check(&fixture, &["b", "!b/c"], &["b/x.rs", "b/y.md"]);
        check(&fixture, &["none", "d/none", "none/**/*", "d/**/*"], &[]);
    }

    #[test]
    fn entries_have_digest_mode_and_target() {
        let fixture = Fixture::new(&["file", "program"]);
        fixture.root.set_mode("program", belljar_disk::Mode::Executable).unwrap();
        symlink("../any/where", fixture.root.path().join("link")).unwrap();
        let entries = fixture.open().snapshot(&Patterns::parse(&["*"]).unwrap()).unwrap();
        let file =
            |text: &str, executable| Node::File { digest: Digest::of(text.as_bytes()), executable };
        let link = Node::Symlink { target: "../any/where".to_owned() };
        let nodes: Vec<_> = entries.into_iter().map(|entry| entry.node).collect();
        assert_eq!(nodes, [file("file", false), link, file("program", true)]);
    }

    #[test]
    fn links_are_never_followed() {
        belljar_cases::case!("C02");
        let fixture = Fixture::new(&["real/file"]);
        symlink("real", fixture.root.path().join("link")).unwrap();
        symlink("/", fixture.root.path().join("outwards")).unwrap();
        check(&fixture, &["**/*"], &["link", "outwards", "real/file"]);
        check(&fixture, &["link", "outwards"], &["link", "outwards"]);
        check(&fixture, &["link/file", "outwards/etc", "link/**/*", "outwards/*"], &[]);
    }

    #[test]
    fn ignored_files_are_inputs_only_if_they_are_named() {
        let fixture = Fixture::new(&[
            "a",
            "b.log",
            "keep.log",
            "build/out",
            "build/deep/out",
            "in/own",
            "in/.git/config",
            "in/b.log",
            "in/c",
            ".git/HEAD",
        ]);
        fixture.write(".gitignore", "*.log\n!keep.log\n/build/\n");
        fixture.write("in/.gitignore", "own\n");
        let all = [".gitignore", "a", "in/.gitignore", "in/c", "keep.log"];
        check(&fixture, &["**/*"], &all);
        check(&fixture, &["*.log", "in/*"], &["in/.gitignore", "in/c", "keep.log"]);
        check(&fixture, &["build/**/*", "build/*"], &[]);
        check(&fixture, &["build"], &["build/deep/out", "build/out"]);
        check(&fixture, &["build/deep", "b.log", "in/own"], &["b.log", "build/deep/out", "in/own"]);
        check(&fixture, &["in"], &["in/.gitignore", "in/c"]);
        check(&fixture, &[".git", "in/.git", ".git/HEAD", ".belljar", ".belljar/*"], &[]);
    }

    #[test]
    fn what_has_no_content_is_refused_unless_it_is_not_meant() {
        belljar_cases::case!("C08");
        let fixture = Fixture::new(&["file"]);
        let _socket = UnixListener::bind(fixture.root.path().join("socket")).unwrap();
        for patterns in [&["*"][..], &["socket"]] {
            let refused = fixture.open().snapshot(&Patterns::parse(patterns).unwrap());
            let fault = refused.unwrap_err();
            assert_eq!(fault.code.as_str(), "E0609");
            assert!(fault.message.contains("`socket`"), "{fault}");
        }
        check(&fixture, &["*", "!socket"], &["file"]);
        fixture.write(".gitignore", "socket");
        check(&fixture, &["*"], &[".gitignore", "file"]);
    }

    #[test]
    fn names_that_are_not_portable_are_refused_unless_they_are_ignored() {
        belljar_cases::case!("C11");
        for name in [&b"not \xff text"[..], b"back\\slash", b"new\nline"] {
            let fixture = Fixture::new(&["file"]);
            let name = fixture.root.path().join(std::ffi::OsStr::from_bytes(name));
            std::fs::write(name, b"").unwrap();
            let refused = fixture.open().snapshot(&Patterns::parse(&["*"]).unwrap());
            assert_eq!(refused.unwrap_err().code.as_str(), "E0609");
            check(&fixture, &["file"], &["file"]);
            fixture.write(".gitignore", "*\n!file\n");
            check(&fixture, &["*"], &["file"]);
        }
    }

    #[test]
    fn files_in_the_making_are_no_inputs() {
        let fixture = Fixture::new(&["a"]);
        let temp = belljar_disk::Temp::new(&fixture.root, "", belljar_disk::Mode::Plain).unwrap();
        check(&fixture, &["*"], &["a"]);
        drop(temp);
    }

    #[test]
    fn a_run_sees_every_file_once() {
        let fixture = Fixture::new(&["a", "b"]);
        let workspace = fixture.open();
        let all = Patterns::parse(&["*"]).unwrap();
        let before = workspace.snapshot(&all).unwrap();
        fixture.write("a", "changed");
        fixture.write("c", "new");
        assert_eq!(workspace.snapshot(&all).unwrap(), before);
        assert_ne!(fixture.open().snapshot(&all).unwrap(), before);
    }

    #[test]
    fn content_that_changed_since_is_a_fault_and_never_returned() {
        belljar_cases::case!("C17");
        let fixture = Fixture::new(&["a"]);
        let workspace = fixture.open();
        assert_eq!(workspace.get(&Digest::of(b"a")).unwrap(), None, "not seen yet");
        snapshot(&workspace, &["a"]);
        assert_eq!(workspace.get(&Digest::of(b"a")).unwrap().unwrap(), "a");
        fixture.write("a", "b");
        assert_eq!(workspace.get(&Digest::of(b"a")).unwrap_err().code.as_str(), "E0605");
        assert!(fixture.root.remove("a").unwrap());
        assert_eq!(workspace.get(&Digest::of(b"a")).unwrap_err().code.as_str(), "E0605");
    }

    #[test]
    fn many_files_in_many_threads_give_the_same_snapshot() {
        let names: Vec<_> = (0..300).map(|number| format!("d{}/f{number}", number % 7)).collect();
        let fixture = Fixture::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let workspace = fixture.open();
        let all = Patterns::parse(&["**/*"]).unwrap();
        let snapshots: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| workspace.snapshot(&all).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(snapshots[0].len(), 300);
        assert!(snapshots.iter().all(|snapshot| *snapshot == snapshots[0]));
    }

    #[test]
    fn a_change_is_seen_even_if_size_and_time_are_set_back() {
        belljar_cases::case!("C17");
        let fixture = Fixture::new(&["file"]);
        let file = fixture.root.path().join("file");
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        let mut seen = Vec::new();
        for content in ["1234", "abcd", "1234", "5678"] {
            std::fs::write(&file, content).unwrap();
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
            let workspace = fixture.open();
            let entries = workspace.snapshot(&Patterns::parse(&["file"]).unwrap()).unwrap();
            workspace.save().unwrap();
            let Node::File { digest, .. } = entries[0].node else { panic!("it is a file") };
            seen.push(digest == Digest::of(content.as_bytes()));
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn the_state_folder_is_not_for_version_control() {
        let fixture = Fixture::new(&[]);
        let workspace = fixture.open();
        assert_eq!(workspace.state_root().read(".gitignore").unwrap(), b"*\n");
        assert!(workspace.exists(&WorkspacePath::parse(".belljar").unwrap()));
        assert!(!workspace.exists(&WorkspacePath::parse("none").unwrap()));
    }

    #[test]
    fn a_link_has_no_rules() {
        let fixture = Fixture::new(&["a.txt", "rules"]);
        fixture.write("rules", "*.txt");
        symlink("rules", fixture.root.path().join(".gitignore")).unwrap();
        let seen = snapshot(&fixture.open(), &["**/*.txt"]);
        assert_eq!(seen, ["a.txt"]);
        assert!(fixture.root.remove(".gitignore").unwrap());
        fixture.write(".gitignore", "*.txt");
        assert_eq!(snapshot(&fixture.open(), &["**/*.txt"]), [""; 0]);
    }
}
