//! Allocates memory without end.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Allocates memory without end.
#[belljar_sdk::step(name = "allocates-without-end")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1; 1 << 20]));
        if kept.is_empty() {
            return Ok(Outcome::new("it never is"));
        }
    }
}
