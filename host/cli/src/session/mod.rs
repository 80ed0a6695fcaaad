//! Session: a project with everything that running its steps takes.

mod plugins;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use belljar_model::ports::{ActionCache, BlobSource, BlobStore, Clock, EventSink, Secrets, Tools};
use belljar_model::{Capability, Class, Digest, Fault, OutputFile};
use belljar_pipeline::{Plan, Step};
use belljar_runner::{MaskedBlobs, Ports, RunOptions, ToolPorts, ToolRunner};
use belljar_sandbox::{Loaded, ReadComponent, Sandbox};
use belljar_store::{Store, WorkspaceCache};
use belljar_worker::{EarlyWorkers, Workers};
pub(crate) use belljar_workspace::STATE;
use belljar_workspace::{Watched, Workspace};
use bytes::Bytes;
use tracing::trace_span;

use crate::args::Global;
use crate::clock::SystemClock;
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::lock::{self, Held};
use crate::opening::{open_sandbox, open_store, sealed, store_size};
use crate::plugins::Locator;
use crate::project::Project;
use crate::secrets::{self, ProjectSecrets};
use crate::terminal::Terminal;
use crate::tools::{Bench, Toolset};
use crate::upkeep;
use crate::worker::Opened;

/// A project with its store, sandbox and loaded plugins.
pub(crate) struct Session {
    /// The workspace root.
    pub(crate) root: PathBuf,
    /// The workspace's state folder.
    pub(crate) state: PathBuf,
    /// The project.
    pub(crate) project: Project,
    /// The plugins by their name in the file, loaded or not: a plugin that cannot be loaded is
    /// the fault of the steps that use it, and of no other.
    pub(crate) plugins: LoadedPlugins,
    /// What the lock file says of them.
    pub(crate) lock: Held,
    /// The local store.
    pub(crate) store: Arc<Store>,
    /// What steps of this workspace did before.
    pub(crate) cache: Arc<WorkspaceCache>,
    workspace: Arc<Workspace>,
    sandbox: Arc<Sandbox>,
    /// Where guests run.
    pub(crate) workers: Option<Arc<Workers>>,
    blobs: Arc<dyn BlobSource>,
    /// Read the components of the plugins that were found, by their name in the file.
    components: Components,
    store_size: u64,
    secrets: Arc<ProjectSecrets>,
}

/// Plugins by their name in the file, loaded or not.
type LoadedPlugins = BTreeMap<String, Result<Loaded, Fault>>;
/// What reads their components.
type Components = BTreeMap<String, ReadComponent>;

/// Which tools to look at.
#[derive(Clone, Copy)]
pub(crate) enum ToolsOf<'a> {
    /// Those that the steps of a plan were granted.
    Plan(&'a Plan),
    /// All that the file declares.
    File,
    /// Those with these names, and where what they print is kept.
    Effects(&'a BTreeSet<String>, &'a Arc<dyn BlobStore>),
}

/// Blobs of the workspace first, then of the store.
struct Inputs {
    workspace: Arc<Workspace>,
    store: Arc<Store>,
}

impl BlobSource for Inputs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        match self.workspace.get(digest)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.store.get(digest),
        }
    }
}

impl Session {
    /// Opens the project, its store and its plugins, and checks every step's configuration.
    pub(crate) fn open(global: &Global, terminal: &Terminal) -> Result<Self, CommandError> {
        Self::open_with_workers(global, terminal, None)
    }

    /// The same, with workers that are already being started.
    pub(crate) fn open_with_workers(
        global: &Global,
        terminal: &Terminal,
        early: Option<EarlyWorkers>,
    ) -> Result<Self, CommandError> {
        let _span = trace_span!("open the project").entered();
        let project = Project::open(global, terminal)?;
        let mut session = Self::of(global, project, terminal, early)?;
        lock::hold(&mut session)?;
        session.checked()
    }

    /// Opens a part of a project whose other steps have nothing to do. The lock file and the
    /// configurations are those that an earlier run found to be as they must be.
    pub(crate) fn open_part(
        global: &Global,
        project: Project,
        terminal: &Terminal,
        early: Option<EarlyWorkers>,
    ) -> Result<Self, CommandError> {
        let _span = trace_span!("open a part of the project").entered();
        let mut session = Self::of(global, project, terminal, early)?;
        session.lock = Held::as_before(lock::Mode::of(global.lock));
        Ok(session)
    }

