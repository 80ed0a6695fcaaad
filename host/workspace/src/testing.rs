//! Workspaces in temporary folders.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use belljar_disk::{Mode, Root};
use belljar_model::ports::{BlobSource, Clock};
use belljar_model::{Digest, Fault, Patterns};
use bytes::Bytes;

use crate::workspace::{Options, Workspace};

/// Blobs in memory.
#[derive(Default)]
pub(crate) struct Blobs(Mutex<BTreeMap<Digest, String>>);

impl Blobs {
    pub(crate) fn add(&self, texts: &[&str]) {
        let mut blobs = self.0.lock().unwrap();
        blobs.extend(texts.iter().map(|text| (Digest::of(text.as_bytes()), (*text).to_owned())));
    }
}

impl BlobSource for Blobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.0.lock().unwrap().get(digest).cloned().map(Bytes::from))
    }
}

/// The real time, which also stamps the files of a test.
struct RealTime;

impl Clock for RealTime {
    fn now_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(now.as_millis()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A folder with files, each of which holds its own path.
pub(crate) struct Fixture {
    pub(crate) root: Root,
    pub(crate) blobs: Arc<Blobs>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let fixture = Self { root, blobs: Arc::default(), _folder: folder };
        for file in files {
            fixture.write(file, file);
        }
        fixture
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.root.create_dir_all(folder).unwrap();
        }
        self.root.write_atomic(path, content.as_bytes(), Mode::Plain).unwrap();
    }

    pub(crate) fn open(&self) -> Workspace {
        self.open_with(Vec::new())
    }

    pub(crate) fn open_with(&self, outputs: Vec<Patterns>) -> Workspace {
        let blobs = Arc::clone(&self.blobs) as _;
        let clock = Arc::new(RealTime);
        Workspace::open(self.root.path(), Options { outputs, blobs, clock }).unwrap()
    }
}
