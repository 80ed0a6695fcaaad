//! LocalGuests: runs the code of guests in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use belljar_model::ports::{
    BlobSource, BlobStore, DeployCall, DeployEnded, Execution, Guest, Guests, Request, ToolRequest,
    ToolRun,
};
use belljar_model::text::harmless_lines;
use belljar_model::{Descriptor, Digest, Fault};
use bytes::Bytes;
use wasmtime::component::{Component, InstancePre};

use crate::bindings::command::CommandPre;
use crate::bindings::deploy::DeployPluginPre;
use crate::bindings::plugin::StepPluginPre;
use crate::engine::Purpose;
use crate::runtime::Runtime;
use crate::state::State;
use crate::vfs::Blobs;
use crate::{command, deploy, describe, execute, fault};

/// So much code is kept at hand; then it is read anew.
const AT_HAND: usize = 64;

/// Runs the code of guests in this process.
///
/// Code is believed: whoever passes it in has made it, or verified that this machine did. Where
/// that cannot be, this runs in a process that has nothing to lose.
pub struct LocalGuests {
    runtime: Arc<Runtime>,
    blobs: Blobs,
    ready: Mutex<HashMap<(Digest, Form), Ready>>,
}

/// What code is made ready for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Step,
    Deploy,
    Command,
}

/// Code that is ready to make instances.
#[derive(Clone)]
enum Ready {
    Step(StepPluginPre<State>),
    Deploy(DeployPluginPre<State>),
    Command(CommandPre<State>),
}

impl LocalGuests {
    /// Runs guests, up to `parallel` at once, over these inputs and outputs. It holds no
    /// compiler.
    pub fn new(parallel: usize, inputs: Arc<dyn BlobSource>, outputs: Arc<dyn BlobStore>) -> Self {
        let runtime = Runtime::new(Purpose::Run { parallel });
        Self::of(Arc::new(runtime), Blobs { inputs, outputs })
    }

    pub(crate) fn of(runtime: Arc<Runtime>, blobs: Blobs) -> Self {
        Self { runtime, blobs, ready: Mutex::default() }
    }

    /// Makes what the first call would have to wait for.
    ///
    /// # Errors
    /// When this machine cannot run guests.
    pub fn prepare(&self) -> Result<(), Fault> {
        self.runtime.get().map(drop)
    }

    fn component(&self, code: &Bytes) -> Result<Component, Fault> {
        let engine = &self.runtime.get()?.engine;
        #[expect(unsafe_code, reason = "machine code that this program made is run")]
        // SAFETY: `deserialize` needs bytes that `Component::serialize` made and nobody changed.
        // The code of a `Guest` was verified by the one who passes it: the AOT cache returns a
        // file only if its keyed hash holds, and otherwise the code comes from the compiler. In
        // a worker it comes from the coordinator, which has done that, over a socket that no
        // other process holds.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_err(|error| {
            fault::sandbox("compiled code does not fit this program")
                .note(harmless_lines(&format!("{error:#}")))
                .help("`belljar cache clear` lets it be compiled anew")
        })
    }

    fn ready(&self, guest: &Guest<'_>, form: Form) -> Result<Ready, Fault> {
        let key = (guest.digest, form);
        let at_hand = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = at_hand().get(&key) {
            return Ok(ready.clone());
        }
        let component = self.component(&(guest.code)()?)?;
        let ready = link(self.runtime.get()?.linker.instantiate_pre(&component), form);
        let ready = ready.map_err(|error| describe::unlinkable(guest.label, &error))?;
        let mut at_hand = at_hand();
        if at_hand.len() >= AT_HAND {
            at_hand.clear();
        }
        Ok(at_hand.entry(key).or_insert(ready).clone())
    }
}

fn link(linked: wasmtime::Result<InstancePre<State>>, form: Form) -> wasmtime::Result<Ready> {
    Ok(match form {
        Form::Step => Ready::Step(StepPluginPre::new(linked?)?),
        Form::Deploy => Ready::Deploy(DeployPluginPre::new(linked?)?),
        Form::Command => Ready::Command(CommandPre::new(linked?)?),
    })
}

/// The fault of code that was made ready for something else than what was asked.
fn other_form() -> Fault {
    fault::sandbox("code is ready for something else than it is used for")
}

impl Guests for LocalGuests {
    fn describe(&self, guest: &Guest<'_>) -> Result<Descriptor, Fault> {
        let component = self.component(&(guest.code)()?)?;
        let linker = &self.runtime.get()?.linker;
        describe::describe(guest.label, &component, linker, &self.blobs)
    }

    fn step(&self, guest: &Guest<'_>, request: &Request<'_>) -> Execution {
        match self.ready(guest, Form::Step) {
            Ok(Ready::Step(pre)) => {
                execute::execute(&pre, request, guest.label, self.blobs.clone())
            }
            Ok(_) => execute::none(other_form()),
            Err(fault) => execute::none(fault),
        }
    }

    fn deploy(&self, guest: &Guest<'_>, call: &DeployCall<'_>) -> DeployEnded {
        match self.ready(guest, Form::Deploy) {
            Ok(Ready::Deploy(pre)) => {
                deploy::call(&pre, call, guest.label, Arc::clone(&self.blobs.outputs))
            }
            Ok(_) => deploy::none(other_form()),
            Err(fault) => deploy::none(fault),
        }
    }

    fn command(&self, guest: &Guest<'_>, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let began = Instant::now();
        match self.ready(guest, Form::Command)? {
            Ready::Command(pre) => command::execute(&pre, request, self.blobs.clone(), began),
            Ready::Step(_) | Ready::Deploy(_) => Err(other_form()),
        }
    }
}
