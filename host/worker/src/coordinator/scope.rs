//! Scope: the blobs that a call may name. All others are denied, whether they are there or not.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use belljar_model::{Digest, Directory, Node};

/// The blobs and folders that a call may name.
pub(super) struct Scope {
    root: Option<Arc<Directory>>,
    /// What lies in the tree: looked at when it is first asked for.
    index: Option<Index>,
    /// What the call wrote, or was given besides its tree.
    own: HashSet<Digest>,
}

#[derive(Default)]
struct Index {
    files: HashSet<Digest>,
    folders: HashMap<Digest, Arc<Directory>>,
}

impl Index {
    fn add(&mut self, folder: &Arc<Directory>) {
        if self.folders.insert(folder.digest(), Arc::clone(folder)).is_some() {
            return;
        }
        for node in folder.nodes().values() {
            match node {
                Node::File { digest, .. } => drop(self.files.insert(*digest)),
                Node::Directory(below) => self.add(below),
                Node::Symlink { .. } => {}
            }
        }
    }
}

impl Scope {
    /// The blobs of a tree, and some more.
    pub(super) fn new(
        root: Option<Arc<Directory>>,
        more: impl IntoIterator<Item = Digest>,
    ) -> Self {
        Self { root, index: None, own: more.into_iter().collect() }
    }

    fn index(&mut self) -> &Index {
        let root = &self.root;
        self.index.get_or_insert_with(|| {
            let mut index = Index::default();
            if let Some(root) = root {
                index.add(root);
            }
            index
        })
    }

    /// Whether the call may name this blob.
    pub(super) fn has(&mut self, digest: &Digest) -> bool {
        self.own.contains(digest) || self.index().files.contains(digest)
    }

    /// Lets the call name a blob from now on.
    pub(super) fn add(&mut self, digest: Digest) {
        self.own.insert(digest);
    }

    /// A folder of the tree.
    pub(super) fn folder(&mut self, digest: &Digest) -> Option<Arc<Directory>> {
        if let Some(root) = self.root.as_ref().filter(|root| root.digest() == *digest) {
            return Some(Arc::clone(root));
        }
        self.index().folders.get(digest).cloned()
    }
}
