//! Directory: a content-addressed folder.
//!
//! Encoded as the message `Directory` of the Remote Execution API v2 (`FileNode`,
//! `DirectoryNode` and `SymlinkNode`, each list sorted by name), so that a tree can travel to a
//! remote store as it is. The digest of a directory is the digest of those bytes; it covers all
//! that lies below.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::path::WorkspacePath;

/// What is at a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, not followed.
    Symlink,
}

/// One entry of a [`Directory`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// A regular file.
    File {
        /// Its content.
        digest: Digest,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points, as stored; never followed by the host.
        target: String,
    },
    /// A folder.
    Directory(Arc<Directory>),
}

impl Node {
    /// Which kind of node it is.
    pub const fn kind(&self) -> NodeKind {
        match self {
            Self::File { .. } => NodeKind::File,
            Self::Symlink { .. } => NodeKind::Symlink,
            Self::Directory(_) => NodeKind::Directory,
        }
    }
}

/// A node and where it is: the flat form of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where.
    pub path: WorkspacePath,
    /// What.
    pub node: Node,
}

/// A sorted folder with the digest of all that is in it. Immutable and cheap to share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    nodes: BTreeMap<String, Node>,
    digest: Digest,
}

impl Directory {
    /// A folder without entries.
    pub fn empty() -> Self {
        Self::new(BTreeMap::new())
    }

    /// A folder with the given entries. Names must be single segments of a path.
    pub fn new(nodes: BTreeMap<String, Node>) -> Self {
        let digest = Digest::of(&encode(&nodes));
        Self { nodes, digest }
    }

    /// Builds a tree from entries in any order. Where two entries claim one path, or one lies
    /// below a path that another claims, the later entry wins.
    pub fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut root = Growing::default();
        for Entry { path, node } in entries {
            root.insert(&path, node);
        }
        root.freeze()
    }

    /// The digest of the encoded folder: it changes when anything below changes.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The entries by name, sorted.
    pub const fn nodes(&self) -> &BTreeMap<String, Node> {
        &self.nodes
    }

    /// The node at `path`, without following links; `None` for the root itself and for what is
    /// not there.
    pub fn get(&self, path: &WorkspacePath) -> Option<&Node> {
        let mut segments = path.segments();
        let mut node = self.nodes.get(segments.next()?)?;
        for segment in segments {
            let Node::Directory(directory) = node else { return None };
            node = directory.nodes.get(segment)?;
        }
        Some(node)
    }

    /// The files behind the one at `path` in its folder, sorted by name.
    pub fn files_after(&self, path: &WorkspacePath) -> impl Iterator<Item = Digest> + use<'_> {
        let folder = path.parent().and_then(|parent| self.folder(&parent));
        let names = (Bound::Excluded(path.name()), Bound::Unbounded);
        let after = folder.map(|folder| folder.nodes.range::<str, _>(names));
        after.into_iter().flatten().filter_map(|(_, node)| match node {
            Node::File { digest, .. } => Some(*digest),
            Node::Directory(_) | Node::Symlink { .. } => None,
        })
    }

    /// The folder at `path`, which may be the root, without following links.
    pub fn folder(&self, path: &WorkspacePath) -> Option<&Self> {
        if path.is_root() {
            return Some(self);
        }
        match self.get(path)? {
            Node::Directory(directory) => Some(directory),
            Node::File { .. } | Node::Symlink { .. } => None,
        }
    }

    /// Calls `visit` for every file and link, in the order of their paths' segments.
    pub fn walk(&self, visit: &mut impl FnMut(&WorkspacePath, &Node)) {
        self.walk_below(&WorkspacePath::root(), visit);
    }

    fn walk_below(&self, at: &WorkspacePath, visit: &mut impl FnMut(&WorkspacePath, &Node)) {
        for (name, node) in &self.nodes {
            let Some(path) = at.join(name) else { continue };
            if let Node::Directory(directory) = node {
                directory.walk_below(&path, visit);
            } else {
                visit(&path, node);
            }
        }
    }
}

/// A tree that still takes entries.
#[derive(Default)]
struct Growing(BTreeMap<String, Branch>);

enum Branch {
    Leaf(Node),
    Folder(Growing),
}

impl Growing {
    fn insert(&mut self, path: &WorkspacePath, node: Node) {
        let mut folder = self;
        let Some(parent) = path.parent() else { return };
        for segment in parent.segments() {
            let branch = folder
                .0
                .entry(segment.to_owned())
                .or_insert_with(|| Branch::Folder(Self::default()));
            if let Branch::Leaf(leaf) = branch {
                let nodes = match leaf {
                    Node::Directory(directory) => Self::thaw(directory),
                    Node::File { .. } | Node::Symlink { .. } => Self::default(),
                };
                *branch = Branch::Folder(nodes);
            }
            let Branch::Folder(next) = branch else { unreachable!("it was just made a folder") };
            folder = next;
        }
        folder.0.insert(path.name().to_owned(), Branch::Leaf(node));
    }

