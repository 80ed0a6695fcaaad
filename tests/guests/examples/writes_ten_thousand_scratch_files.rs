//! Writes ten thousand scratch files through the standard library.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Writes ten thousand scratch files through the standard library.
#[belljar_sdk::step(name = "writes-ten-thousand-scratch-files")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    for number in 0..10_000 {
        std::fs::write(format!("/.scratch/{number}.txt"), "x")?;
    }
    Ok(Outcome::new("10000 scratch files"))
}
