//! From bytes to a plugin that is known: what it is, what it imports, what it says of itself.
//!
//! Nothing is compiled or run here: both happen behind ports. What is kept here is what came of
//! it, and only this side reads and writes the AOT cache.

use std::sync::{Arc, OnceLock};

use belljar_model::ports::{Compiler, Guest, GuestKind, Guests, Source};
use belljar_model::{Class, Descriptor, Digest, Fault};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::aot::{AotCache, Compatibility};
use crate::world_check::{Checked, Import};
use crate::{engine, fault};

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

/// Where the bytes of a component are.
pub(crate) struct Origin {
    /// What the user calls it.
    pub(crate) name: String,
    /// What it is compiled as.
    pub(crate) kind: GuestKind,
    /// The digest of its bytes.
    pub(crate) digest: Digest,
    /// Reads them.
    pub(crate) read: ReadComponent,
}

/// A plugin that was loaded.
pub(crate) struct Slot {
    pub(crate) origin: Origin,
    pub(crate) loaded: Loaded,
}

/// What loading needs.
pub(crate) struct Loader {
    pub(crate) compiler: Arc<dyn Compiler>,
    pub(crate) guests: Arc<dyn Guests>,
    pub(crate) aot: Option<AotCache>,
    compatibility: OnceLock<Result<Compatibility, String>>,
}

impl Loader {
    /// A loader that has loaded nothing.
    pub(crate) const fn new(
        compiler: Arc<dyn Compiler>,
        guests: Arc<dyn Guests>,
        aot: Option<AotCache>,
    ) -> Self {
        Self { compiler, guests, aot, compatibility: OnceLock::new() }
    }

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
        let kind = GuestKind::Plugin;
        let origin = Origin { name: name.to_owned(), kind, digest, read };
        let known = self.aot.as_ref().and_then(|aot| aot.card::<Loaded>(kind, &digest));
        if let Some(loaded) = known.filter(|loaded| loaded.digest == digest) {
            return Ok(Slot { origin, loaded });
        }
        let (code, facts) = self.compile(&origin)?;
        let Checked { imports, class } = serde_json::from_slice(&facts).map_err(|error| {
            fault::sandbox("what the compiler says of a plugin cannot be read")
                .note(error.to_string())
        })?;
        let guest = Guest { digest, label: name, code: &|| Ok(code.clone()) };
        let descriptor = self.guests.describe(&guest)?;
        let loaded = Loaded { digest, descriptor, class, imports, size: digest.size() };
        if let Some(aot) = &self.aot {
            aot.put_card(kind, &digest, &loaded);
        }
        Ok(Slot { origin, loaded })
    }

    /// Loads a tool. Its code is not touched if the AOT cache knows that it was checked.
    ///
    /// # Errors
    /// When it is no program for this host.
    pub(crate) fn load_command(
        &self,
        name: &str,
        digest: Digest,
        read: ReadComponent,
    ) -> Result<Origin, Fault> {
        let kind = GuestKind::Command;
        let origin = Origin { name: name.to_owned(), kind, digest, read };
        let known = self.aot.as_ref().and_then(|aot| aot.card::<Digest>(kind, &digest));
        if known != Some(digest) {
            self.compile(&origin)?;
            if let Some(aot) = &self.aot {
                aot.put_card(kind, &digest, &digest);
            }
        }
        Ok(origin)
    }

    /// Returns the machine code of a component that was loaded: verified, or made just now.
    ///
    /// # Errors
    /// When its bytes cannot be read any more, or cannot be compiled.
    pub(crate) fn code(&self, origin: &Origin) -> Result<Bytes, Fault> {
        if let Some(aot) = &self.aot
            && let Some(code) = aot.code(origin.kind, &origin.digest, &self.compatibility()?)
        {
            return Ok(code);
        }
        self.compile(origin).map(|(code, _)| code)
    }

    fn compile(&self, origin: &Origin) -> Result<(Bytes, Bytes), Fault> {
        let Origin { name, kind, digest, read } = origin;
        if digest.size() > MAX_SIZE {
            return Err(too_large(*kind, name, digest.size()));
        }
        let bytes = read()?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(replaced(*kind, name, digest, &found));
        }
        let compiled = self.compiler.compile(&Source { kind: *kind, name, bytes: &bytes })?;
        if let Some(aot) = &self.aot {
            aot.put_code(*kind, digest, &self.compatibility()?, &compiled.code);
        }
        Ok((compiled.code, compiled.facts))
    }

    /// What the code of this host must have been compiled for.
    fn compatibility(&self) -> Result<Compatibility, Fault> {
        let made = self.compatibility.get_or_init(|| {
            let engine = engine::make(engine::Purpose::Compile);
            engine.map(|engine| Compatibility::of(&engine)).map_err(|error| format!("{error:#}"))
        });
        made.clone()
            .map_err(|reason| fault::sandbox("this machine cannot run WebAssembly").note(reason))
    }
}

fn too_large(kind: GuestKind, name: &str, size: u64) -> Fault {
    if kind == GuestKind::Command {
        return crate::command::fault::too_large(name, size, MAX_SIZE);
    }
    let (size, most) = (belljar_model::text::bytes(size), belljar_model::text::bytes(MAX_SIZE));
    let message = format!("plugin `{name}` has {size}; at most {most} are loaded");
    fault::plugin(fault::NOT_A_COMPONENT, message)
}

fn replaced(kind: GuestKind, name: &str, named: &Digest, found: &Digest) -> Fault {
    if kind == GuestKind::Command {
        return crate::command::fault::replaced(name, named, found);
    }
    let message = format!("plugin `{name}` is not the file that was named any more");
    fault::plugin(fault::OTHER_BYTES, message)
        .note(format!("named {named}, found {found}"))
        .help("run again; the file was probably replaced meanwhile")
}
