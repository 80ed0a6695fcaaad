//! Desk: everything that planning and carrying out in one environment takes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use belljar_delivery::{Deployment, Pause, Pins, Ports, Standing};
use belljar_disk::{Lock, Root};
use belljar_ledger::FileLedger;
use belljar_model::delivery::{Environment, Release};
use belljar_model::event::LogLevel;
use belljar_model::ports::{BlobSource, BlobStore, Cancel, Clock, Ledger, LogSink, Outlet};
use belljar_model::{Digest, Directory, Fault};
use belljar_outlet::{EnvironmentOutlet, Hosts, Http, open_storage, parse_storage};
use belljar_runner::MaskedBlobs;
use belljar_store::Store;

use super::book::Book;
use super::fault::{self, HELD};
use super::plugin_caller::PluginCaller;
use super::secrets;
use super::told::{Masked, PluginLines, Told};
use super::tools::{self, EffectTools};
use crate::args::Global;
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::session::{Session, ToolsOf};
use crate::terminal::Terminal;
use crate::tools::Toolset;

/// The folder of the locks, beside the ledger.
const LOCKS: &str = "locks";
/// From one look at the cancellation to the next while waiting, in milliseconds.
const TICK_MS: u64 = 50;

/// Everything that planning and carrying out in one environment takes.
pub(crate) struct Desk {
    /// The ports of delivering.
    pub(crate) ports: Ports,
    /// The ledger itself, for evidence.
    pub(crate) ledger: Arc<FileLedger>,
    told: Arc<Told>,
    /// The digests of where its secrets come from, by name.
    sources: BTreeMap<String, Digest>,
    toolset: Arc<Toolset>,
    /// The sets of shipped files that tools may see.
    folders: Arc<RwLock<Vec<Directory>>>,
}

impl Desk {
    /// Puts together what an environment needs. Nothing is connected to yet.
    ///
    /// # Errors
    /// When a secret, a key or a tool of the environment cannot be had.
    pub(crate) fn of(
        session: &Session,
        environment: &Environment,
        cancel: &Cancel,
        (global, terminal): (&Global, &Terminal),
    ) -> Result<Self, CommandError> {
        let book = Book::of(&session.project);
        let ledger = Arc::new(book.to_append()?);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let secrets = Arc::new(secrets::read(&session.project, environment)?);
        let least = if global.verbose > 0 { LogLevel::Debug } else { LogLevel::Warn };
        let lines = PluginLines { least };
        let log: Arc<dyn LogSink> = Arc::new(Masked::new(lines, Arc::clone(&secrets)));
        let names: BTreeSet<String> = environment.tools.iter().cloned().collect();
        let store = Arc::clone(&session.store) as Arc<dyn BlobStore>;
        let printed: Arc<dyn BlobStore> =
            Arc::new(MaskedBlobs::new(store, crate::secrets::veil().clone()));
        let toolset = ToolsOf::Effects(&names, &printed);
        let toolset = Arc::new(session.toolset(toolset, terminal)?);
        let effect_tools = EffectTools {
            toolset: Arc::clone(&toolset),
            blobs: Arc::clone(&session.store) as Arc<dyn BlobStore>,
            secrets: Arc::clone(&secrets),
            environment: environment.clone(),
            log: Arc::clone(&log),
            cancel: cancel.clone(),
        };
        let folders = Arc::new(RwLock::new(Vec::new()));
        let blobs = Arc::clone(&session.store) as Arc<dyn BlobSource>;
        let hosts = Hosts::new(&environment.name, &environment.hosts)?;
        let storage = match &environment.storage {
            None => None,
            Some(text) => {
                let place = parse_storage(text).map_err(Fault::from)?;
                Some(open_storage(&place, &session.root, &secrets)?)
            }
        };
        let http = Http::new(hosts, secrets, blobs);
        let tools = effect_tools.runner(Arc::clone(&folders));
        let outlet: Arc<dyn Outlet> = Arc::new(EnvironmentOutlet::new(http, storage, tools));
        let told = Arc::new(Told::new(Arc::clone(&ledger), terminal.err));
        let ports = Ports {
            ledger: Arc::clone(&told) as Arc<dyn Ledger>,
            deployer: Arc::new(PluginCaller {
                sandbox: session.sandbox(),
                store: Arc::clone(&session.store),
            }),
            outlet,
            blobs: Arc::clone(&session.store) as Arc<dyn BlobStore>,
            pins: Arc::new(StorePins(Arc::clone(&session.store))),
            clock,
            pause: Arc::new(Patience(cancel.clone())),
            log,
            cancel: cancel.clone(),
        };
        let sources = secrets::sources(&session.project, environment);
        Ok(Self { ports, ledger, told, sources, toolset, folders })
    }

