//! Clock: what time it is. An input, so that tests can choose it.

use std::time::Duration;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> u64;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;
}
