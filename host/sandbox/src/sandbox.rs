//! Sandbox: the Executor and Deployer that runs plugins as WebAssembly components.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use belljar_model::ports::{
    BlobSource, BlobStore, Compiler, DeployCall, DeployEnded, Deployer, Execution, Executor, Guest,
    Guests, Request, ToolExecutor, ToolRequest, ToolRun,
};
use belljar_model::{Class, Digest, Fault};

use crate::aot::{AotCache, AotOptions};
use crate::compile::LocalCompiler;
use crate::engine::Purpose;
use crate::guests::LocalGuests;
use crate::load::{Loaded, Loader, Origin, ReadComponent, Slot};
use crate::runtime::Runtime;
use crate::step_imports::check_granted;
use crate::vfs::Blobs;
use crate::{deploy, execute, fault};

/// What a [`Sandbox`] is made of.
pub struct Options {
    /// Where compiled plugins are kept; `None` to compile them in every process.
    pub aot: Option<AotOptions>,
    /// Has the contents of inputs.
    pub blobs_in: Arc<dyn BlobSource>,
    /// Takes the contents of outputs.
    pub blobs_out: Arc<dyn BlobStore>,
    /// How many Actions may be executed at once.
    pub parallel: usize,
}

/// Why there can be no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder for compiled plugins cannot be made.
    #[error("the folder for compiled plugins cannot be made")]
    Aot(#[source] std::io::Error),
}

/// Loads plugins and executes Actions with them, deploys with those that deploy, and executes
/// runs of tools that are WebAssembly.
pub struct Sandbox {
    loader: Loader,
    slots: Mutex<HashMap<Digest, Arc<Slot>>>,
    commands: Mutex<HashMap<Digest, Arc<Origin>>>,
}

impl Sandbox {
    /// Makes a sandbox without plugins, which compiles and runs guests in this process. Cheap:
    /// the engine is made when code is first needed.
    ///
    /// # Errors
    /// When the AOT folder cannot be made.
    pub fn new(options: Options) -> Result<Self, SandboxError> {
        let Options { aot, blobs_in, blobs_out, parallel } = options;
        let runtime = Arc::new(Runtime::new(Purpose::Both { parallel }));
        let compiler = Arc::new(LocalCompiler::of(Arc::clone(&runtime)));
        let blobs = Blobs { inputs: blobs_in, outputs: blobs_out };
        Self::elsewhere(aot, compiler, Arc::new(LocalGuests::of(runtime, blobs)))
    }

    /// Makes a sandbox without plugins, which compiles and runs guests wherever these do.
    ///
    /// # Errors
    /// When the AOT folder cannot be made.
    pub fn elsewhere(
        aot: Option<AotOptions>,
        compiler: Arc<dyn Compiler>,
        guests: Arc<dyn Guests>,
    ) -> Result<Self, SandboxError> {
        let aot = aot.map(AotCache::open).transpose();
        let aot = aot.map_err(SandboxError::Aot)?;
        let loader = Loader::new(compiler, guests, aot);
        Ok(Self { loader, slots: Mutex::default(), commands: Mutex::default() })
    }

