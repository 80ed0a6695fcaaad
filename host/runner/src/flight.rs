//! Flights: of two steps with one ActionDigest, only one works at a time.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use belljar_model::ActionDigest;

/// The Actions that some worker is about to look up, execute or record.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    aloft: Mutex<BTreeSet<ActionDigest>>,
    landed: Condvar,
}

/// The right to work on one Action, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    action: ActionDigest,
}

impl Flights {
    /// Waits until nobody works on `action`. Whoever waited finds the result of the one before
    /// it in the cache, or takes its turn if that left none.
    pub(crate) fn board(&self, action: ActionDigest) -> Flight<'_> {
        let mut aloft = self.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        while !aloft.insert(action) {
            aloft = self.landed.wait(aloft).unwrap_or_else(PoisonError::into_inner);
        }
        Flight { flights: self, action }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut aloft = self.flights.aloft.lock().unwrap_or_else(PoisonError::into_inner);
        aloft.remove(&self.action);
        self.flights.landed.notify_all();
    }
}
