//! Ends the process instead of returning.

#![expect(
    clippy::exit,
    clippy::print_stdout,
    reason = "a plugin may do it, so the host must bear it"
)]

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Ends the process instead of returning.
#[belljar_sdk::step(name = "exits")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    println!("leaving");
    std::process::exit(0)
}
