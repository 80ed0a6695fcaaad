//! Carries the calls of guests to processes that have no powers, and their questions back.
//!
//! ```text
//! coordinator: Workers ──Call──────────────────────────> serve: Guests or Compiler   worker
//!              has blobs, tools, the outlet <──Ask, Line── proxies of these ports
//!                                            ──Answer────>
//!                                           <──Done──────
//! ```
//!
//! One socket per worker, one call at a time, strictly nested. The crate knows neither what
//! executes guests nor how a process is sealed: both are passed in.
//!
//! **Invariant:** a worker is told nothing that its call does not name: every digest it asks for
//! is compared with the call's own inputs and with what it has written itself.
//! **Invariant:** no byte that a worker sends panics the coordinator, or keeps it waiting longer
//! than the call may take.
//! **Invariant:** a worker that dies, or breaks the protocol, fails its own call and no other.

mod coordinator;
mod fault;
mod frame;
mod message;
mod stream;
mod worker;

pub use coordinator::{Bounds, EarlyWorkers, Options, Sentences, Walls, Workers};
pub use frame::{FrameError, MAX_FRAME, MAX_RAW, check_from_worker, check_to_worker};
pub use worker::{Role, WorkerBlobs, refuse, serve};
