//! Does nothing at all: what is left is the host's own cost.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Does nothing at all.
#[belljar_sdk::step(name = "does-nothing")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    Ok(Outcome::new(""))
}
