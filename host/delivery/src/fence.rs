//! Fence: appends events only as long as nobody else took over.

use std::sync::Arc;

use belljar_model::ledger::Entry;
use belljar_model::ports::Ledger;
use belljar_model::{Fault, LedgerEvent};

use crate::fault::{self, FENCED};

/// The right to change one environment, as long as no larger token was given.
#[derive(Clone)]
pub(crate) struct Fence {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) environment: String,
    pub(crate) deployment: u64,
    pub(crate) token: u64,
}

impl Fence {
    /// Appends events if the right still holds.
    ///
    /// # Errors
    /// When another process took over, or the ledger cannot be written.
    pub(crate) fn append(&self, events: Vec<LedgerEvent>) -> Result<(), Fault> {
        self.ledger.append_if(events, &mut |entries| self.holds(entries)).map(drop)
    }

    fn holds(&self, entries: &[Entry]) -> Result<(), Fault> {
        let latest = entries.iter().rev().find_map(|entry| match &entry.event {
            LedgerEvent::Started { environment, token, .. } if *environment == self.environment => {
                Some(*token)
            }
            _ => None,
        });
        if latest == Some(self.token) {
            return Ok(());
        }
        let message = format!(
            "another process has taken over `{}`, so this one stops before it changes anything more",
            self.environment
        );
        Err(fault::policy(FENCED, message).help("`belljar status` shows what goes on"))
    }
}