    fn thaw(directory: &Directory) -> Self {
        let leaf = |(name, node): (&String, &Node)| (name.clone(), Branch::Leaf(node.clone()));
        Self(directory.nodes.iter().map(leaf).collect())
    }

    fn freeze(self) -> Directory {
        let freeze = |(name, branch)| match branch {
            Branch::Leaf(node) => (name, node),
            Branch::Folder(folder) => (name, Node::Directory(Arc::new(folder.freeze()))),
        };
        Directory::new(self.0.into_iter().map(freeze).collect())
    }
}

/// Writes the protobuf message `build.bazel.remote.execution.v2.Directory`.
fn encode(nodes: &BTreeMap<String, Node>) -> Vec<u8> {
    let (mut files, mut folders, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for (name, node) in nodes {
        let mut message = Vec::with_capacity(name.len() + 80);
        bytes_field(&mut message, 1, name.as_bytes());
        match node {
            Node::File { digest, executable } => {
                bytes_field(&mut message, 2, &digest_message(digest));
                if *executable {
                    message.extend([4 << 3, 1]);
                }
                bytes_field(&mut files, 1, &message);
            }
            Node::Directory(directory) => {
                bytes_field(&mut message, 2, &digest_message(&directory.digest));
                bytes_field(&mut folders, 2, &message);
            }
            Node::Symlink { target } => {
                bytes_field(&mut message, 2, target.as_bytes());
                bytes_field(&mut links, 3, &message);
            }
        }
    }
    [files, folders, links].concat()
}

/// Writes the message `Digest { string hash = 1; int64 size_bytes = 2; }`.
fn digest_message(digest: &Digest) -> Vec<u8> {
    let mut message = Vec::with_capacity(76);
    bytes_field(&mut message, 1, digest.hex().as_bytes());
    if digest.size() > 0 {
        message.push(2 << 3);
        varint(&mut message, digest.size());
    }
    message
}

fn bytes_field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> Entry {
        let node = Node::File { digest: Digest::of(content.as_bytes()), executable: false };
        Entry { path: WorkspacePath::parse(path).unwrap(), node }
    }

    #[test]
    fn the_encoding_is_the_remote_execution_message() {
        let tree = Directory::from_entries([file("a", "")]);
        let mut expected = vec![0x0a, 71, 0x0a, 1, b'a', 0x12, 66, 0x0a, 64];
        expected.extend(Digest::of(b"").hex().as_bytes());
        assert_eq!(encode(tree.nodes()), expected);
    }

    #[test]
    fn files_behind_a_file_are_those_of_its_folder() {
        let files = [file("a", "0"), file("f/b", "1"), file("f/c/d", "2"), file("f/e", "3")];
        let tree = Directory::from_entries(files.into_iter().chain([file("f/z", "4")]));
        let after = |path: &str| {
            let path = WorkspacePath::parse(path).unwrap();
            tree.files_after(&path).collect::<Vec<_>>()
        };
        assert_eq!(after("f/b"), [Digest::of(b"3"), Digest::of(b"4")], "and not what lies deeper");
        for last in ["a", "f/c/d", "f/z", "nowhere/a", "a/below"] {
            assert_eq!(after(last), [], "{last}");
        }
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_entries() {
        let one = Directory::from_entries([file("a/b", "1"), file("c", "2")]);
        let two = Directory::from_entries([file("c", "2"), file("a/b", "1")]);
        assert_eq!(one.digest(), two.digest());
    }

    #[test]
    fn the_digest_covers_names_contents_and_modes() {
        let base = Directory::from_entries([file("a/b", "1")]).digest();
        assert_ne!(base, Directory::from_entries([file("a/c", "1")]).digest());
        assert_ne!(base, Directory::from_entries([file("a/b", "2")]).digest());
        let node = Node::File { digest: Digest::of(b"1"), executable: true };
        let path = WorkspacePath::parse("a/b").unwrap();
        assert_ne!(base, Directory::from_entries([Entry { path, node }]).digest());
    }

    #[test]
    fn a_later_entry_wins() {
        let tree = Directory::from_entries([file("a", "1"), file("a/b", "2"), file("a/b", "3")]);
        let path = WorkspacePath::parse("a/b").unwrap();
        let expected = Node::File { digest: Digest::of(b"3"), executable: false };
        assert_eq!(tree.get(&path), Some(&expected));
    }

    #[test]
    fn a_walk_sees_every_file_once() {
        let tree = Directory::from_entries([file("b", "1"), file("a/x/y", "2"), file("a/z", "3")]);
        let mut seen = Vec::new();
        tree.walk(&mut |path, _| seen.push(path.to_string()));
        assert_eq!(seen, ["a/x/y", "a/z", "b"]);
    }
}