    /// Loads a plugin, so that Actions which name its digest can be executed.
    ///
    /// `name` is what the user calls it. `read` is called only if the component must be compiled;
    /// with a warm AOT cache that never happens, and code is not touched before it is executed.
    ///
    /// # Errors
    /// When it is not a component of our world, imports more than a step gets, or cannot describe
    /// itself properly.
    pub fn load(&self, name: &str, digest: Digest, read: ReadComponent) -> Result<Loaded, Fault> {
        if let Some(slot) = self.slot(&digest) {
            return Ok(slot.loaded.clone());
        }
        let load = || self.loader.load(name, digest, read);
        let slot = catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|panic| {
            Err(panicked(&format!("plugin `{name}` could not be loaded"), &*panic))
        })?;
        let loaded = slot.loaded.clone();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(digest).or_insert_with(|| Arc::new(slot));
        Ok(loaded)
    }

    /// Loads a tool that is a WASI command: a component that exports `wasi:cli/run`, or a core
    /// module of WASI 0.1, which is made into one. Runs that name `identity` can be executed
    /// then.
    ///
    /// `name` is the tool's name in the pipeline file, `digest` that of the file. `read` is
    /// called only if it must be compiled.
    ///
    /// # Errors
    /// When it is no program, or imports more than WASI without sockets.
    pub fn load_command(
        &self,
        name: &str,
        identity: Digest,
        digest: Digest,
        read: ReadComponent,
    ) -> Result<(), Fault> {
        if self.command(&identity).is_some() {
            return Ok(());
        }
        let load = || self.loader.load_command(name, digest, read);
        let slot = catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|panic| {
            Err(panicked(&format!("tool `{name}` could not be loaded"), &*panic))
        })?;
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.entry(identity).or_insert_with(|| Arc::new(slot));
        Ok(())
    }

    fn command(&self, identity: &Digest) -> Option<Arc<Origin>> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        commands.get(identity).cloned()
    }

    fn run_tool(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let action = request.action;
        let origin = self
            .command(&action.granted.identity)
            .ok_or_else(|| fault::sandbox(format!("tool `{}` was not loaded", action.tool)))?;
        let code = || self.loader.code(&origin);
        let guest = Guest { digest: origin.digest, label: &origin.name, code: &code };
        self.loader.guests.command(&guest, request)
    }

    fn slot(&self, digest: &Digest) -> Option<Arc<Slot>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(digest).cloned()
    }

    fn run(&self, request: &Request<'_>) -> Execution {
        let Some(slot) = self.slot(&request.action.plugin) else {
            let digest = request.action.plugin.short();
            return execute::none(fault::sandbox(format!("plugin {digest} was not loaded")));
        };
        let label = slot.loaded.descriptor.label();
        if slot.loaded.class == Class::Effect {
            return execute::none(deploy::fault::not_for_steps(&label));
        }
        if let Err(fault) = check_granted(&slot.loaded, request.step, &request.action.grants) {
            return execute::none(fault);
        }
        let code = || self.loader.code(&slot.origin);
        let guest = Guest { digest: slot.origin.digest, label: &label, code: &code };
        self.loader.guests.step(&guest, request)
    }

    fn deploy(&self, call: &DeployCall<'_>) -> DeployEnded {
        let Some(slot) = self.slot(&call.plugin) else {
            let digest = call.plugin.short();
            return deploy::none(fault::sandbox(format!("plugin {digest} was not loaded")));
        };
        let label = slot.loaded.descriptor.label();
        if slot.loaded.class != Class::Effect {
            return deploy::none(deploy::fault::not_for_environments(&label, call.environment));
        }
        let code = || self.loader.code(&slot.origin);
        let guest = Guest { digest: slot.origin.digest, label: &label, code: &code };
        self.loader.guests.deploy(&guest, call)
    }
}

impl Executor for Sandbox {
    fn execute(&self, request: &Request<'_>) -> Execution {
        catch_unwind(AssertUnwindSafe(|| self.run(request))).unwrap_or_else(|panic| {
            let what = format!("step `{}` could not be executed", request.step);
            execute::none(panicked(&what, &*panic))
        })
    }
}

impl Deployer for Sandbox {
    fn call(&self, call: &DeployCall<'_>) -> DeployEnded {
        catch_unwind(AssertUnwindSafe(|| self.deploy(call))).unwrap_or_else(|panic| {
            let (phase, environment) = (call.phase.as_str(), call.environment);
            let what = format!("the {phase} for environment `{environment}` could not be made");
            deploy::none(panicked(&what, &*panic))
        })
    }
}

impl ToolExecutor for Sandbox {
    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        catch_unwind(AssertUnwindSafe(|| self.run_tool(request))).unwrap_or_else(|panic| {
            let what = format!("tool `{}` could not be executed", request.action.tool);
            Err(panicked(&what, &*panic))
        })
    }
}

/// The fault of a panic in the host: a mistake of ours, never of the step.
fn panicked(what: &str, panic: &(dyn std::any::Any + Send)) -> Fault {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| "without a message".to_owned());
    fault::sandbox(format!("{what}: the sandbox panicked"))
        .note(text)
        .help("this is a mistake in Belljar; please report it with this message")
}
