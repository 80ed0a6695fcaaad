//! Writes ten thousand files below its declared output.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Writes ten thousand files below its declared output.
#[belljar_sdk::step(name = "writes-ten-thousand-files")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    for number in 0..10_000 {
        cx.outputs().write(&format!("out/{number}.txt"), "x")?;
    }
    Ok(Outcome::new("10000 files"))
}
