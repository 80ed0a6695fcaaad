//! Watched: what a run saw of its workspace, so that a later run can tell with one look at each
//! path that nothing is different.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::PoisonError;
use std::thread;

use belljar_disk::{Kind, Root, Stat};
use belljar_model::{Digest, Node, OutputFile, WorkspacePath};
use serde::{Deserialize, Serialize};

use crate::index::{Times, nanos};
use crate::seen::Found;
use crate::workspace::Workspace;

/// How many paths are worth a second thread.
const MANY: usize = 256;

/// What a run saw: every path that it asked for, every folder that it listed, and the outputs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watched(Vec<(WorkspacePath, Look)>);

/// What was at a path, as far as it mattered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Look {
    /// Nothing.
    Absent,
    /// A folder of which only mattered that it is one.
    Folder,
    /// A folder that was listed.
    Listed(Times),
    /// A link with this text.
    Link(String),
    /// A file with this content.
    File { content: Content, executable: bool },
}

/// What tells the content of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Content {
    /// It was at rest: its content is the same if it looks the same.
    Times(Times),
    /// It had only just been written: it has to be read again.
    Young(Digest),
}

impl Workspace {
    /// All that this run saw, and the outputs that it put in place or found there. `None` if
    /// something cannot be watched: a device, or a folder that was changed while it was listed.
    pub fn watched<'a>(&self, outputs: impl Iterator<Item = &'a OutputFile>) -> Option<Watched> {
        let mut looks = BTreeMap::new();
        for (path, found) in self.seen.all() {
            let look = match found {
                Found::Absent => Look::Absent,
                Found::Folder => Look::Folder,
                Found::Special | Found::Node(Node::Directory(_)) => return None,
                Found::Node(Node::Symlink { target }) => Look::Link(target),
                Found::Node(Node::File { digest, executable }) => {
                    Look::File { content: self.content(&path, &digest)?, executable }
                }
            };
            looks.insert(path, look);
        }
        {
            let listed = self.walked.looks.lock().unwrap_or_else(PoisonError::into_inner);
            for (path, (stat, now)) in &*listed {
                let times = Times::of(stat);
                if !times.were_at_rest(nanos(*now)) {
                    return None;
                }
                looks.insert(path.clone(), Look::Listed(times));
            }
        }
        for OutputFile { path, digest, executable } in outputs {
            // No folder on the way may turn into a link.
            let mut above = path.parent();
            while let Some(folder) = above.filter(|folder| !folder.is_root()) {
                above = folder.parent();
                looks.entry(folder).or_insert(Look::Folder);
            }
            let content = self.content(path, digest)?;
            looks.insert(path.clone(), Look::File { content, executable: *executable });
        }
        Some(Watched(looks.into_iter().collect()))
    }

    fn content(&self, path: &WorkspacePath, digest: &Digest) -> Option<Content> {
        let stamp = self.index.stamp(path).filter(|stamp| stamp.digest() == digest)?;
        Some(if stamp.is_settled() {
            Content::Times(stamp.times())
        } else {
            Content::Young(*digest)
        })
    }
}

