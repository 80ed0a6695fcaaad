//! Seen: what this run found at each path. A run sees every path once, so all its steps see the
//! same workspace.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use belljar_disk::{Hashed, Kind};
use belljar_model::{Digest, Node, WorkspacePath};

use crate::error::WorkspaceError;
use crate::workspace::Workspace;

/// How often a file that keeps changing is hashed before giving up.
const TRIES: usize = 3;

/// What is at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// Nothing, or something behind a link.
    Absent,
    /// A file or a link.
    Node(Node),
    /// A folder, reached without a link.
    Folder,
    /// A socket, a pipe or a device.
    Special,
}

/// What was found in this run.
#[derive(Default)]
pub(crate) struct Seen(RwLock<Maps>);

#[derive(Default)]
struct Maps {
    found: HashMap<WorkspacePath, Found>,
    files: HashMap<Digest, WorkspacePath>,
}

impl Seen {
    pub(crate) fn get(&self, path: &WorkspacePath) -> Option<Found> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).found.get(path).cloned()
    }

    /// All that was found, by its path.
    pub(crate) fn all(&self) -> Vec<(WorkspacePath, Found)> {
        let maps = self.0.read().unwrap_or_else(PoisonError::into_inner);
        maps.found.iter().map(|(path, found)| (path.clone(), found.clone())).collect()
    }

    /// Where a file with this content is.
    pub(crate) fn file(&self, digest: &Digest) -> Option<WorkspacePath> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).files.get(digest).cloned()
    }

    /// Keeps what was found, unless another thread was first: then that is returned.
    fn keep(&self, path: &WorkspacePath, found: Found) -> Found {
        let mut maps = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let kept = maps.found.entry(path.clone()).or_insert(found).clone();
        if let Found::Node(Node::File { digest, .. }) = &kept {
            maps.files.entry(*digest).or_insert_with(|| path.clone());
        }
        kept
    }
}

impl Workspace {
    /// Says what is at a path. Links on the way are not followed: behind them is nothing.
    pub(crate) fn find(&self, path: &WorkspacePath) -> Result<Found, WorkspaceError> {
        let Some(parent) = path.parent() else { return Ok(Found::Folder) };
        if let Some(found) = self.seen.get(path) {
            return Ok(found);
        }
        let found = match self.find(&parent)? {
            Found::Folder => self.look(path)?,
            Found::Absent | Found::Node(_) | Found::Special => Found::Absent,
        };
        Ok(self.seen.keep(path, found))
    }

    fn look(&self, path: &WorkspacePath) -> Result<Found, WorkspaceError> {
        // The folders on the way were seen to be no links.
        let Some(stat) = self.root.stat_quick(path.as_str())? else {
            self.index.forget(path);
            return Ok(Found::Absent);
        };
        Ok(match stat.kind {
            Kind::Directory => Found::Folder,
            Kind::Special => Found::Special,
            Kind::Symlink => {
                let target = self.root.link_target(path.as_str())?;
                let target = target.into_os_string().into_string();
                let target = target.map_err(|_| WorkspaceError::Name(path.to_string()))?;
                Found::Node(Node::Symlink { target })
            }
            Kind::File => {
                let executable = stat.executable;
                let digest = match self.index.digest(path, &stat) {
                    Some(digest) => digest,
                    None => self.hash(path)?,
                };
                Found::Node(Node::File { digest, executable })
            }
        })
    }

    /// Hashes a file that is at rest while it is read.
    pub(crate) fn hash(&self, path: &WorkspacePath) -> Result<Digest, WorkspaceError> {
        for _ in 0..TRIES {
            let now = self.clock.now_ms();
            // The folders on the way were seen to be no links.
            let stat = self.root.stat_quick(path.as_str())?;
            let Hashed { digest, before, after, content } = self.root.hash(path.as_str())?;
            // The first look did not follow a link. Is the file that was read the same one?
            if stat == Some(before) && before == after {
                self.fresh.keep(digest, content);
                self.index.learn(path, digest, &after, now);
                return Ok(digest);
            }
        }
        Err(WorkspaceError::Changed(path.clone()))
    }
}
