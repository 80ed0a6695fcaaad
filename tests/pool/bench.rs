//! Bench: a pool of workers of the program, with blobs in memory and one guest at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{
    BlobSource, Cancel, Compiler as _, Execution, Guest, GuestKind, Guests as _, LogSink,
    MemoryBlobs, NoSecrets, NoTools, Request, Secrets, Source, Tools, Unheard, Variation,
};
use belljar_model::{Action, Blame, Class, Code, Digest, Fault, Limits, Patterns, StepName, View};
use belljar_worker::{Bounds, Options, Sentences, Workers};
use bytes::Bytes;

/// A pool of workers.
pub(crate) struct Bench {
    pub(crate) workers: Workers,
}

/// A guest with its code.
pub(crate) struct Compiled {
    digest: Digest,
    code: Bytes,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let blobs = Arc::new(MemoryBlobs::default());
        let workers = Workers::new(
            Options {
                program: variable("BELLJAR_BIN"),
                runs: "--belljar-worker",
                compiles: "--belljar-compile",
                bounds: Bounds {
                    cpu: "30 s".to_owned(),
                    memory: "1 GiB".to_owned(),
                    wall: Duration::from_secs(180),
                    note: None,
                },
                inputs: Arc::clone(&blobs) as Arc<dyn BlobSource>,
                outputs: blobs,
                sentences: Sentences { time_up, cancelled },
            },
            None,
        );
        Self { workers }
    }

    /// Compiles a test guest.
    pub(crate) fn guest(&self, name: &str) -> Compiled {
        let path = variable("BELLJAR_GUESTS").join(format!("{name}.wasm"));
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let source = Source { kind: GuestKind::Plugin, name, bytes: &bytes };
        let compiled = self.workers.compile(&source).unwrap();
        Compiled { digest: Digest::of(&bytes), code: compiled.code }
    }

    /// Runs a guest in a worker.
    pub(crate) fn run(&self, guest: &Compiled, config: &str, time: Duration) -> Execution {
        let action = Action {
            plugin: guest.digest,
            class: Class::Pure,
            config: config.to_owned(),
            grants: Vec::new(),
            outputs: Patterns::none(),
            view: View::empty(),
        };
        let (step, cancel) = (StepName::new("step"), Cancel::new());
        let log: Arc<dyn LogSink> = Arc::new(Unheard);
        let tools: Arc<dyn Tools> = Arc::new(NoTools);
        let secrets: Arc<dyn Secrets> = Arc::new(NoSecrets);
        let limits = Limits { time: Limit::default_of(time), ..Limits::default() };
        let code = || Ok(guest.code.clone());
        let guest = Guest { digest: guest.digest, label: "guest@0.1.0", code: &code };
        let request = Request {
            step: &step,
            action: &action,
            limits: &limits,
            cancel: &cancel,
            log: &log,
            tools: &tools,
            secrets: &secrets,
            variation: Variation::default(),
        };
        self.workers.step(&guest, &request)
    }
}

/// What is set by `cargo xtask test`.
fn variable(name: &str) -> PathBuf {
    let place = std::env::var_os(name);
    let place = place.unwrap_or_else(|| panic!("{name} is not set: start with `cargo xtask test`"));
    assert!(Path::new(&place).exists(), "{name} leads nowhere: start with `cargo xtask test`");
    place.into()
}

fn time_up(_limit: &Limit<Duration>) -> Fault {
    Fault::new(Blame::Plugin, Code::new("E0401"), "it was killed")
}

fn cancelled() -> Fault {
    Fault::new(Blame::Cancelled, Code::new("E0408"), "cancelled")
}