    /// What the names of tools and secrets stand for on this machine, as a plan holds it.
    ///
    /// # Errors
    /// When a tool of the environment cannot be had.
    pub(crate) fn bindings(&self) -> Result<BTreeMap<String, Digest>, Fault> {
        let secrets = self.sources.iter().map(|(name, digest)| (format!("secret {name}"), *digest));
        let mut bindings: BTreeMap<String, Digest> = secrets.collect();
        for (name, granted) in self.toolset.granted() {
            bindings.insert(format!("tool {name}"), granted?.identity);
        }
        Ok(bindings)
    }

    /// Tells the terminal how a deployment goes on.
    pub(crate) fn follow(&self, deployment: &Deployment) {
        self.told.follow(&deployment.plan);
    }

    /// Lets tools see the files of a release, and of those that may be gone back to.
    pub(crate) fn show(&self, standing: &Standing, release: &Release) {
        let earlier = standing.deployments.values().map(|one| &one.plan.release);
        let all = earlier.chain([release]).map(|release| tools::folder(&release.artifacts));
        *self.folders.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
    }
}

/// Holds an environment, so that a deployment which goes on elsewhere is not mistaken for one
/// whose process has died. Released by the system when this process ends.
///
/// # Errors
/// When a process that is alive holds it.
pub(crate) fn hold(book: &Book<'_>, environment: &str) -> Result<Lock, CommandError> {
    let failed = |error: &dyn std::fmt::Display| {
        fault::infrastructure(HELD, format!("`{environment}` cannot be locked: {error}"))
    };
    let folder = Root::create(&book.folder.join(LOCKS)).map_err(|error| failed(&error))?;
    let lock = Lock::try_exclusive(&folder, environment).map_err(|error| failed(&error))?;
    lock.ok_or_else(|| {
        let message = format!("another process deploys to `{environment}` at this moment");
        Fault::new(belljar_model::Blame::Policy, HELD, message)
            .help(format!(
                "`belljar status` shows what it does; if it hangs, `belljar deploy {environment} \
                 --take-over` fences it off"
            ))
            .into()
    })
}

/// Pins in the local store.
struct StorePins(Arc<Store>);

impl Pins for StorePins {
    fn pin(&self, owner: &str, blobs: &[Digest]) -> Result<(), Fault> {
        self.0.flush()?;
        self.0.pin(owner, blobs)
    }
    fn unpin(&self, owner: &str) -> Result<(), Fault> {
        self.0.unpin(owner)
    }
    fn damaged(&self, blobs: &[Digest]) -> Result<Vec<Digest>, Fault> {
        self.0.check(blobs)
    }
}

/// Waits in real time, until it is over or the run is cancelled.
struct Patience(Cancel);

impl Pause for Patience {
    fn wait(&self, ms: u64) {
        let mut left = ms;
        while left > 0 && !self.0.is_asked() {
            let step = left.min(TICK_MS);
            std::thread::sleep(std::time::Duration::from_millis(step));
            left -= step;
        }
    }
}
