//! Appends to one output without end.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Appends to one output without end.
#[belljar_sdk::step(name = "writes-without-end")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    use std::io::Write as _;
    let mut writer = cx.outputs().create("out/large.bin")?;
    let block = vec![7; 1 << 20];
    loop {
        writer.write_all(&block)?;
        if writer.written() == 0 {
            return Ok(Outcome::new("it never is"));
        }
    }
}
