//! From bytes to a plugin that is known: what it is, what it imports, what it says of itself.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use belljar_model::{Class, Descriptor, Digest, Fault};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::aot::{AotCache, Role};
use crate::bindings::ambient::Ambient;
use crate::bindings::deploy::DeployPluginPre;
use crate::bindings::deploy::belljar::step::{effect_tool, http, storage};
use crate::bindings::plugin::{StepPlugin, StepPluginPre};
use crate::state::State;
use crate::vfs::Blobs;
use crate::world_check::{self, Checked, Import};
use crate::{describe, engine, fault};
use belljar_model::text::harmless_lines;

/// The largest component that is loaded, in bytes.
pub(crate) const MAX_SIZE: u64 = 64 << 20;

/// Reads the bytes of a component when they are needed; often they never are.
pub type ReadComponent = Arc<dyn Fn() -> Result<Bytes, Fault> + Send + Sync>;

/// A plugin that can be executed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Loaded {
    /// The digest of the component.
    pub digest: Digest,
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// How much of the world it can touch.
    pub class: Class,
    /// What it imports, in the component's order.
    pub imports: Vec<Import>,
    /// The size of the component in bytes.
    pub size: u64,
}

/// A plugin that was loaded, and its code once it was needed.
pub(crate) struct Slot {
    name: String,
    pub(crate) loaded: Loaded,
    read: ReadComponent,
    ready: Mutex<Option<Ready>>,
}

/// The code of a plugin, ready to make instances.
#[derive(Clone)]
pub(crate) enum Ready {
    /// Of one that steps use.
    Step(StepPluginPre<State>),
    /// Of one that deploys.
    Deploy(DeployPluginPre<State>),
}

/// What loading needs.
pub(crate) struct Loader {
    pub(crate) runtime: Runtime,
    pub(crate) aot: Option<AotCache>,
    pub(crate) blobs: Blobs,
}

/// The engine and what it links, made when the first code is needed: a run in which every step
/// is served from the cache never needs any.
pub(crate) struct Runtime {
    parallel: usize,
    made: OnceLock<Result<Made, String>>,
}

/// The engine and what it links.
pub(crate) struct Made {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
}

impl Runtime {
    /// A runtime for up to `parallel` executions at once.
    pub(crate) const fn new(parallel: usize) -> Self {
        Self { parallel, made: OnceLock::new() }
    }

    /// Returns what is made once.
    ///
    /// # Errors
    /// When this machine cannot run guests.
    pub(crate) fn get(&self) -> Result<&Made, Fault> {
        let made = self.made.get_or_init(|| {
            Made::new(self.parallel).map_err(|error| harmless_lines(&format!("{error:#}")))
        });
        made.as_ref().map_err(|reason| {
            fault::sandbox("this machine cannot run WebAssembly").note(reason.clone())
        })
    }
}

impl Made {
    fn new(parallel: usize) -> wasmtime::Result<Self> {
        let engine = engine::make(parallel)?;
        let mut linker = Linker::<State>::new(&engine);
        Ambient::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        StepPlugin::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        http::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        storage::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        effect_tool::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self { engine, linker })
    }
}

impl Loader {
    /// Loads a plugin. Its code is not touched if the AOT cache knows all about it.
    ///
    /// # Errors
    /// When it is not a plugin for this host.
    pub(crate) fn load(
        &self,
        name: &str,
        digest: Digest,
        read: ReadComponent,
    ) -> Result<Slot, Fault> {
        let name = name.to_owned();
        let known = self.aot.as_ref().and_then(|aot| aot.card::<Loaded>(Role::Plugin, &digest));
        if let Some(loaded) = known.filter(|loaded| loaded.digest == digest) {
            return Ok(Slot { name, loaded, read, ready: Mutex::new(None) });
        }
        let component = self.component(&name, &digest, &read)?;
        let Checked { imports, class } = world_check::check(&name, component.engine(), &component)?;
        let ready = self.prepare(&name, class, &component)?;
        let linker = &self.runtime.get()?.linker;
        let descriptor = describe::describe(&name, &component, linker, &self.blobs)?;
        let loaded = Loaded { digest, descriptor, class, imports, size: digest.size() };
        if let Some(aot) = &self.aot {
            aot.put_card(Role::Plugin, &digest, &loaded);
        }
        Ok(Slot { name, loaded, read, ready: Mutex::new(Some(ready)) })
    }

