//! Prepare: what one run finds before it starts, and what is taken from it when it is over.
//!
//! A run has a folder of its own. Its inputs are copies, never links into the store. State
//! folders stay where they are: tier t1 mounts them over an empty folder of the work tree; in the
//! other tiers a symbolic link takes that folder's place. A link is chosen over moving the folder
//! in and out: a host that dies leaves the state where it belongs, and the state may be on
//! another file system. The tool may replace the link; outputs are taken from the state folder
//! itself.

mod collect;
mod place;
mod reach;
mod runs;
mod state;
mod times;

pub(crate) use collect::{Mounted, collect};
pub(crate) use place::{Placing, place};
pub(crate) use runs::{ALIVE, RunFolder, Runs};
pub(crate) use state::{LOCK, States, hold};
pub(crate) use times::Times;
