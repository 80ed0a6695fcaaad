//! Passes without writing what the step declared.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Passes without writing what the step declared.
#[belljar_sdk::step(name = "leaves-an-output-out")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    Ok(Outcome::new("nothing written"))
}
