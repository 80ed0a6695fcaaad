//! Keeps blobs and action records on this machine, so that they survive crashes.
//!
//! ```text
//! put(blob)    in memory if small, or tmp/…  readable at once, not durable
//! put(record)  queued in memory              visible to this process at once
//! flush        all in tmp/, a barrier        → renames into blobs-v1/, a barrier → one commit
//! ```
//!
//! A flush happens on a thread of its own, so no step waits for the disk. Whatever moment a
//! crash chooses, the store afterwards holds a prefix of the flushes; stray files in `tmp/` are
//! removed by the next process that has the store for itself.
//!
//! **Invariant:** a blob has its name only after its bytes are on the disk, and a record is
//! written only after its blobs have their names.
//! **Invariant:** every read of a blob verifies its digest.
//! **Invariant:** a pinned blob is deleted by nobody.
//! **Invariant:** a record is used only if its writer is known, it is what that writer signed, and
//! its level is high enough; and no record takes the place of one of a higher level.
//! **Invariant:** nothing is deleted because another process is busy.

mod blob_writer;
mod blobs;
mod cache;
mod database;
mod disputes;
mod error;
mod flush;
mod gc;
mod judging;
mod layout;
mod notes;
mod open;
mod overlay;
mod pins;
mod records;
mod stats;
mod store;
mod trust;
mod upkeep;
mod verify;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod trust_tests;

pub use cache::WorkspaceCache;
pub use disputes::{DisputeAt, WriterCount};
pub use error::StoreError;
pub use gc::{DEFAULT_MAX_BYTES, GcReport, Sweep};
pub use notes::Notes;
pub use stats::StatReport;
pub use store::Store;
pub use trust::{KnownWriter, MachineKey, Trust};
pub use upkeep::{Bounds, Upkeep};
pub use verify::VerifyReport;
