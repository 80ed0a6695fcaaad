//! Blobs in memory, trees and limits for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{BlobSource, BlobStore, BlobWriter, ToolLimits};
use belljar_model::{Digest, Directory, Entry, Fault, Node, WorkspacePath};
use bytes::Bytes;

/// Blobs in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryBlobs(Arc<Mutex<BTreeMap<Digest, Bytes>>>);

impl MemoryBlobs {
    /// The text of the blob that is this text.
    pub(crate) fn get_text(&self, text: &str) -> String {
        let bytes = self.get(&Digest::of(text.as_bytes())).unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}

impl BlobSource for MemoryBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.0.lock().unwrap().get(digest).cloned())
    }
}

impl BlobStore for MemoryBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let digest = Digest::of(bytes);
        self.0.lock().unwrap().insert(digest, Bytes::copy_from_slice(bytes));
        Ok(digest)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.0.lock().unwrap().contains_key(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Ok(Box::new(MemoryWriter { blobs: self.clone(), bytes: Vec::new() }))
    }
}

struct MemoryWriter {
    blobs: MemoryBlobs,
    bytes: Vec<u8>,
}

impl BlobWriter for MemoryWriter {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Digest, Fault> {
        self.blobs.put(&self.bytes)
    }
}

/// A tree of files. A path that ends in `!` is executable, a content that begins with `->` is a
/// link.
pub(crate) fn tree(blobs: &MemoryBlobs, files: &[(&str, &str)]) -> Directory {
    let entry = |&(path, text): &(&str, &str)| {
        let (path, executable) = path.strip_suffix('!').map_or((path, false), |path| (path, true));
        let node = match text.strip_prefix("->") {
            Some(target) => Node::Symlink { target: target.to_owned() },
            None => Node::File { digest: blobs.put(text.as_bytes()).unwrap(), executable },
        };
        Entry { path: WorkspacePath::parse(path).unwrap(), node }
    };
    Directory::from_entries(files.iter().map(entry))
}

/// Limits that no test reaches by accident.
pub(crate) fn limits() -> ToolLimits {
    ToolLimits {
        time: Limit::default_of(Duration::from_secs(60)),
        memory: Limit::default_of(2 << 30),
        processes: Limit::default_of(200),
        output_bytes: Limit::default_of(1 << 30),
        output_files: Limit::default_of(1_000),
        log_bytes: Limit::default_of(1 << 20),
    }
}
