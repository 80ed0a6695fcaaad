//! EventSink: where the facts of a run go.

use crate::event::Event;

/// Takes the Events of a run. Must not fail and must not wait: a sink that has trouble keeps it
/// to itself until the run is over.
pub trait EventSink: Send + Sync {
    /// Takes one Event.
    fn emit(&self, event: Event);
}
