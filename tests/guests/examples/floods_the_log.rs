//! Writes a million log lines, by the interface and by stdout.

#![expect(clippy::print_stdout, reason = "a plugin may do it, so the host must bear it")]

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Writes a million log lines, by the interface and by stdout.
#[belljar_sdk::step(name = "floods-the-log")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    let line = "y".repeat(100);
    for _ in 0..500_000 {
        cx.log().info(&line);
        println!("{line}");
    }
    Ok(Outcome::new("a million lines"))
}
