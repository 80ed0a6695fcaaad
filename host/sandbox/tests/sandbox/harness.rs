//! A bench for one guest: blobs in memory, a log that is kept, and a guest that is built once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use belljar_model::grant::Capability;
use belljar_model::ports::{
    BlobSource, BlobStore as _, Cancel, Execution, Executor as _, LogSink, MemoryBlobs, NoSecrets,
    NoTools, Request, Secrets, Tools, Unheard, Variation,
};
use belljar_model::{
    Action, ActionResult, Answer, Class, Digest, Directory, Entry, Fault, Grant, Limits, Node,
    Patterns, Question, StepName, View, WorkspacePath,
};
use belljar_sandbox::{Options, Sandbox};
use bytes::Bytes;

/// The folder with the components of `tests/guest` and `tests/deploy-guest`.
///
/// Built by cargo when a test first needs it, because a component cannot be a dependency.
static GUESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guest");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--profile", "plugin", "--target", "wasm32-wasip2"])
        .args(["--package", "belljar-sandbox-guest", "--package", "belljar-sandbox-deploy-guest"])
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be started");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(
        built.status.success(),
        "the guest cannot be built; is the target there (`rustup target add wasm32-wasip2`)?\n{said}"
    );
    folder.join("wasm32-wasip2/plugin")
});

/// The plugin of `tests/guest`.
pub(crate) static GUEST: LazyLock<Bytes> = LazyLock::new(|| guest("belljar_sandbox_guest.wasm"));

/// The plugin of `tests/deploy-guest`.
pub(crate) static DEPLOY_GUEST: LazyLock<Bytes> =
    LazyLock::new(|| guest("belljar_sandbox_deploy_guest.wasm"));

/// The program of `tests/guest`.
pub(crate) static COMMAND: LazyLock<Bytes> =
    LazyLock::new(|| guest("belljar-sandbox-command.wasm"));

fn guest(file: &str) -> Bytes {
    Bytes::from(std::fs::read(GUESTS.join(file)).expect("cargo has just built it"))
}

/// One step with its inputs, and where it may write.
pub(crate) struct Bench {
    pub(crate) blobs: MemoryBlobs,
    pub(crate) limits: Limits,
    pub(crate) cancel: Cancel,
    entries: Vec<Entry>,
    declared: Vec<&'static str>,
    outputs: Vec<&'static str>,
    environment: BTreeMap<String, String>,
    grants: Vec<Grant>,
}

impl Bench {
    /// A step that may write below `outputs`.
    pub(crate) fn new(outputs: &[&'static str]) -> Self {
        Self {
            blobs: MemoryBlobs::default(),
            limits: Limits::default(),
            cancel: Cancel::new(),
            entries: Vec::new(),
            declared: vec!["**/*"],
            outputs: outputs.to_vec(),
            environment: BTreeMap::new(),
            grants: Vec::new(),
        }
    }

    pub(crate) fn file(mut self, path: &str, content: &str) -> Self {
        let digest = self.blobs.put(content.as_bytes()).unwrap();
        let node = Node::File { digest, executable: false };
        self.entries.push(Entry { path: at(path), node });
        self
    }

    pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
        let node = Node::Symlink { target: target.to_owned() };
        self.entries.push(Entry { path: at(path), node });
        self
    }

    pub(crate) fn declared(mut self, patterns: &[&'static str]) -> Self {
        self.declared = patterns.to_vec();
        self
    }

    pub(crate) fn granted(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self.grants.push(Grant { capability: Capability::Env, resource: name.to_owned() });
        self
    }

    pub(crate) fn ungranted(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn sandbox(&self) -> Sandbox {
        self.sandbox_reading(Arc::new(self.blobs.clone()))
    }

    fn sandbox_reading(&self, blobs_in: Arc<dyn BlobSource>) -> Sandbox {
        let blobs_out = Arc::new(self.blobs.clone());
        Sandbox::new(Options { aot: None, blobs_in, blobs_out, parallel: 2 }).unwrap()
    }

    pub(crate) fn action(&self, ops: &[&[&str]]) -> Action {
        Action {
            plugin: Digest::of(&GUEST),
            class: Class::Pure,
            config: serde_json::json!({ "ops": ops }).to_string(),
            grants: self.grants.clone(),
            outputs: Patterns::parse(&self.outputs).unwrap(),
            view: View {
                root: Arc::new(Directory::from_entries(self.entries.iter().cloned())),
                declared: Patterns::parse(&self.declared).unwrap(),
                environment: Arc::new(self.environment.clone()),
                tools: Arc::default(),
            },
        }
    }

    /// Executes the guest with these operations.
    pub(crate) fn run(&self, ops: &[&[&str]]) -> Ran {
        self.run_reading(Arc::new(self.blobs.clone()), ops)
    }

    /// Executes the guest with these operations, over inputs from elsewhere.
    pub(crate) fn run_reading(&self, blobs_in: Arc<dyn BlobSource>, ops: &[&[&str]]) -> Ran {
        let sandbox = self.sandbox_reading(blobs_in);
        sandbox.load("guest", Digest::of(&GUEST), Arc::new(|| Ok(GUEST.clone()))).unwrap();
        Ran { execution: self.execute(&sandbox, &self.action(ops)), blobs: self.blobs.clone() }
    }

    pub(crate) fn execute(&self, sandbox: &Sandbox, action: &Action) -> Execution {
        let (step, log): (_, Arc<dyn LogSink>) = (StepName::new("step"), Arc::new(Unheard));
        let tools: Arc<dyn Tools> = Arc::new(NoTools);
        let secrets: Arc<dyn Secrets> = Arc::new(NoSecrets);
        sandbox.execute(&Request {
            step: &step,
            action,
            limits: &self.limits,
            cancel: &self.cancel,
            log: &log,
            tools: &tools,
            secrets: &secrets,
            variation: Variation::default(),
        })
    }
}

/// What came of an execution.
pub(crate) struct Ran {
    pub(crate) execution: Execution,
    blobs: MemoryBlobs,
}

impl Ran {
    #[track_caller]
    pub(crate) fn result(&self) -> &ActionResult {
        self.execution.outcome.as_ref().unwrap_or_else(|fault| panic!("{fault:#?}"))
    }

    #[track_caller]
    pub(crate) fn fault(&self) -> &Fault {
        self.execution.outcome.as_ref().expect_err("it should not have a result")
    }

    /// The lines of the log.
    pub(crate) fn log(&self) -> Vec<&str> {
        self.execution.log.iter().map(|line| line.text.as_str()).collect()
    }

    /// The outputs as `path=content`.
    #[track_caller]
    pub(crate) fn outputs(&self) -> Vec<String> {
        let output = |output: &belljar_model::OutputFile| {
            let content = self.blobs.get(&output.digest).unwrap().expect("it was kept");
            format!("{}={}", output.path, String::from_utf8_lossy(&content))
        };
        self.result().outputs.iter().map(output).collect()
    }

    /// The Trace as pairs.
    pub(crate) fn trace(&self) -> Vec<(Question, Answer)> {
        let observations = &self.execution.trace.0;
        observations.iter().map(|seen| (seen.question.clone(), seen.answer.clone())).collect()
    }
}

pub(crate) fn at(path: &str) -> WorkspacePath {
    WorkspacePath::parse(path).unwrap()
}
