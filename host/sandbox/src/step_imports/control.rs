//! `belljar:step/control`: what the host asks of a running step.

use wasmtime::Result;

use crate::bindings::plugin::belljar::step::control;
use crate::state::State;

impl control::Host for State {
    fn cancelled(&mut self) -> Result<bool> {
        let asked = self.cancel.is_asked();
        self.told_to_stop |= asked;
        Ok(asked)
    }

    fn time_limit_ms(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.limits.time.value.as_millis()).unwrap_or(u64::MAX))
    }
}
