//! Reads a file that the step did not declare, and fails when it is not there.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Reads a file that the step did not declare, and fails when it is not there.
#[belljar_sdk::step(name = "reads-what-it-did-not-declare")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    let secret = std::fs::read_to_string("secret.txt")?;
    cx.log().info(secret);
    Ok(Outcome::new("read it"))
}
