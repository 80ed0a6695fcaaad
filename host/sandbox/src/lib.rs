//! The sandbox: executes plugins, which are WebAssembly components, and records all they ask.
//!
//! ```text
//! bytes ── load ──> Loaded: descriptor, imports, class      (compiled code: AOT cache)
//! Action ── execute ──> fresh instance ── run ──> ActionResult + Trace + log + cost
//!                             │
//!                             ├── inputs, outputs, report, log, control   (wit/step.wit)
//!                             └── WASI 0.2, all of it answered here       (wit-wasi)
//! DeployCall ── call ──> fresh instance ── preview, apply, observe ──> Changes or Observation
//!                             │
//!                             ├── inputs, log, control, WASI 0.2
//!                             └── http, storage, effect-tool: all of it through the Outlet
//! ```
//!
//! **Invariant:** a guest reaches the machine through nothing; every function that it can import
//! is implemented in this crate, over a [`View`](belljar_model::View), an output layer and
//! constants. A plugin that deploys reaches out through its call's
//! [`Outlet`](belljar_model::ports::Outlet), and nowhere else.
//! **Invariant:** an instance is used for one call and thrown away.
//! **Invariant:** nothing here waits but for tools and the Outlet; the clock is virtual.

mod aot;
mod bindings;
mod caps;
mod cli;
mod clocks;
mod command;
mod compile;
mod deploy;
mod deploy_imports;
mod describe;
mod engine;
mod execute;
mod fault;
mod guest;
mod guests;
mod io;
mod limits;
mod load;
mod log;
mod random;
mod runtime;
mod sandbox;
mod state;
mod step_imports;
#[cfg(test)]
mod testing;
mod tools;
mod trace;
mod trap;
mod vfs;
mod world_check;

pub use aot::AotOptions;
pub use compile::LocalCompiler;
pub use fault::{cancelled, time as time_up};
pub use guests::LocalGuests;
pub use load::{Loaded, ReadComponent};
pub use sandbox::{Options, Sandbox, SandboxError};
pub use world_check::Import;
