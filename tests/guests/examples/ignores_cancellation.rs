//! Never asks whether it should stop, and writes an output before that.

#![expect(clippy::print_stdout, reason = "a plugin may do it, so the host must bear it")]

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Never asks whether it should stop, and writes an output before that.
#[belljar_sdk::step(name = "ignores-cancellation")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    cx.outputs().write("out/partial.txt", "partial")?;
    println!("running");
    let mut number = 1_u64;
    while std::hint::black_box(number) != 0 {
        number = number.wrapping_mul(3);
    }
    Ok(Outcome::new("done"))
}
