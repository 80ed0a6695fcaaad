//! Toolset: the tools that a plan was granted, looked at once, and run through one door.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use belljar_model::grant::Capability;
use belljar_model::ports::{BlobSource, BlobStore, ToolExecutor, ToolRequest, ToolRun};
use belljar_model::tool::{GrantedTool, Program, ToolSpec};
use belljar_model::{Blame, Code, Digest, Fault, Tier, WorkspacePath};
use belljar_pipeline::{Pipeline, Plan};
use belljar_sandbox::Sandbox;
use belljar_store::Store;
use belljar_tool::probe::{Probe, Wanted};
use belljar_tool::{Found, NativeTools};

use crate::env::EnvVar;
use crate::error::CommandError;
use crate::plugins::Locator;

/// No tier works on this machine.
const NO_TIER: Code = Code::new("E0817");

/// A tool of the pipeline file, as it is on this machine.
pub(crate) enum Looked {
    /// A native tool.
    Native(Box<Found>),
    /// A WASI command.
    Wasm {
        /// Changes when it does.
        identity: Digest,
        /// Its environment, before what a step adds.
        env: BTreeMap<String, String>,
    },
}

/// The tools of a workspace, as far as they were looked at.
pub(crate) struct Toolset {
    /// Which tier this machine has; `None` if no native tool was looked at.
    pub(crate) probe: Option<Probe>,
    /// What was found, by name, or why it cannot be had.
    pub(crate) looked: BTreeMap<String, Result<Looked, Fault>>,
    native: Option<NativeTools>,
    sandbox: Arc<Sandbox>,
}

/// Where tools are looked for and what they are run with.
pub(crate) struct Bench<'a> {
    /// The workspace.
    pub(crate) root: &'a Path,
    /// Its pipeline.
    pub(crate) pipeline: &'a Pipeline,
    /// The store.
    pub(crate) store: &'a Arc<Store>,
    /// Has the contents of inputs.
    pub(crate) blobs: &'a Arc<dyn BlobSource>,
    /// Takes what native tools write.
    pub(crate) outputs: &'a Arc<dyn BlobStore>,
    /// Takes what they print.
    pub(crate) printed: &'a Arc<dyn BlobStore>,
    /// Runs WASI commands.
    pub(crate) sandbox: &'a Arc<Sandbox>,
    /// Reads files of the workspace.
    pub(crate) locator: &'a Locator<'a>,
}

impl Toolset {
    /// Looks at the tools that the steps of a plan were granted.
    ///
    /// # Errors
    /// When a setting is wrong, or the host's own folders cannot be made. A tool that cannot be
    /// had is the fault of the steps that were granted it.
    pub(crate) fn of(plan: &Plan, bench: &Bench<'_>) -> Result<Self, CommandError> {
        let grants = plan.steps.iter().flat_map(|step| &step.grants);
        let names = grants
            .filter(|at| at.grant.capability == Capability::Tool)
            .map(|at| at.grant.resource.clone());
        Self::look(&names.collect(), bench)
    }

    /// Looks at tools by their names in the file.
    ///
    /// # Errors
    /// As [`Toolset::of`].
    pub(crate) fn look(names: &BTreeSet<String>, bench: &Bench<'_>) -> Result<Self, CommandError> {
        let tools = bench.pipeline.tools.iter();
        let specs: BTreeMap<String, ToolSpec> =
            tools.map(|(name, tool)| (name.clone(), tool.spec.clone())).collect();
        let is_native = |name: &&String| {
            specs.get(*name).is_some_and(|spec| matches!(spec.program, Program::Native(_)))
        };
        let (probe, native) = if names.iter().any(|name| is_native(&name)) {
            let probe = Probe::new(wanted()?, &memory(bench.store)?);
            let native = open(bench, probe.tier.unwrap_or(Tier::T1))?;
            (Some(probe), Some(native))
        } else {
            (None, None)
        };
        let looked = names.iter().filter_map(|name| {
            let spec = specs.get(name)?;
            let looked = match (&spec.program, &native) {
                (Program::Wasm(path), _) => wasm(spec, path, bench),
                (Program::Native(_), Some(native)) => {
                    native.find(&specs, name).map(|found| Looked::Native(Box::new(found)))
                }
                (Program::Native(_), None) => return None,
            };
            Some((name.clone(), looked))
        });
        let looked = looked.collect();
        Ok(Self { probe, looked, native, sandbox: Arc::clone(bench.sandbox) })
    }

    /// The tools as the runner knows them.
    pub(crate) fn granted(&self) -> BTreeMap<String, Result<GrantedTool, Fault>> {
        let granted = |looked: &Result<Looked, Fault>| match looked {
            Ok(Looked::Wasm { identity, .. }) => {
                Ok(GrantedTool { identity: *identity, tier: Tier::Wasm })
            }
            Ok(Looked::Native(found)) => {
                Ok(GrantedTool { identity: found.identity, tier: self.tier()? })
            }
            Err(fault) => Err(fault.clone()),
        };
        self.looked.iter().map(|(name, looked)| (name.clone(), granted(looked))).collect()
    }