    /// Returns the code of a loaded plugin, ready to make instances.
    ///
    /// # Errors
    /// When its bytes cannot be read any more.
    pub(crate) fn ready(&self, slot: &Slot) -> Result<Ready, Fault> {
        let mut ready = slot.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*ready {
            return Ok(ready.clone());
        }
        let component = self.component(&slot.name, &slot.loaded.digest, &slot.read)?;
        Ok(ready.insert(self.prepare(&slot.name, slot.loaded.class, &component)?).clone())
    }

    fn prepare(&self, name: &str, class: Class, component: &Component) -> Result<Ready, Fault> {
        let linker = &self.runtime.get()?.linker;
        let pre = linker.instantiate_pre(component).and_then(|pre| match class {
            Class::Pure | Class::Exec => StepPluginPre::new(pre).map(Ready::Step),
            Class::Effect => DeployPluginPre::new(pre).map(Ready::Deploy),
        });
        pre.map_err(|error| describe::unlinkable(name, &error))
    }

    fn component(
        &self,
        name: &str,
        digest: &Digest,
        read: &ReadComponent,
    ) -> Result<Component, Fault> {
        let engine = &self.runtime.get()?.engine;
        if let Some(component) =
            self.aot.as_ref().and_then(|aot| aot.code(engine, Role::Plugin, digest))
        {
            return Ok(component);
        }
        if digest.size() > MAX_SIZE {
            let (size, most) =
                (belljar_model::text::bytes(digest.size()), belljar_model::text::bytes(MAX_SIZE));
            let message = format!("plugin `{name}` has {size}; at most {most} are loaded");
            return Err(fault::plugin(fault::NOT_A_COMPONENT, message));
        }
        let bytes = read()?;
        if Digest::of(&bytes) != *digest {
            let message = format!("plugin `{name}` is not the file that was named any more");
            return Err(fault::plugin(fault::OTHER_BYTES, message)
                .note(format!("named {digest}, found {}", Digest::of(&bytes)))
                .help("run again; the file was probably replaced meanwhile"));
        }
        let component = compile(name, engine, &bytes)?;
        if let Some(aot) = &self.aot {
            aot.put_code(Role::Plugin, digest, &component);
        }
        Ok(component)
    }
}

fn compile(name: &str, engine: &Engine, bytes: &[u8]) -> Result<Component, Fault> {
    if let Some(what) = not_a_component(bytes) {
        let message = format!("plugin `{name}` is not a component: it is {what}");
        let fault = fault::plugin(fault::NOT_A_COMPONENT, message);
        return Err(fault.help("build a plugin with `cargo build --target wasm32-wasip2`"));
    }
    Component::from_binary(engine, bytes).map_err(|error| {
        let reason = harmless_lines(&format!("{:#}", error.root_cause()));
        let is_cut = reason.contains("unexpected end") || reason.contains("out of bounds (bound");
        let what = if is_cut { "is cut off" } else { "is not valid" };
        let message = format!("plugin `{name}` {what}: {reason}");
        fault::plugin(fault::NOT_A_COMPONENT, message).help("build the plugin anew")
    })
}

/// What the bytes are, if they do not even begin like a component.
pub(crate) fn not_a_component(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("an empty file"),
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => None,
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => Some("a core module"),
        [b'\0', b'a', b's', b'm', _, _, _, _, ..] => Some("a component of another format version"),
        [b'\0', b'a', b's', b'm', ..] => Some("a file that is cut off after its first bytes"),
        [0x7f, b'E', b'L', b'F', ..] => Some("machine code (ELF), which is never loaded"),
        bytes
            if bytes
                .iter()
                .take(512)
                .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            Some("text")
        }
        bytes if bytes.iter().all(|byte| *byte == 0) => Some("a file of zeros"),
        _ => Some("something else"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_called_by_its_name() {
        let check = |bytes: &[u8], what| assert_eq!(not_a_component(bytes), what);
        check(b"", Some("an empty file"));
        check(b"\0asm\x0d\0\x01\0", None);
        check(b"\0asm\x01\0\0\0", Some("a core module"));
        check(b"\0asm\x0d\0", Some("a file that is cut off after its first bytes"));
        check(b"\x7fELF\x02", Some("machine code (ELF), which is never loaded"));
        check(b"(component)", Some("text"));
        check(&[0; 64], Some("a file of zeros"));
        check(b"\x89PNG\r\n", Some("something else"));
    }
}
