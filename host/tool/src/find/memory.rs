//! Memory: digests of executables and what version commands printed, so that neither is asked
//! for again while the file is the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use belljar_disk::{DiskError, Mode, Root, Stat};
use belljar_model::Digest;
use serde::{Deserialize, Serialize};

const FILE: &str = "tools-v1.json";
/// How much is remembered before all is forgotten: the tools of a machine are few.
const MOST: usize = 2_000;

/// What is remembered between runs of the host.
#[derive(Debug)]
pub(crate) struct Memory {
    root: Root,
    kept: Mutex<Kept>,
}

#[derive(Default, Debug, Serialize, Deserialize)]
struct Kept {
    /// By path: what the file was like, and its digest.
    digests: BTreeMap<String, (Like, Digest)>,
    /// By executable and arguments: what was printed.
    versions: BTreeMap<String, String>,
}

/// A file as far as it is not read. Programs cannot set the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Like {
    size: u64,
    mtime_ns: i64,
    inode: u64,
    ctime_ns: i64,
}

impl From<Stat> for Like {
    fn from(stat: Stat) -> Self {
        let Stat { size, mtime_ns, inode, ctime_ns, .. } = stat;
        Self { size, mtime_ns, inode, ctime_ns }
    }
}

impl Memory {
    /// Reads what is remembered. What cannot be read is forgotten.
    pub(crate) fn open(folder: &Path) -> Result<Self, DiskError> {
        let root = Root::create(folder)?;
        let read = root.read_if_there(FILE)?;
        let kept = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Ok(Self { root, kept: Mutex::new(kept) })
    }

    /// The digest of a file, and what the file is like now.
    pub(crate) fn digest(&self, path: &Path) -> Result<(Digest, Like), DiskError> {
        let (folder, name) = split(path)?;
        let key = path.display().to_string();
        let known = self.kept().digests.get(&key).copied();
        if let (Some((like, digest)), Some(stat)) = (known, folder.stat(&name)?)
            && like == Like::from(stat)
        {
            return Ok((digest, like));
        }
        let hashed = folder.hash(&name)?;
        let like = Like::from(hashed.before);
        if hashed.before == hashed.after {
            let mut kept = self.kept();
            kept.digests.insert(key, (like, hashed.digest));
            self.write(&mut kept)?;
        }
        Ok((hashed.digest, like))
    }

    /// Whether the file is still like this.
    pub(crate) fn is_like(path: &Path, like: &Like) -> bool {
        let stat = split(path).and_then(|(folder, name)| folder.stat(&name));
        matches!(stat, Ok(Some(stat)) if Like::from(stat) == *like)
    }

    /// What the version command of this executable printed.
    pub(crate) fn version(&self, key: &Digest) -> Option<String> {
        self.kept().versions.get(&key.hex()).cloned()
    }

    /// Remembers what a version command printed.
    pub(crate) fn keep_version(&self, key: &Digest, text: &str) -> Result<(), DiskError> {
        let mut kept = self.kept();
        kept.versions.insert(key.hex(), text.to_owned());
        self.write(&mut kept)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, kept: &mut Kept) -> Result<(), DiskError> {
        if kept.digests.len() + kept.versions.len() > MOST {
            *kept = Kept::default();
        }
        let bytes = serde_json::to_vec(kept).expect("it has a JSON form");
        self.root.write_atomic(FILE, &bytes, Mode::Private)
    }
}

fn split(path: &Path) -> Result<(Root, String), DiskError> {
    let folder = Root::open(path.parent().unwrap_or(Path::new("/")))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((folder, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_remembered_until_the_file_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tool");
        std::fs::write(&file, "one").unwrap();
        let memory = Memory::open(&folder.path().join("memory")).unwrap();
        let (digest, like) = memory.digest(&file).unwrap();
        assert_eq!(digest, Digest::of(b"one"));
        // The memory is believed: a wrong entry shows.
        memory.kept().digests.values_mut().for_each(|entry| entry.1 = Digest::of(b"believed"));
        memory.write(&mut memory.kept()).unwrap();
        let again = Memory::open(&folder.path().join("memory")).unwrap();
        assert_eq!(again.digest(&file).unwrap().0, Digest::of(b"believed"));
        std::fs::write(&file, "other").unwrap();
        assert!(!Memory::is_like(&file, &like));
        assert_eq!(again.digest(&file).unwrap().0, Digest::of(b"other"));
    }

    #[test]
    fn a_memory_that_cannot_be_read_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        let memory = Memory::open(folder.path()).unwrap();
        assert_eq!(memory.version(&Digest::of(b"x")), None);
        memory.keep_version(&Digest::of(b"x"), "1.0").unwrap();
        let memory = Memory::open(folder.path()).unwrap();
        assert_eq!(memory.version(&Digest::of(b"x")).as_deref(), Some("1.0"));
    }
}
