//! Calls itself until the stack is full.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Calls itself until the stack is full.
#[belljar_sdk::step(name = "overflows-its-stack")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    Ok(Outcome::new(deeper(std::hint::black_box(1)).to_string()))
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    if depth == 0 { 0 } else { deeper(depth + 1) + std::hint::black_box(room)[63] }
}
