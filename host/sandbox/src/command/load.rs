//! From bytes to a tool that can be run.

use std::sync::{Mutex, PoisonError};

use belljar_model::{Digest, Fault};
use wasmtime::component::Component;

use super::{adapt, fault};
use crate::aot::Role;
use crate::bindings::command::CommandPre;
use crate::load::{Loader, MAX_SIZE, ReadComponent, not_a_component};
use crate::state::State;
use crate::world_check;
use belljar_model::text::harmless_lines;

/// A tool that was loaded, and its code once it was needed.
pub(crate) struct CommandSlot {
    name: String,
    digest: Digest,
    read: ReadComponent,
    ready: Mutex<Option<CommandPre<State>>>,
}

impl Loader {
    /// Loads a tool. Its code is not touched if the AOT cache knows that it was checked.
    ///
    /// # Errors
    /// When it is no program for this host.
    pub(crate) fn load_command(
        &self,
        name: &str,
        digest: Digest,
        read: ReadComponent,
    ) -> Result<CommandSlot, Fault> {
        let slot = CommandSlot { name: name.to_owned(), digest, read, ready: Mutex::new(None) };
        let known = self.aot.as_ref().and_then(|aot| aot.card::<Digest>(Role::Command, &digest));
        if known != Some(digest) {
            self.ready_command(&slot)?;
            if let Some(aot) = &self.aot {
                aot.put_card(Role::Command, &digest, &digest);
            }
        }
        Ok(slot)
    }

    /// Returns the code of a loaded tool, ready to make instances.
    ///
    /// # Errors
    /// When its bytes cannot be read any more, or it is no program for this host.
    pub(crate) fn ready_command(&self, slot: &CommandSlot) -> Result<CommandPre<State>, Fault> {
        let mut ready = slot.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*ready {
            return Ok(ready.clone());
        }
        let component = self.command_code(slot)?;
        world_check::check_command(&slot.name, component.engine(), &component)?;
        let linker = &self.runtime.get()?.linker;
        let pre = linker.instantiate_pre(&component).and_then(CommandPre::new);
        let pre = pre.map_err(|error| {
            fault::unlinkable(&slot.name, &harmless_lines(&format!("{:#}", error.root_cause())))
        })?;
        Ok(ready.insert(pre).clone())
    }

    fn command_code(&self, slot: &CommandSlot) -> Result<Component, Fault> {
        let CommandSlot { name, digest, read, .. } = slot;
        let engine = &self.runtime.get()?.engine;
        if let Some(code) =
            self.aot.as_ref().and_then(|aot| aot.code(engine, Role::Command, digest))
        {
            return Ok(code);
        }
        if digest.size() > MAX_SIZE {
            return Err(fault::too_large(name, digest.size(), MAX_SIZE));
        }
        let bytes = read()?;
        if Digest::of(&bytes) != *digest {
            return Err(fault::replaced(name, digest, &Digest::of(&bytes)));
        }
        let adapted = if adapt::is_module(&bytes) {
            Some(adapt::component(name, &bytes)?)
        } else if let Some(what) = not_a_component(&bytes) {
            return Err(fault::no_program(name, what));
        } else {
            None
        };
        let code = Component::from_binary(engine, adapted.as_deref().unwrap_or(&bytes));
        let code = code.map_err(|error| {
            fault::not_valid(name, &harmless_lines(&format!("{:#}", error.root_cause())))
        })?;
        if let Some(aot) = &self.aot {
            aot.put_code(Role::Command, digest, &code);
        }
        Ok(code)
    }
}
