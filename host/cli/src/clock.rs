//! The machine's clock: the only place of the host that asks what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use belljar_model::ports::Clock;

/// The real time.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    /// A clock whose `elapsed` counts from now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
