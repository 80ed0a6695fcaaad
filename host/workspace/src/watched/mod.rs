//! Watched: what a run saw of its workspace, so that a later run can tell with one look at each
//! path that nothing is different.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

use belljar_disk::{Kind, Root, Stat};
use belljar_model::{Digest, Node, OutputFile, WorkspacePath};
use serde::{Deserialize, Serialize};

use crate::index::{Times, nanos};
use crate::seen::Found;
use crate::workspace::Workspace;

/// How many paths are worth a second thread, and are looked at in one go.
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
    /// A file with this content, which a step has made.
    Made { content: Content, executable: bool },
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
                // What is on the way to it is looked at: that it is no folder says enough.
                Found::Absent if !self.is_in_a_folder(&path) => continue,
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
            looks.insert(path.clone(), Look::Made { content, executable: *executable });
        }
        Some(Watched(looks.into_iter().collect()))
    }

    fn is_in_a_folder(&self, path: &WorkspacePath) -> bool {
        let above = path.parent().filter(|parent| !parent.is_root());
        above.is_none_or(|parent| matches!(self.seen.get(&parent), Some(Found::Folder)))
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

/// A path that is not as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The path.
    pub path: WorkspacePath,
    /// What is different.
    pub kind: ChangeKind,
}

/// What came of a look at everything.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Looked {
    /// What is not as it was, by path.
    pub changes: Vec<Change>,
    /// How many files had only just been written before, and need not be read any more.
    pub settled: usize,
}

impl Looked {
    fn and(mut self, other: Self) -> Self {
        self.changes.extend(other.changes);
        self.settled += other.settled;
        self
    }
}

/// What is different at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeKind {
    /// It is a folder as before, and names came to it or went away.
    Listing,
    /// What is there, or that something is.
    Node,
    /// The same, where a step had made a file.
    Made,
}

impl Watched {
    /// Looks at all of it, in the workspace at `root`. What cannot be looked at is not as it was.
    /// A file that had only just been written and is at rest by now is not read again by later
    /// looks. `now_ms` is the time when this begins, in milliseconds since 1970-01-01 UTC.
    pub fn look(&mut self, root: &Root, now_ms: u64) -> Looked {
        let now = nanos(now_ms);
        let all = |part: &mut [(WorkspacePath, Look)]| -> Looked {
            let mut looked = Looked::default();
            for (path, look) in part {
                match seen(root, path, look, now) {
                    Seen::Same => {}
                    Seen::Settled(times) => {
                        settle(look, times);
                        looked.settled += 1;
                    }
                    Seen::Changed(kind) => {
                        looked.changes.push(Change { path: path.clone(), kind });
                    }
                }
            }
            looked
        };
        if self.0.len() < MANY {
            return all(&mut self.0);
        }
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let parts = Mutex::new(self.0.chunks_mut(MANY));
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        let look_on = || std::iter::from_fn(next).map(all).fold(Looked::default(), Looked::and);
        thread::scope(|scope| {
            // Threads that cannot be had are done without.
            let others = (1..threads)
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, look_on).ok());
            let others: Vec<_> = others.collect();
            let mut looked = look_on();
            for other in others {
                let other = other.join().unwrap_or_else(|panic| resume_unwind(panic));
                looked = looked.and(other);
            }
            looked.changes.sort_by(|one, two| one.path.cmp(&two.path));
            looked
        })
    }

    /// What two runs saw: all that the later one did, and of the earlier one all but what is
    /// `outdated`. `None` if they saw something different at one path: then it changed between the
    /// two, and no look stands for the steps of both.
    #[must_use]
    pub fn renewed(self, outdated: &BTreeSet<WorkspacePath>, later: Self) -> Option<Self> {
        let mut looks: BTreeMap<_, _> = later.0.into_iter().collect();
        for (path, look) in self.0 {
            if outdated.contains(&path) {
                continue;
            }
            match (looks.get(&path), &look) {
                (None, _) | (Some(Look::Folder), Look::Listed(_)) => drop(looks.insert(path, look)),
                (Some(Look::Listed(_)), Look::Folder) => {}
                (Some(later), _) if *later == look => {}
                // Whoever reads what a step has made sees a file.
                (
                    Some(Look::File { content, executable }),
                    Look::Made { content: as_made, executable: mode },
                ) if content == as_made && executable == mode => {
                    looks.insert(path, look);
                }
                (Some(_), _) => return None,
            }
        }
        Some(Self(looks.into_iter().collect()))
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

/// What one look at a path saw.
enum Seen {
    /// The same as before.
    Same,
    /// The same as before, in a file that is at rest now.
    Settled(Times),
    /// Something else.
    Changed(ChangeKind),
}

fn seen(root: &Root, path: &WorkspacePath, look: &Look, now: i64) -> Seen {
    let text = if path.is_root() { "." } else { path.as_str() };
    // Every folder on the way is looked at as well: none is a link.
    let Ok(stat) = root.stat_quick(text) else { return Seen::Changed(ChangeKind::Node) };
    let is_same = match (look, stat) {
        (Look::Absent, stat) => stat.is_none(),
        (_, None) => false,
        (Look::Folder, Some(stat)) => stat.kind == Kind::Directory,
        (Look::Listed(times), Some(stat)) => match stat.kind {
            Kind::Directory if !times.are_of(&stat) => return Seen::Changed(ChangeKind::Listing),
            kind => kind == Kind::Directory,
        },
        (Look::Link(target), Some(Stat { kind, .. })) => {
            let now = || root.link_target(text).ok();
            kind == Kind::Symlink && now().is_some_and(|now| now.as_os_str() == target.as_str())
        }
        (Look::File { executable, .. } | Look::Made { executable, .. }, Some(stat))
            if stat.kind != Kind::File || stat.executable != *executable =>
        {
            false
        }
        (Look::File { content, .. } | Look::Made { content, .. }, Some(stat)) => match content {
            Content::Times(times) => times.are_of(&stat),
            Content::Young(digest) => {
                let hashed = root.hash(text).ok().filter(|hashed| hashed.digest == *digest);
                let is_still =
                    hashed.as_ref().is_some_and(|seen| seen.before == stat && seen.after == stat);
                let times = Times::of(&stat);
                if is_still && times.were_at_rest(now) {
                    return Seen::Settled(times);
                }
                hashed.is_some()
            }
        },
    };
    match look {
        _ if is_same => Seen::Same,
        Look::Made { .. } => Seen::Changed(ChangeKind::Made),
        _ => Seen::Changed(ChangeKind::Node),
    }
}

fn settle(look: &mut Look, times: Times) {
    if let Look::File { content, .. } | Look::Made { content, .. } = look {
        *content = Content::Times(times);
    }
}

#[cfg(test)]
mod tests;
