//! Enclosed: what goes along with a call, because the worker would ask for it first.

use std::collections::HashSet;
use std::sync::Arc;

use belljar_model::ports::BlobSource;
use belljar_model::{Digest, Directory, Node};
use serde::{Deserialize, Serialize};

use super::FolderNode;

/// The names in a folder, with what is there.
pub(crate) type Names = Vec<(String, FolderNode)>;

/// The most names of a tree that goes along.
const NAMES: usize = 128;
/// The most bytes of its files.
const BYTES: u64 = 64 << 10;

/// The whole tree of a call, if it is small: then a step that reads what it declared asks for
/// nothing. To read a small file that nobody wants costs less than one question.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Enclosed {
    /// The folders, each after those in it.
    pub(crate) folders: Vec<(Digest, Names)>,
    /// The files, whose bytes follow in this order.
    pub(crate) files: Vec<Digest>,
}

impl Enclosed {
    /// Encloses a tree, and returns the bytes that follow. Nothing of a tree that is large; and
    /// not the files if one of them is not to be had: whoever needs that one will hear why.
    pub(crate) fn of(root: &Arc<Directory>, inputs: &dyn BlobSource) -> (Self, Vec<u8>) {
        let mut gathered = Gathered::default();
        if !gathered.add(root) {
            return (Self::default(), Vec::new());
        }
        let Gathered { folders, files, .. } = gathered;
        let mut raw = Vec::new();
        for digest in &files {
            match inputs.get(digest) {
                Ok(Some(bytes)) if bytes.len() as u64 == digest.size() => {
                    raw.extend_from_slice(&bytes);
                }
                _ => return (Self { folders, files: Vec::new() }, Vec::new()),
            }
        }
        (Self { folders, files }, raw)
    }

    /// How many bytes follow.
    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(Digest::size).fold(0, u64::saturating_add)
    }
}

#[derive(Default)]
struct Gathered {
    folders: Vec<(Digest, Names)>,
    files: Vec<Digest>,
    known: HashSet<Digest>,
    names: usize,
    bytes: u64,
}

impl Gathered {
    /// Adds a folder with all in it; `false` if that is too much.
    fn add(&mut self, folder: &Arc<Directory>) -> bool {
        if !self.known.insert(folder.digest()) {
            return true;
        }
        self.names += folder.nodes().len() + 1;
        if self.names > NAMES {
            return false;
        }
        for node in folder.nodes().values() {
            let fits = match node {
                Node::Directory(below) => self.add(below),
                Node::File { digest, .. } => self.add_file(digest),
                Node::Symlink { .. } => true,
            };
            if !fits {
                return false;
            }
        }
        let names = folder.nodes().iter().map(|(name, node)| (name.clone(), node.into()));
        self.folders.push((folder.digest(), names.collect()));
        true
    }

    fn add_file(&mut self, digest: &Digest) -> bool {
        if self.known.insert(*digest) {
            self.bytes = self.bytes.saturating_add(digest.size());
            self.files.push(*digest);
        }
        self.bytes <= BYTES
    }
}

#[cfg(test)]
mod tests {
    use belljar_model::ports::{BlobStore as _, MemoryBlobs};
    use belljar_model::{Entry, WorkspacePath};

    use super::*;

    fn tree(blobs: &MemoryBlobs, files: &[(&str, &str)]) -> Arc<Directory> {
        let entry = |&(path, text): &(&str, &str)| {
            let digest = blobs.put(text.as_bytes()).unwrap();
            let node = Node::File { digest, executable: false };
            Entry { path: WorkspacePath::parse(path).unwrap(), node }
        };
        Arc::new(Directory::from_entries(files.iter().map(entry)))
    }

    #[test]
    fn a_small_tree_goes_along_whole_and_each_content_once() {
        let blobs = MemoryBlobs::default();
        let root = tree(&blobs, &[("a/b/one", "1"), ("a/two", "22"), ("same", "1")]);
        let (enclosed, raw) = Enclosed::of(&root, &blobs);
        assert_eq!((&raw[..], enclosed.size()), (&b"122"[..], 3));
        assert_eq!(enclosed.folders.len(), 3);
        assert_eq!(enclosed.folders.last().unwrap().0, root.digest(), "the root comes last");
    }

    #[test]
    fn nothing_of_a_large_tree_goes_along() {
        let blobs = MemoryBlobs::default();
        let names: Vec<_> = (0..NAMES).map(|number| number.to_string()).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        let large = "x".repeat(1 + usize::try_from(BYTES).unwrap());
        for files in [&many[..], &[("large", &large)]] {
            let (enclosed, raw) = Enclosed::of(&tree(&blobs, files), &blobs);
            assert!(enclosed.folders.is_empty() && enclosed.files.is_empty() && raw.is_empty());
        }
    }

    #[test]
    fn files_stay_behind_if_one_of_them_is_gone() {
        let blobs = MemoryBlobs::default();
        let root = tree(&blobs, &[("one", "1"), ("two", "22")]);
        assert!(blobs.lose(&Digest::of(b"22")));
        let (enclosed, raw) = Enclosed::of(&root, &blobs);
        assert!(enclosed.files.is_empty() && raw.is_empty() && !enclosed.folders.is_empty());
    }
}
