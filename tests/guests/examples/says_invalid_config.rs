//! Finds fault with its configuration.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Finds fault with its configuration.
#[belljar_sdk::step(name = "says-invalid-config")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    Err(StepError::invalid_config("", "this plugin is never content"))
}
