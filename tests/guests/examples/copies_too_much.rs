//! Hands the host more bytes at once than it takes.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Hands the host more bytes at once than it takes.
#[belljar_sdk::step(name = "copies-too-much")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    cx.log().info("z".repeat(200 << 20));
    Ok(Outcome::new("handed over"))
}