    /// What keeps this machine from a stronger tier.
    pub(crate) fn shortfalls(&self) -> Vec<String> {
        self.probe.as_ref().map(|probe| probe.shortfalls.clone()).unwrap_or_default()
    }

    fn tier(&self) -> Result<Tier, Fault> {
        self.probe.as_ref().and_then(|probe| probe.tier).ok_or_else(|| {
            let message = "native tools cannot be kept apart from this machine, so none is run";
            let fault = Fault::new(Blame::Policy, NO_TIER, message);
            let fault = self.shortfalls().iter().fold(fault, Fault::note);
            let chosen = EnvVar::get(EnvVar::ISOLATION).filter(|tier| tier != "auto");
            fault.help(match chosen {
                Some(_) => {
                    format!("{} chooses this tier: choose another, or unset it", EnvVar::ISOLATION)
                }
                None => {
                    "`belljar tools doctor` shows what is missing, and how to mend it".to_owned()
                }
            })
        })
    }
}

impl Toolset {
    /// Runs a WASI command. Its declared environment is in its identity, so it is in the key.
    fn command(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let mut action = request.action.clone();
        if let Some(Ok(Looked::Wasm { env, .. })) = self.looked.get(&action.tool) {
            let own = std::mem::take(&mut action.env);
            action.env = env.clone().into_iter().chain(own).collect();
        }
        ToolExecutor::execute(&*self.sandbox, &ToolRequest { action: &action, ..*request })
    }
}

impl ToolExecutor for Toolset {
    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        match (&self.native, request.action.granted.tier) {
            (_, Tier::Wasm) => self.command(request),
            (Some(native), _) => native.execute(request),
            (None, _) => {
                let message = format!("tool `{}` was not looked at", request.action.tool);
                Err(Fault::new(Blame::Infrastructure, NO_TIER, message))
            }
        }
    }
}

/// Which tier the operator wants.
fn wanted() -> Result<Wanted, CommandError> {
    match EnvVar::get(EnvVar::ISOLATION).as_deref() {
        None | Some("auto") => Ok(Wanted::Auto),
        Some(text) => Tier::parse(text).map(Wanted::Exactly).ok_or_else(|| {
            let message = format!("{}={text} is no tier", EnvVar::ISOLATION);
            CommandError::usage_help(
                message,
                "auto, t1, t2, t3 or t0; see docs/security/sandbox.md",
            )
        }),
    }
}

/// Where what is found out about this machine's tools is kept. Made if it is not there.
fn memory(store: &Store) -> Result<PathBuf, Fault> {
    let memory = store.tools_dir().join("memory");
    belljar_disk::Root::create(&memory).map_err(|error| disk(&error))?;
    Ok(memory)
}

fn open(bench: &Bench<'_>, tier: Tier) -> Result<NativeTools, Fault> {
    let folder = bench.store.tools_dir();
    let workspace = Digest::of(bench.root.as_os_str().as_encoded_bytes()).hex();
    // Whoever names a place decides who shares it.
    let state = EnvVar::get(EnvVar::STATE)
        .map_or_else(|| folder.join("state").join(&workspace[..16]), PathBuf::from);
    NativeTools::open(belljar_tool::Options {
        scratch: folder.join("runs"),
        state,
        memory: memory(bench.store)?,
        root: bench.root.to_owned(),
        home: EnvVar::get(EnvVar::HOME).map(PathBuf::from),
        path: EnvVar::get(EnvVar::PATH),
        blobs_in: Arc::clone(bench.blobs),
        blobs_out: Arc::clone(bench.outputs),
        printed: Arc::clone(bench.printed),
        tier,
    })
}

/// Loads a WASI command. Its identity covers its bytes and its declared environment.
fn wasm(spec: &ToolSpec, path: &WorkspacePath, bench: &Bench<'_>) -> Result<Looked, Fault> {
    let located = bench.locator.file("tool", path)?;
    let digest = located.digest;
    let mut text = format!("{digest}\n");
    for (name, value) in &spec.env {
        text.push_str(&format!("{name}={value}\n"));
    }
    let identity = Digest::of(text.as_bytes());
    let read = Arc::new(move || located.bytes());
    bench.sandbox.load_command(&spec.name, identity, digest, read)?;
    Ok(Looked::Wasm { identity, env: spec.env.clone() })
}

fn disk(error: &belljar_disk::DiskError) -> Fault {
    let message = format!("the folder for tools cannot be made: {error}");
    Fault::new(Blame::Infrastructure, Code::new("E0813"), message)
}
