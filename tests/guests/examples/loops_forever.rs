//! Computes without end.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Computes without end.
#[belljar_sdk::step(name = "loops-forever")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(3));
        if number == 0 {
            return Ok(Outcome::new("an odd number times three is never zero"));
        }
    }
}