    /// Checks every step's configuration against its plugin, as far as it could be loaded.
    pub(crate) fn checked(self) -> Result<Self, CommandError> {
        let _span = trace_span!("check configurations").entered();
        let Project { pipeline, sources, .. } = &self.project;
        let mut diagnostics = belljar_pipeline::check_config(pipeline, &self.descriptors());
        let class = |(name, plugin): (&String, &Result<Loaded, Fault>)| {
            Some((name.clone(), plugin.as_ref().ok()?.class))
        };
        let classes: BTreeMap<String, Class> = self.plugins.iter().filter_map(class).collect();
        diagnostics.extend(belljar_pipeline::check_classes(pipeline, &classes));
        if diagnostics.is_empty() {
            Ok(self)
        } else {
            Err(CommandError::Diagnostics { diagnostics, sources: sources.clone() })
        }
    }

    /// Opens a project's store and plugins.
    pub(crate) fn with(
        global: &Global,
        project: Project,
        terminal: &Terminal,
    ) -> Result<Self, CommandError> {
        Self::of(global, project, terminal, None)
    }

    fn of(
        global: &Global,
        project: Project,
        terminal: &Terminal,
        early: Option<EarlyWorkers>,
    ) -> Result<Self, CommandError> {
        let root = project.root.clone();
        let state = root.join(STATE);
        let store = Arc::new(open_store(global, terminal)?);
        let options = belljar_workspace::Options {
            outputs: project
                .pipeline
                .steps
                .iter()
                .map(|step| &step.outputs)
                .chain(&project.left_out)
                .cloned()
                .collect(),
            blobs: Arc::clone(&store) as Arc<dyn BlobSource>,
            clock: Arc::new(SystemClock::start()),
        };
        let span = trace_span!("open the workspace");
        let workspace = span.in_scope(|| Workspace::open(&root, options)).map_err(Fault::from)?;
        let workspace = Arc::new(workspace);
        let inputs = Inputs { workspace: Arc::clone(&workspace), store: Arc::clone(&store) };
        let inputs: Arc<dyn BlobSource> = Arc::new(inputs);
        let secrets = Arc::new(ProjectSecrets::of(&project, secrets::veil()));
        let Opened { sandbox, workers } = open_sandbox(&store, Arc::clone(&inputs), early)?;
        let sandbox = Arc::new(sandbox);
        let cache = Arc::new(store.for_workspace(&root.display().to_string()));
        let plugins = BTreeMap::new();
        let store_size = store_size()?;
        let mut session = Self {
            root,
            state,
            project,
            plugins,
            lock: Held::with(lock::Mode::of(global.lock)),
            store,
            cache,
            workspace,
            sandbox,
            workers,
            blobs: inputs,
            components: BTreeMap::new(),
            store_size,
            secrets,
        };
        (session.plugins, session.components) = session.load_plugins(terminal);
        Ok(session)
    }

