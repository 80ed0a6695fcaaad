//! A workspace with tools, and blobs in files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use belljar_model::event::LogLine;
use belljar_model::limits::Limit;
use belljar_model::ports::{
    BlobSource, BlobStore, BlobWriter, Cancel, LogSink, ToolExecutor as _, ToolLimits, ToolRequest,
    ToolRun, WholeBlob,
};
use belljar_model::tool::{GrantedTool, Program, StateMount, ToolSpec};
use belljar_model::{
    Digest, Directory, Entry, Fault, Node, Patterns, StepName, Tier, ToolAction, WorkspacePath,
};
use belljar_tool::{Found, NativeTools, Options};
use bytes::Bytes;

/// Blobs in a folder, verified when they are read.
#[derive(Clone)]
pub(crate) struct FileBlobs(pub(crate) PathBuf);

impl BlobSource for FileBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        let Ok(bytes) = std::fs::read(self.0.join(digest.hex())) else { return Ok(None) };
        assert_eq!(Digest::of(&bytes), *digest);
        Ok(Some(Bytes::from(bytes)))
    }
}

impl BlobStore for FileBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let digest = Digest::of(bytes);
        std::fs::write(self.0.join(digest.hex()), bytes).unwrap();
        Ok(digest)
    }

    fn contains(&self, digest: &Digest) -> bool {
        self.0.join(digest.hex()).exists()
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        Ok(WholeBlob::new(self.clone()))
    }
}

/// Hears every line.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl LogSink for Heard {
    fn line(&self, _step: &StepName, line: &LogLine) {
        self.0.lock().unwrap().push(line.text.clone());
    }
}

/// A workspace and its tools.
pub(crate) struct Fixture {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) blobs: FileBlobs,
    pub(crate) tools: NativeTools,
    pub(crate) specs: BTreeMap<String, ToolSpec>,
    pub(crate) heard: Arc<Heard>,
    tier: Tier,
}

impl Fixture {
    /// Tools as (name, program), in this tier.
    pub(crate) fn new(tier: Tier, tools: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["blobs", "root"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let spec = |&(name, program): &(&str, &str)| (name.to_owned(), spec(name, program));
        let blobs = FileBlobs(folder.path().join("blobs"));
        let tools_of = Self::open(folder.path(), &blobs, tier);
        let specs = tools.iter().map(spec).collect();
        Self { folder, blobs, tools: tools_of, specs, heard: Arc::default(), tier }
    }

    fn open(folder: &Path, blobs: &FileBlobs, tier: Tier) -> NativeTools {
        let options = Options {
            scratch: folder.join("scratch"),
            state: folder.join("state"),
            memory: folder.join("memory"),
            root: folder.join("root"),
            home: std::env::var_os("HOME").map(PathBuf::from),
            path: std::env::var("PATH").ok(),
            blobs_in: Arc::new(blobs.clone()),
            blobs_out: Arc::new(blobs.clone()),
            printed: Arc::new(blobs.clone()),
            tier,
        };
        NativeTools::open(options).unwrap()
    }

    pub(crate) fn find(&self, name: &str) -> Found {
        self.tools.find(&self.specs, name).unwrap()
    }

    /// A run of `name` over these files.
    pub(crate) fn action(&self, name: &str, args: &[&str], files: &[(&str, &str)]) -> ToolAction {
        let entry = |&(path, text): &(&str, &str)| Entry {
            path: WorkspacePath::parse(path).unwrap(),
            node: Node::File {
                digest: self.blobs.put(text.as_bytes()).unwrap(),
                executable: false,
            },
        };
        ToolAction {
            tool: name.to_owned(),
            label: String::new(),
            granted: GrantedTool { identity: self.find(name).identity, tier: self.tier },
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            cwd: WorkspacePath::root(),
            stdin: self.blobs.put(b"").unwrap(),
            root: Arc::new(Directory::from_entries(files.iter().map(entry))),
            writes: Patterns::none(),
            state: Vec::new(),
            network: Vec::new(),
        }
    }

    pub(crate) fn run(&self, action: &ToolAction) -> Result<ToolRun, Fault> {
        self.run_with(action, &limits())
    }

    pub(crate) fn run_with(
        &self,
        action: &ToolAction,
        limits: &ToolLimits,
    ) -> Result<ToolRun, Fault> {
        let step = StepName::new("step");
        let log: Arc<dyn LogSink> = self.heard.clone();
        let cancel = Cancel::new();
        let request = ToolRequest {
            step: &step,
            action,
            limits,
            cpus: 1,
            reuse: belljar_model::ports::Reuse::Allowed,
            cancel: &cancel,
            log: &log,
        };
        self.tools.execute(&request)
    }

    pub(crate) fn text(&self, digest: &Digest) -> String {
        String::from_utf8(self.blobs.get(digest).unwrap().unwrap().to_vec()).unwrap()
    }

    /// That nothing of a run is left: of what this process keeps for more runs, nothing is in use.
    pub(crate) fn assert_clean(&self) {
        let names = |folder: &Path| -> Vec<_> {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
        };
        for path in names(&self.folder.path().join("scratch")) {
            if path.extension().is_none_or(|end| end != "alive") {
                assert!(names(&path).is_empty(), "{}: {:?}", path.display(), names(&path));
            }
        }
    }
}

pub(crate) fn spec(name: &str, program: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        program: Program::Native(program.to_owned()),
        closure: Vec::new(),
        uses: Vec::new(),
        env: BTreeMap::new(),
        version: Vec::new(),
        identity: Vec::new(),
    }
}

/// The tiers of this user: t2 is refused to root.
pub(crate) fn tiers() -> Vec<Tier> {
    let root = rustix::process::geteuid().is_root();
    if root { vec![Tier::T1, Tier::T0] } else { vec![Tier::T1, Tier::T2, Tier::T0] }
}

pub(crate) fn mount(name: &str, path: &str) -> StateMount {
    StateMount { name: name.to_owned(), path: WorkspacePath::parse(path).unwrap() }
}

pub(crate) fn limits() -> ToolLimits {
    ToolLimits {
        time: Limit::default_of(Duration::from_secs(120)),
        memory: Limit::default_of(4 << 30),
        processes: Limit::default_of(500),
        output_bytes: Limit::default_of(1 << 30),
        output_files: Limit::default_of(1_000),
        log_bytes: Limit::default_of(1 << 20),
    }
}
