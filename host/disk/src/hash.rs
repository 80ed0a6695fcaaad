//! The digest of a file, read once from its beginning to its end.

use std::io::Read;

use belljar_model::Digest;

use crate::error::DiskError;
use crate::root::Root;
use crate::stat::Stat;

/// How many bytes are read at a time.
const PIECE: usize = 64 * 1024;

/// The largest file, in bytes, whose content is returned with its digest.
const SMALL: u64 = PIECE as u64;

/// A file's digest, and what was known about the file before and after it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hashed {
    /// The digest of what was read.
    pub digest: Digest,
    /// The file before the first byte was read.
    pub before: Stat,
    /// The file after the last byte was read.
    pub after: Stat,
    /// What was read, if it is small.
    pub content: Option<Vec<u8>>,
}

impl Root {
    /// Reads and hashes a file piece by piece. Links within the root are followed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hash(&self, path: &str) -> Result<Hashed, DiskError> {
        let failed = |error| self.failed("read", path, error);
        let mut file = self.dir().open(path).map_err(failed)?;
        let before = Stat::of(&file.metadata().map_err(failed)?);
        let mut hasher = blake3::Hasher::new();
        let (mut size, mut pieces) = (0, 0);
        let room = usize::try_from(before.size).map_or(PIECE, |size| (size + 1).min(PIECE));
        let mut piece = vec![0; room];
        loop {
            let read = file.read(&mut piece).map_err(failed)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            size += read as u64;
            pieces += 1;
        }
        let after = Stat::of(&file.metadata().map_err(failed)?);
        let digest = Digest::from_parts(*hasher.finalize().as_bytes(), size);
        piece.truncate(usize::try_from(size).unwrap_or(0));
        let content = (pieces == 1 && size <= SMALL).then_some(piece);
        Ok(Hashed { digest, before, after, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_file_is_the_digest_of_its_bytes_at_every_size() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes = vec![7; size];
            root.write_atomic("file", &bytes, crate::Mode::Plain).unwrap();
            let hashed = root.hash("file").unwrap();
            assert_eq!(hashed.digest, Digest::of(&bytes), "{size} bytes");
            assert_eq!(hashed.before, hashed.after);
        }
    }
}
