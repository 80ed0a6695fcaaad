//! Workbench: the real store, sandbox and workspace, wired as the program wires them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use belljar_model::ports::{
    BlobSource, BlobStore, Cancel, Clock, Compiler, EventSink, Execution, Executor as _, Guests,
    LogSink, NoSecrets, NoTools, Request, Secrets, Tools, Unheard, Variation,
};
use belljar_model::{Action, Digest, Entry, Event, Fault, Limits, TrustLevel};
use belljar_pipeline::{Plan, Step};
use belljar_runner::{
    Afterwards, ForceMode, OnDispute, OnFailure, Plugin, Ports, RunOptions, RunSummary,
};
use belljar_sandbox::{AotOptions, Sandbox};
use belljar_store::{MachineKey, Store, Trust, WorkspaceCache};
use belljar_worker::{Bounds, Sentences, Workers};
use belljar_workspace::Workspace;
use bytes::Bytes;

use crate::surroundings::Surroundings;

/// The size of every file, in bytes.
pub(crate) const BLOCK: usize = 4096;

/// Everything that a run needs, in a folder that goes away.
pub(crate) struct Workbench {
    folder: tempfile::TempDir,
    /// The store.
    pub(crate) store: Arc<Store>,
    /// The records.
    pub(crate) cache: WorkspaceCache,
    /// The sandbox.
    pub(crate) sandbox: Sandbox,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    current: Arc<Current>,
    options: RunOptions,
}

/// A machine that trusts itself.
fn trust() -> Trust {
    let level = TrustLevel::Developer;
    let key = MachineKey::from_secret(&[7; 32]);
    Trust { key, level, least: level, known: BTreeMap::new(), host: "bench".to_owned() }
}

impl Workbench {
    /// Sets everything up, with one plugin.
    ///
    /// # Errors
    /// When something cannot be made, or the plugin not be loaded.
    pub(crate) fn new(surroundings: &Surroundings, guest: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("work"))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock(Instant::now()));
        let store =
            Arc::new(Store::open(&folder.path().join("store"), Arc::clone(&clock), trust())?);
        let current = Arc::new(Current { run: Mutex::default(), store: Arc::clone(&store) });
        let sandbox = Sandbox::new(belljar_sandbox::Options {
            aot: Some(AotOptions { dir: store.aot_dir(), key: store.machine_key() }),
            blobs_in: Arc::clone(&current) as Arc<dyn BlobSource>,
            blobs_out: Arc::clone(&store) as Arc<dyn BlobStore>,
            parallel: 1,
        })?;
        let plugin = load(&sandbox, &surroundings.guest(guest)?)?;
        let options = RunOptions {
            run_id: "bench".to_owned(),
            asked: Vec::new(),
            jobs: 1,
            on_failure: OnFailure::KeepGoing,
            force: ForceMode::Nothing,
            on_dispute: OnDispute::Tell,
            afterwards: Afterwards::Nothing,
            cancel: Cancel::new(),
            environment: BTreeMap::new(),
            plugins: BTreeMap::from([("guest".to_owned(), Ok(plugin))]),
            tools: BTreeMap::new(),
            shortfalls: Vec::new(),
            settled: None,
        };
        let cache = store.for_workspace("bench");
        Ok(Self { folder, store, cache, sandbox, clock, current, options })
    }

    /// Another sandbox over the same store, whose guests run in workers, which are processes of the
    /// release binary.
    ///
    /// # Errors
    /// When it cannot be made, or the plugin not be loaded.
    pub(crate) fn in_workers(
        &self,
        surroundings: &Surroundings,
        guest: &str,
    ) -> Result<(Sandbox, Arc<Workers>)> {
        let workers = Arc::new(Workers::new(
            belljar_worker::Options {
                program: surroundings.belljar.clone(),
                runs: "--belljar-worker",
                compiles: "--belljar-compile",
                bounds: Bounds {
                    cpu: "30 s".to_owned(),
                    memory: "1 GiB".to_owned(),
                    wall: Duration::from_secs(180),
                    note: None,
                },
                inputs: Arc::clone(&self.current) as Arc<dyn BlobSource>,
                outputs: Arc::clone(&self.store) as Arc<dyn BlobStore>,
                sentences: Sentences {
                    time_up: belljar_sandbox::time_up,
                    cancelled: belljar_sandbox::cancelled,
                },
            },
            None,
        ));
        let aot = AotOptions { dir: self.store.aot_dir(), key: self.store.machine_key() };
        let compiler = Arc::clone(&workers) as Arc<dyn Compiler>;
        let guests = Arc::clone(&workers) as Arc<dyn Guests>;
        let sandbox = Sandbox::elsewhere(Some(aot), compiler, guests)?;
        load(&sandbox, &surroundings.guest(guest)?)?;
        Ok((sandbox, workers))
    }

    /// The user's tree.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes `count` files of one block each into a folder of the tree. `salt` makes them
    /// differ from those of another time.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn write_blocks(&self, folder: &str, count: u32, salt: u32) -> Result<()> {
        let folder = self.tree().join(folder);
        std::fs::create_dir_all(&folder)?;
        for number in 0..count {
            std::fs::write(folder.join(format!("{number}.txt")), block(number, salt))?;
        }
        Ok(())
    }

    /// Opens the tree for a run, as every run of the program does.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn open_workspace(&self) -> Result<Arc<Workspace>> {
        let workspace = Arc::new(Workspace::open(
            &self.tree(),
            belljar_workspace::Options {
                outputs: Vec::new(),
                blobs: Arc::clone(&self.store) as Arc<dyn BlobSource>,
                clock: Arc::clone(&self.clock),
            },
        )?);
        let current = Some(Arc::clone(&workspace));
        *self.current.run.lock().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(workspace)
    }

    /// The plugin.
    ///
    /// # Errors
    /// Never: it was loaded.
    pub(crate) fn plugin(&self) -> Result<&Plugin> {
        self.options.plugins["guest"].as_ref().map_err(|fault| anyhow!("{fault}"))
    }

    /// The Action of a step that sees these entries, and nothing else.
    ///
    /// # Errors
    /// Never: the plugin was loaded.
    pub(crate) fn action(&self, step: &Step, workspace: Vec<Entry>) -> Result<Action> {
        let environment = &BTreeMap::new();
        let (needs, tools) = (Vec::new(), BTreeMap::new());
        let around = belljar_runner::Surroundings { workspace, needs, environment, tools };
        Ok(belljar_runner::resolve(step, self.plugin()?, around))
    }

    /// Runs a plan with one worker, by a sandbox over this store. All steps must pass.
    ///
    /// # Errors
    /// When one does not.
    pub(crate) fn run(
        &self,
        sandbox: &Sandbox,
        plan: &Plan,
        workspace: &Workspace,
    ) -> Result<RunSummary> {
        let events: Arc<dyn EventSink> = Arc::new(Silence);
        let tools = no_tools();
        let secrets = no_secrets();
        let ports = Ports {
            inputs: workspace,
            write_back: workspace,
            blobs: &*self.store,
            cache: &self.cache,
            executor: sandbox,
            tools: &tools,
            secrets: &secrets,
            veil: &belljar_model::Veil::default(),
            events: &events,
            clock: &*self.clock,
        };
        let summary = belljar_runner::run(&ports, plan, &self.options);
        if summary.totals.passed != summary.totals.steps {
            let fault = summary.reports.iter().find_map(|report| report.fault.as_ref());
            bail!("not every step has passed: {fault:?}");
        }
        Ok(summary)
    }
}

