//! The worker's side: calls in, and every port a question to the coordinator.

mod inputs;
mod link;
mod ports;
mod serve;
mod trees;

pub use ports::WorkerBlobs;
pub use serve::{Role, refuse, serve};
