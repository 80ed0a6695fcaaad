//! Panics with a message.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Panics with a message.
#[belljar_sdk::step(name = "panics")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    let numbers: Vec<u32> = Vec::new();
    let first = numbers.first().expect("the list of numbers is never empty");
    Ok(Outcome::new(first.to_string()))
}