    /// What its steps saw of the workspace, with these outputs; `None` if something in it cannot
    /// be watched.
    pub(crate) fn watched<'a>(
        &self,
        outputs: impl Iterator<Item = &'a OutputFile>,
    ) -> Option<Watched> {
        self.workspace.watched(outputs)
    }

    fn locator<'a>(&'a self, terminal: &'a Terminal) -> Locator<'a> {
        Locator {
            root: &self.root,
            state: &self.state,
            inputs: &*self.workspace,
            blobs: Arc::clone(&self.blobs),
            network: self.lock.mode.network(),
            terminal,
        }
    }

    /// Looks at the tools that the steps of a plan were granted, or at those with these names.
    pub(crate) fn toolset(
        &self,
        of: ToolsOf<'_>,
        terminal: &Terminal,
    ) -> Result<Toolset, CommandError> {
        let store = Arc::clone(&self.store) as Arc<dyn BlobStore>;
        let printed = match of {
            ToolsOf::Effects(_, printed) => Arc::clone(printed),
            ToolsOf::Plan(_) | ToolsOf::File => {
                Arc::new(MaskedBlobs::new(store, secrets::veil().clone()))
            }
        };
        let outputs: Arc<dyn BlobStore> = Arc::new(sealed(&self.store));
        let bench = Bench {
            root: &self.root,
            pipeline: &self.project.pipeline,
            store: &self.store,
            blobs: &self.blobs,
            outputs: &outputs,
            printed: &printed,
            sandbox: &self.sandbox,
            locator: &self.locator(terminal),
        };
        match of {
            ToolsOf::Plan(plan) => Toolset::of(plan, &bench),
            ToolsOf::Effects(names, _) => Toolset::look(names, &bench),
            ToolsOf::File => {
                Toolset::look(&self.project.pipeline.tools.keys().cloned().collect(), &bench)
            }
        }
    }

    /// What runs the tools of one run.
    pub(crate) fn tool_runner(&self, toolset: Toolset, options: &RunOptions) -> Arc<dyn Tools> {
        let ports = ToolPorts {
            cache: Arc::clone(&self.cache) as Arc<dyn ActionCache>,
            blobs: Arc::clone(&self.store) as Arc<dyn BlobStore>,
            executor: Arc::new(toolset),
            secrets: Arc::clone(&self.secrets) as Arc<dyn Secrets>,
            veil: secrets::veil().clone(),
        };
        let cpus = u32::try_from(options.jobs).unwrap_or(u32::MAX);
        Arc::new(ToolRunner::new(ports, cpus, options.force.clone()))
    }

    /// What executes plugins.
    pub(crate) fn sandbox(&self) -> Arc<Sandbox> {
        Arc::clone(&self.sandbox)
    }

    /// Chooses the asked steps and what they need.
    pub(crate) fn select(&self, asked: &[String]) -> Result<Plan, CommandError> {
        let _span = trace_span!("select steps").entered();
        self.project.select(asked)
    }

    /// The names of all variables that any step of the plan was granted.
    pub(crate) fn environment_names(plan: &Plan) -> impl Iterator<Item = String> {
        let grants = plan.steps.iter().flat_map(|step: &Arc<Step>| &step.grants);
        grants
            .filter(|at| at.grant.capability == Capability::Env)
            .map(|at| at.grant.resource.clone())
    }

    /// The values of all variables that any step of the plan was granted.
    pub(crate) fn environment(plan: &Plan) -> BTreeMap<String, String> {
        let names = Self::environment_names(plan);
        names.filter_map(|name| Some((name.clone(), EnvVar::get(&name)?))).collect()
    }

    /// Has the values of the secrets that steps are granted.
    pub(crate) fn secrets(&self) -> Arc<dyn Secrets> {
        Arc::clone(&self.secrets) as Arc<dyn Secrets>
    }

    /// The ports for a run.
    pub(crate) fn ports<'a>(
        &'a self,
        tools: &'a Arc<dyn Tools>,
        secrets: &'a Arc<dyn Secrets>,
        events: &'a Arc<dyn EventSink>,
        clock: &'a dyn Clock,
    ) -> Ports<'a> {
        Ports {
            inputs: &*self.workspace,
            write_back: &*self.workspace,
            blobs: &*self.store,
            cache: &*self.cache,
            executor: &*self.sandbox,
            tools,
            secrets,
            veil: secrets::veil(),
            events,
            clock,
        }
    }

    /// Makes everything durable at the end of a command, and keeps the store within bounds.
    pub(crate) fn finish(&self) -> Result<(), CommandError> {
        let save = || {
            let _span = trace_span!("save the stat index").entered();
            self.workspace.settle();
            self.workspace.save()
        };
        let (flushed, saved) = thread::scope(|scope| {
            let saving = thread::Builder::new().spawn_scoped(scope, save);
            let flushed = trace_span!("wait for the flush").in_scope(|| self.store.flush());
            // If there are no more threads, one thing is done after the other.
            let join = |saving: thread::ScopedJoinHandle<'_, _>| saving.join();
            let saved = saving.map_or_else(|_| Ok(save()), join);
            (flushed, saved.unwrap_or_else(|panic| resume_unwind(panic)))
        });
        flushed?;
        saved.map_err(Fault::from)?;
        let span = trace_span!("tidy the store, if it is time").entered();
        self.store.keep_history_of(&self.root.display().to_string())?;
        self.store.gc_if_needed(self.store_size)?;
        upkeep::sweep_if_due(&self.store)?;
        drop(span);
        Ok(())
    }
}
