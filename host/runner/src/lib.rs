//! Turns a Plan into results, through ports.
//!
//! Per ready step (the [`Schedule`] says which): `resolve` makes an Action, `lookup` asks the
//! cache, `miss` says why it has nothing, the Executor executes, and all that happened goes out
//! as Events and comes back as a [`RunSummary`].
//!
//! **Invariant:** this crate does no I/O and reads no clock; both come through [`Ports`].
//! **Invariant:** nothing here knows that plugins are WebAssembly, or where blobs are kept.

pub mod schedule;

pub use schedule::{OnFailure, Schedule};
