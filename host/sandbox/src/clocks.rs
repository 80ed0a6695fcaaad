//! `wasi:clocks`: a clock that no machine drives.
//!
//! The wall clock stands at 1980-01-01, the earliest day that every archive format can write.
//! The monotonic clock starts at zero, moves on by a microsecond whenever it is read, and jumps
//! when the guest waits. So the same step sees the same times in every run.

use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::ambient::wasi::clocks::monotonic_clock;
use crate::bindings::ambient::wasi::clocks::wall_clock::{self, Datetime};
use crate::io::Pollable;
use crate::state::State;

/// Seconds from 1970-01-01 to 1980-01-01, in UTC.
const WALL_SECONDS: u64 = 315_532_800;

/// How far the monotonic clock moves when it is read, in nanoseconds.
const STEP: u64 = 1_000;

/// The moment that all clocks and files show.
pub(crate) const MOMENT: Datetime = Datetime { seconds: WALL_SECONDS, nanoseconds: 0 };

/// The monotonic clock of one execution.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock(u64);

impl VirtualClock {
    /// A clock that is ahead of its usual start by some seconds.
    pub(crate) const fn ahead(seconds: u32) -> Self {
        Self(seconds as u64 * 1_000_000_000)
    }

    /// Reads the clock, in nanoseconds.
    pub(crate) fn now(&mut self) -> u64 {
        self.0 = self.0.saturating_add(STEP);
        self.0
    }

    /// Reads the clock without moving it.
    pub(crate) const fn peek(&self) -> u64 {
        self.0
    }

    /// Moves the clock to `moment`, unless that has passed.
    pub(crate) fn wait_until(&mut self, moment: u64) {
        self.0 = self.0.max(moment);
    }
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> Result<u64> {
        Ok(self.clock.now())
    }

    fn resolution(&mut self) -> Result<u64> {
        Ok(STEP)
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable::At(when))?)
    }

    fn subscribe_duration(&mut self, duration: u64) -> Result<Resource<Pollable>> {
        let when = self.clock.peek().saturating_add(duration);
        Ok(self.table.push(Pollable::At(when))?)
    }
}

impl wall_clock::Host for State {
    fn now(&mut self) -> Result<Datetime> {
        let ahead = u64::from(self.variation.clock_ahead);
        Ok(Datetime { seconds: MOMENT.seconds + ahead, ..MOMENT })
    }

    fn resolution(&mut self) -> Result<Datetime> {
        Ok(Datetime { seconds: 1, nanoseconds: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_moves_when_read_and_jumps_when_waited_for() {
        let mut clock = VirtualClock::default();
        assert_eq!([clock.now(), clock.now()], [1_000, 2_000]);
        clock.wait_until(1_000_000);
        assert_eq!(clock.peek(), 1_000_000);
        clock.wait_until(5);
        assert_eq!(clock.now(), 1_001_000, "it never goes back");
    }

    #[test]
    fn a_clock_can_be_ahead() {
        assert_eq!(VirtualClock::ahead(2).now(), 2_000_001_000);
    }
}
