//! Fresh: the contents of small files that were hashed a moment ago. Most are read right after
//! that, by the step because of which they were hashed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use belljar_model::Digest;
use bytes::Bytes;

/// How many bytes are kept together.
const MOST: usize = 4 << 20;

/// Contents, each until it is taken.
#[derive(Default)]
pub(crate) struct Fresh(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    by_digest: HashMap<Digest, Bytes>,
    held: usize,
}

impl Fresh {
    /// Keeps the content of a file, if it is at hand and there is room.
    pub(crate) fn keep(&self, digest: Digest, content: Option<Vec<u8>>) {
        let Some(content) = content else { return };
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if contents.held + content.len() <= MOST {
            contents.held += content.len();
            let before = contents.by_digest.insert(digest, Bytes::from(content));
            contents.held -= before.map_or(0, |before| before.len());
        }
    }

    /// Hands out a content, once.
    pub(crate) fn take(&self, digest: &Digest) -> Option<Bytes> {
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let content = contents.by_digest.remove(digest)?;
        contents.held -= content.len();
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_there_once_and_all_together_are_bounded() {
        let fresh = Fresh::default();
        let keep = |bytes: &[u8]| {
            let digest = Digest::of(bytes);
            fresh.keep(digest, Some(bytes.to_vec()));
            digest
        };
        let small = keep(b"small");
        keep(b"small");
        assert_eq!(fresh.take(&small).as_deref(), Some(&b"small"[..]));
        assert_eq!(fresh.take(&small), None);
        let large = vec![1; MOST / 2];
        let (one, other) = (keep(&large), keep(&[&large[1..], b"x"].concat()));
        let third = keep(b"no room");
        assert!(fresh.take(&one).is_some() && fresh.take(&third).is_none());
        assert!(fresh.take(&keep(b"room again")).is_some() && fresh.take(&other).is_some());
        fresh.keep(small, None);
        assert_eq!(fresh.take(&small), None);
    }
}
