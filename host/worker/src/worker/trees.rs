//! Trees: the folders that this worker was sent, so that each is sent once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use belljar_model::{Digest, Directory, Fault, Node};

use super::link::{Link, unexpected};
use crate::fault;
use crate::message::{Answer, Ask, FolderNode, Names};

/// So many entries are remembered; then all is forgotten.
const REMEMBERED: usize = 500_000;
/// So many folders are asked for at once.
const AT_ONCE: usize = 1_000;
/// How many levels of folders a tree may have: a path is not longer than that.
const LEVELS: usize = 2_100;

/// The folders that are known.
#[derive(Default)]
pub(super) struct Trees {
    known: HashMap<Digest, Arc<Directory>>,
    entries: usize,
}

impl Trees {
    /// Returns a folder with all below it, asking for what is not known.
    ///
    /// # Errors
    /// When the coordinator does not have it.
    pub(super) fn folder(&mut self, link: &Link, root: Digest) -> Result<Arc<Directory>, Fault> {
        if let Some(folder) = self.known.get(&root) {
            return Ok(Arc::clone(folder));
        }
        self.bound();
        let levels = self.ask(link, root)?;
        self.learn(levels.into_iter().rev().flatten())?;
        self.known.get(&root).cloned().ok_or_else(unexpected)
    }

    /// Learns folders, each of which comes after those in it.
    ///
    /// # Errors
    /// When one is not what it is said to be.
    pub(super) fn learn(
        &mut self,
        folders: impl IntoIterator<Item = (Digest, Names)>,
    ) -> Result<(), Fault> {
        for (digest, names) in folders {
            if self.known.contains_key(&digest) {
                continue;
            }
            self.entries += names.len() + 1;
            let folder = self.build(names)?;
            if folder.digest() != digest {
                return Err(fault::own("the coordinator sent another folder"));
            }
            self.known.insert(digest, Arc::new(folder));
        }
        Ok(())
    }

    /// Forgets all if there is too much of it. Not between learning a folder and its use.
    pub(super) fn bound(&mut self) {
        if self.entries > REMEMBERED {
            *self = Self::default();
        }
    }

    /// Asks for all unknown folders below `root`, level by level.
    fn ask(&self, link: &Link, root: Digest) -> Result<Vec<Vec<(Digest, Names)>>, Fault> {
        let mut levels = Vec::new();
        let mut wanted = BTreeSet::from([root]);
        while !wanted.is_empty() && levels.len() < LEVELS {
            let asked: Vec<Digest> = std::mem::take(&mut wanted).into_iter().collect();
            let mut level = Vec::with_capacity(asked.len());
            for part in asked.chunks(AT_ONCE) {
                let Answer::Folders(folders) = link.ask(Ask::Folders(part.to_vec()))? else {
                    return Err(unexpected());
                };
                for (digest, names) in part.iter().zip(folders) {
                    wanted.extend(names.iter().filter_map(|(_, node)| match node {
                        FolderNode::Folder(below) if !self.known.contains_key(below) => {
                            Some(*below)
                        }
                        _ => None,
                    }));
                    level.push((*digest, names));
                }
            }
            levels.push(level);
        }
        Ok(levels)
    }

    fn build(&self, names: Names) -> Result<Directory, Fault> {
        let mut nodes = BTreeMap::new();
        for (name, node) in names {
            let node = match node {
                FolderNode::File { digest, executable } => Node::File { digest, executable },
                FolderNode::Link(target) => Node::Symlink { target },
                FolderNode::Folder(digest) => {
                    Node::Directory(Arc::clone(self.known.get(&digest).ok_or_else(unexpected)?))
                }
            };
            nodes.insert(name, node);
        }
        Ok(Directory::new(nodes))
    }
}
