//! Opens files without ever closing one.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Opens files without ever closing one.
#[belljar_sdk::step(name = "holds-many-handles")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    let mut open = Vec::new();
    loop {
        open.push(std::fs::File::open("in.txt")?);
        if open.is_empty() {
            return Ok(Outcome::new("it never is"));
        }
    }
}
