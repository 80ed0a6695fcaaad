//! Writes a file that the step did not declare.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Writes a file that the step did not declare.
#[belljar_sdk::step(name = "writes-what-it-did-not-declare")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    std::fs::write("other.txt", "x")?;
    Ok(Outcome::new("wrote it"))
}
