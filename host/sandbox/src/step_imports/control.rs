//! `belljar:step/control`: what the host asks of a running step.

use belljar_model::Question;
use belljar_model::view::TIME_LIMIT;
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
        // From the View, not from the limits: no limit is part of a key, but what a guest was
        // told is an Observation.
        self.ask(Question::Environment(TIME_LIMIT.to_owned()));
        let limit = self.vfs.view().environment.get(TIME_LIMIT);
        Ok(limit.and_then(|limit| limit.parse().ok()).unwrap_or(u64::MAX))
    }
}
