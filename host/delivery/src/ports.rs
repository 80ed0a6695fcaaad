//! What delivering needs from outside, beyond the ports of the model.

use std::sync::Arc;

use belljar_model::ports::{BlobStore, Cancel, Clock, Deployer, Ledger, LogSink, Outlet};
use belljar_model::{Digest, Fault};

/// Waits.
pub trait Pause: Send + Sync {
    /// Returns after so many milliseconds, or earlier when the run is cancelled.
    fn wait(&self, ms: u64);
}

/// Keeps blobs from being collected as garbage.
pub trait Pins: Send + Sync {
    /// Keeps these blobs under a name, in place of those that were kept under it before. They
    /// are durable when this returns.
    ///
    /// # Errors
    /// When one is not there, or nothing can be written.
    fn pin(&self, owner: &str, blobs: &[Digest]) -> Result<(), Fault>;

    /// Keeps what is under a name no longer.
    ///
    /// # Errors
    /// When nothing can be written.
    fn unpin(&self, owner: &str) -> Result<(), Fault>;

    /// Reads blobs again, and returns those that are missing or damaged.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn damaged(&self, blobs: &[Digest]) -> Result<Vec<Digest>, Fault>;
}

/// Everything outside.
#[derive(Clone)]
pub struct Ports {
    /// The record of it all.
    pub ledger: Arc<dyn Ledger>,
    /// Calls plugins.
    pub deployer: Arc<dyn Deployer>,
    /// The real way out of the environment.
    pub outlet: Arc<dyn Outlet>,
    /// Blobs of artifacts, and of what plugins sent and received.
    pub blobs: Arc<dyn BlobStore>,
    /// Keeps releases.
    pub pins: Arc<dyn Pins>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Waits.
    pub pause: Arc<dyn Pause>,
    /// Takes the lines of plugins.
    pub log: Arc<dyn LogSink>,
    /// Asked between two observations, and while a plugin runs.
    pub cancel: Cancel,
}
