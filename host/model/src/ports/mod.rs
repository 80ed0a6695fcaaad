//! The ports: small traits through which the core meets the outside world.
//!
//! All ports are synchronous: a step runs on a thread of its own, and what it waits for is a
//! file or a hash, never the network (`docs/design/0002-synchronous-ports.md`). Errors are
//! [`Fault`](crate::Fault)s: each edge has error types of its own and turns them into what a
//! user must know at this door.

mod action_cache;
mod blob_store;
mod clock;
mod deployer;
mod event_sink;
mod executor;
mod guests;
mod inputs;
mod ledger;
mod memory;
mod outlet;
mod secrets;
mod tools;
mod variation;

pub use action_cache::{ActionCache, Found, Past, Record, Recorded};
pub use blob_store::{BlobSource, BlobStore, BlobWriter, keep_log};
pub use clock::Clock;
pub use deployer::{DeployCall, DeployEnded, Deployed, Deployer};
pub use event_sink::EventSink;
pub use executor::{Cancel, Execution, Executor, LogSink, Request};
pub use guests::{Compiled, Compiler, Guest, GuestKind, Guests, Source};
pub use inputs::{Inputs, WriteBack};
pub use ledger::Ledger;
pub use memory::{MemoryBlobs, Unheard, WholeBlob};
pub use outlet::{MAX_ANSWER, NoOutlet, Outlet, OutletError, StoredObject, ToolAnswer};
pub use secrets::{NOT_GRANTED, NoSecrets, Secrets};
pub use tools::{NoTools, Reuse, ToolExecutor, ToolLimits, ToolRequest, ToolRun, Tools};
pub use variation::{ListingOrder, Variation};
