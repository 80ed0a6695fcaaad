//! Runs native tools in an OS sandbox, each run as an Action of its own.
//!
//! ```text
//! ToolSpec → find     executable, closure, identity        what a tool is and may read
//! ToolAction → prepare  inputs by copy, state by mount     what one run finds
//!            → confine  namespaces, seccomp, Landlock      what it cannot reach
//!            → prepare  outputs by descriptor              what is taken from it
//! ```
//!
//! **Invariant:** outputs are looked at only after every process of the run is dead.
//! **Invariant:** a tier is claimed only after a canary ran in it on this machine.

pub mod confine;
mod descriptors;
mod execute;
mod fault;
mod find;
pub mod launch;
mod lines;
mod prepare;
pub mod probe;
pub mod seal;
#[cfg(test)]
mod testing;
mod tools;
pub mod upkeep;

pub use find::{Found, Readable, Reason};
pub use tools::{NativeTools, Options};
