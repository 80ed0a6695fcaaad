//! Ledger: the one record of what was delivered.

use crate::fault::Fault;
use crate::ledger::{Entry, LedgerEvent};

/// Keeps events for ever, in order.
pub trait Ledger: Send + Sync {
    /// Appends events, all or none, and returns their entries. When it returns, they are durable
    /// and covered by a signed checkpoint.
    ///
    /// # Errors
    /// When they cannot be written; whoever appends must not go on then.
    fn append(&self, events: Vec<LedgerEvent>) -> Result<Vec<Entry>, Fault>;

    /// Returns all entries, those of other processes included.
    ///
    /// # Errors
    /// When the ledger cannot be read, or is not what its checkpoint says.
    fn entries(&self) -> Result<Vec<Entry>, Fault>;
}
