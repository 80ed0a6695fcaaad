//! Trees and limits for tests.

use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{BlobSource as _, BlobStore as _, MemoryBlobs, ToolLimits};
use belljar_model::{Digest, Directory, Entry, Node, WorkspacePath};

/// The text of the blob that is this text.
pub(crate) fn get_text(blobs: &MemoryBlobs, text: &str) -> String {
    let bytes = blobs.get(&Digest::of(text.as_bytes())).unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
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
