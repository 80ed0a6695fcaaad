//! Ledger: the one record of what was delivered.

use crate::fault::Fault;
use crate::ledger::{Entry, LedgerEvent};

/// Keeps events for ever, in order.
pub trait Ledger: Send + Sync {
    /// Appends events, all or none, if `may` agrees, and returns their entries. `may` is shown
    /// all entries that there are, those of other processes included, while nobody else can
    /// append. When this returns, the events are durable and covered by a signed checkpoint.
    ///
    /// # Errors
    /// What `may` returned, or when they cannot be written; whoever appends must not go on then.
    fn append_if(
        &self,
        events: Vec<LedgerEvent>,
        may: &mut dyn FnMut(&[Entry]) -> Result<(), Fault>,
    ) -> Result<Vec<Entry>, Fault>;

    /// Shows all entries to `read`, those of other processes included.
    ///
    /// # Errors
    /// When the ledger cannot be read, or is not what its checkpoint says.
    fn read(&self, read: &mut dyn FnMut(&[Entry])) -> Result<(), Fault>;

    /// Appends events, whatever else there is.
    ///
    /// # Errors
    /// As [`Ledger::append_if`].
    fn append(&self, events: Vec<LedgerEvent>) -> Result<Vec<Entry>, Fault> {
        self.append_if(events, &mut |_| Ok(()))
    }
}
