//! Reports an error of its own.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Reports an error of its own.
#[belljar_sdk::step(name = "says-internal")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    Err(StepError::internal("its own table is damaged"))
}