/// Loads a component, compiling it if it must be.
fn load(sandbox: &Sandbox, component: &Path) -> Result<Plugin> {
    let bytes = std::fs::read(component).with_context(|| component.display().to_string())?;
    let (digest, bytes) = (Digest::of(&bytes), Bytes::from(bytes));
    let loaded = sandbox.load("guest", digest, Arc::new(move || Ok(bytes.clone())))?;
    Ok(Plugin { digest, label: loaded.descriptor.label(), class: loaded.class })
}

/// One block of text, different for each number and salt.
pub(crate) fn block(number: u32, salt: u32) -> Vec<u8> {
    let line = format!("{salt} {number}: the quick brown fox jumps over the lazy dog\n");
    line.bytes().cycle().take(BLOCK).collect()
}

/// Blobs of the current run's tree first, then of the store.
struct Current {
    run: Mutex<Option<Arc<Workspace>>>,
    store: Arc<Store>,
}

impl BlobSource for Current {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match run.map(|workspace| workspace.get(digest)).transpose()?.flatten() {
            Some(bytes) => Ok(Some(bytes)),
            None => self.store.get(digest),
        }
    }
}

struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Where the Events go: nobody looks at them here.
struct Silence;

impl EventSink for Silence {
    fn emit(&self, event: Event) {
        drop(event);
    }
}

/// Executes a step once, past all lookups.
pub(crate) fn execute(
    sandbox: &Sandbox,
    step: &Step,
    action: &Action,
    limits: &Limits,
) -> Execution {
    let (cancel, log): (_, Arc<dyn LogSink>) = (Cancel::new(), Arc::new(Unheard));
    sandbox.execute(&Request {
        step: &step.name,
        action,
        limits,
        cancel: &cancel,
        log: &log,
        tools: &no_tools(),
        secrets: &no_secrets(),
        variation: Variation::default(),
    })
}

/// The secrets of a measurement: none.
fn no_secrets() -> Arc<dyn Secrets> {
    Arc::new(NoSecrets)
}

/// The tools of a measurement: none.
fn no_tools() -> Arc<dyn Tools> {
    Arc::new(NoTools)
}
