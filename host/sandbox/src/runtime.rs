//! Runtime: the engine and what it links, made when the first code is needed.

use std::sync::OnceLock;

use belljar_model::Fault;
use belljar_model::text::harmless_lines;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::ambient::Ambient;
use crate::bindings::deploy::belljar::step::{effect_tool, http, storage};
use crate::bindings::plugin::StepPlugin;
use crate::engine::{self, Purpose};
use crate::fault;
use crate::state::State;

/// The engine and what it links, made when the first code is needed.
pub(crate) struct Runtime {
    purpose: Purpose,
    made: OnceLock<Result<Made, String>>,
}

/// The engine and what it links.
pub(crate) struct Made {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
}

impl Runtime {
    /// A runtime of which nothing is made yet.
    pub(crate) const fn new(purpose: Purpose) -> Self {
        Self { purpose, made: OnceLock::new() }
    }

    /// Returns what is made once.
    ///
    /// # Errors
    /// When this machine cannot run guests.
    pub(crate) fn get(&self) -> Result<&Made, Fault> {
        let made = self.made.get_or_init(|| {
            Made::new(self.purpose).map_err(|error| harmless_lines(&format!("{error:#}")))
        });
        made.as_ref().map_err(|reason| {
            fault::sandbox("this machine cannot run WebAssembly").note(reason.clone())
        })
    }
}

impl Made {
    fn new(purpose: Purpose) -> wasmtime::Result<Self> {
        let engine = engine::make(purpose)?;
        let mut linker = Linker::<State>::new(&engine);
        Ambient::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        StepPlugin::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        http::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        storage::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        effect_tool::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self { engine, linker })
    }
}