impl Watched {
    /// Whether all is as it was, in the workspace at `root`. What cannot be looked at is not.
    pub fn holds(&self, root: &Root) -> bool {
        let all = |part: &[(WorkspacePath, Look)]| {
            part.iter().all(|(path, look)| holds(root, path, look))
        };
        if self.0.len() < MANY {
            return all(&self.0);
        }
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            let parts = self.0.chunks(self.0.len().div_ceil(threads));
            let parts: Vec<_> = parts.map(|part| scope.spawn(move || all(part))).collect();
            parts.into_iter().all(|part| part.join().unwrap_or(false))
        })
    }

    /// How many paths are looked at.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn holds(root: &Root, path: &WorkspacePath, look: &Look) -> bool {
    let text = if path.is_root() { "." } else { path.as_str() };
    // Every folder on the way is looked at as well: none is a link.
    let Ok(stat) = root.stat_quick(text) else { return false };
    match (look, stat) {
        (Look::Absent, stat) => stat.is_none(),
        (_, None) => false,
        (Look::Folder, Some(stat)) => stat.kind == Kind::Directory,
        (Look::Listed(times), Some(stat)) => stat.kind == Kind::Directory && times.are_of(&stat),
        (Look::Link(target), Some(Stat { kind, .. })) => {
            let now = || root.link_target(text).ok();
            kind == Kind::Symlink && now().is_some_and(|now| now.as_os_str() == target.as_str())
        }
        (Look::File { content, executable }, Some(stat)) => {
            let same = match content {
                Content::Times(times) => times.are_of(&stat),
                Content::Young(digest) => {
                    root.hash(text).is_ok_and(|hashed| hashed.digest == *digest)
                }
            };
            stat.kind == Kind::File && stat.executable == *executable && same
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::{Duration, SystemTime};

    use belljar_disk::Mode;
    use belljar_model::Patterns;
    use belljar_model::ports::{Inputs as _, WriteBack as _};

    use super::*;
    use crate::testing::Fixture;

    fn output(path: &str) -> OutputFile {
        let path = WorkspacePath::parse(path).unwrap();
        OutputFile { digest: Digest::of(path.as_str().as_bytes()), path, executable: false }
    }

    /// A workspace at rest, in which a run saw `src/**`, `absent` and `link`, and made `out/deep/made`.
    struct Case {
        fixture: Fixture,
        watched: Watched,
    }

    impl Case {
        fn new() -> Self {
            let fixture = Fixture::new(&["src/a", "src/in/b", "other"]);
            symlink("src/a", fixture.root.path().join("link")).unwrap();
            fixture.blobs.add(&["out/deep/made"]);
            fixture.open().write_back(&[output("out/deep/made")]).unwrap();
            rest(&fixture);
            let watched = watch(&fixture).unwrap();
            assert!(watched.holds(&fixture.root));
            Self { fixture, watched }
        }

        fn after(change: impl Fn(&Fixture)) -> bool {
            let Self { fixture, watched } = Self::new();
            change(&fixture);
            let bytes = postcard::to_stdvec(&watched).unwrap();
            assert_eq!(postcard::from_bytes::<Watched>(&bytes).as_ref(), Ok(&watched));
            watched.holds(&fixture.root)
        }
    }

    fn watch(fixture: &Fixture) -> Option<Watched> {
        let workspace = fixture.open();
        let patterns = Patterns::parse(&["src/**/*", "absent", "link"]).unwrap();
        workspace.snapshot(&patterns).unwrap();
        workspace.write_back(&[output("out/deep/made")]).unwrap();
        workspace.watched([output("out/deep/made")].iter())
    }

    /// Waits until a change is sure to show: longer than a tick of the file system.
    fn rest(fixture: &Fixture) {
        let start = SystemTime::now();
        while watch(fixture).is_none_or(|watched| watched.young())
            && start.elapsed().unwrap() < Duration::from_secs(10)
        {
            thread::yield_now();
        }
    }

    impl Watched {
        fn young(&self) -> bool {
            self.0
                .iter()
                .any(|(_, look)| matches!(look, Look::File { content: Content::Young(_), .. }))
        }
    }

    #[test]
    fn what_a_run_did_not_look_at_may_change() {
        assert!(Case::after(|_| ()));
        assert!(Case::after(|fixture| fixture.write("other", "changed")));
        assert!(Case::after(|fixture| fixture.write("out/deep/beside", "new")));
    }

    /// Something that happens to a workspace.
    type Change<'a> = &'a dyn Fn(&Fixture);

    #[test]
    fn every_change_of_what_it_looked_at_shows() {
        let path = |fixture: &Fixture, path| fixture.root.path().join(path);
        let changes: [(&str, Change<'_>); 12] = [
            ("content", &|fixture| fixture.write("src/a", "x")),
            ("content and size", &|fixture| fixture.write("src/a", "changed")),
            ("gone", &|fixture| assert!(fixture.root.remove("src/in/b").unwrap())),
            ("new", &|fixture| fixture.write("src/in/c", "new")),
            ("new folder", &|fixture| fixture.root.create_dir_all("src/new").unwrap()),
            ("mode", &|fixture| fixture.root.set_mode("src/a", Mode::Executable).unwrap()),
            ("there", &|fixture| fixture.write("absent", "it is")),
            ("output", &|fixture| fixture.write("out/deep/made", "by hand")),
            ("output gone", &|fixture| assert!(fixture.root.remove("out/deep/made").unwrap())),
            ("link", &|fixture| {
                std::fs::remove_file(path(fixture, "link")).unwrap();
                symlink("src/in/b", path(fixture, "link")).unwrap();
            }),
            ("a link instead of a folder", &|fixture| {
                std::fs::rename(path(fixture, "out"), path(fixture, "moved")).unwrap();
                symlink("moved", path(fixture, "out")).unwrap();
            }),
            ("content with its old time", &|fixture| {
                let time = std::fs::metadata(path(fixture, "src/a")).unwrap().modified().unwrap();
                std::fs::write(path(fixture, "src/a"), "src/b").unwrap();
                let file = std::fs::File::options().write(true).open(path(fixture, "src/a"));
                file.unwrap().set_modified(time).unwrap();
            }),
        ];
        for (what, change) in changes {
            assert!(!Case::after(change), "{what}");
        }
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let fixture = Fixture::new(&["lone"]);
        let workspace = fixture.open();
        workspace.snapshot(&Patterns::parse(&["lone"]).unwrap()).unwrap();
        let watched = workspace.watched([].iter()).unwrap();
        assert!(watched.holds(&fixture.root));
        // Within one tick of the clock that stamps files, or not: it shows.
        std::fs::write(fixture.root.path().join("lone"), "anew").unwrap();
        assert!(!watched.holds(&fixture.root));
    }

    #[test]
    fn many_paths_are_looked_at_in_parts() {
        let names: Vec<_> = (0..2 * MANY).map(|number| format!("src/f{number}")).collect();
        let fixture = Fixture::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
        fixture.blobs.add(&["out/deep/made"]);
        fixture.open().write_back(&[output("out/deep/made")]).unwrap();
        rest(&fixture);
        let watched = watch(&fixture).unwrap();
        assert!(watched.holds(&fixture.root));
        fixture.write(&format!("src/f{MANY}"), "changed");
        assert!(!watched.holds(&fixture.root));
    }
}
