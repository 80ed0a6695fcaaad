//! Turns a Plan into results, through ports.
//!
//! Per ready step (the [`Schedule`] says which): `resolve` makes an Action, `lookup` asks the
//! cache, `miss` says why it has nothing, the Executor executes, and all that happened goes out
//! as Events and comes back as a [`RunSummary`].
//!
//! **Invariant:** this crate does no I/O and reads no clock; both come through [`Ports`].
//! **Invariant:** nothing here knows that plugins are WebAssembly, or where blobs are kept.

mod answers;
mod consult;
mod evidence;
mod flight;
mod hints;
pub mod lookup;
pub mod miss;
mod ports;
mod preview;
mod resolve;
mod run;
pub mod schedule;
mod summary;
#[cfg(test)]
mod testing;
mod tools;
mod veil;
mod verify;

pub use evidence::{FileRead, evidence};
pub use ports::{Afterwards, ForceMode, OnDispute, Plugin, Ports, RunOptions, Settled};
pub use preview::{Preview, Would, plan_preview};
pub use resolve::{Surroundings, resolve};
pub use run::run;
pub use schedule::{OnFailure, Schedule};
pub use summary::RunSummary;
pub use tools::{ToolPorts, ToolRunner};
pub use veil::{MaskedBlobs, SealedBlobs};
pub use verify::verify;
