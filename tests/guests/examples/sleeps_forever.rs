//! Sleeps without end; virtual time passes at once, so it is a loop too.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Sleeps without end; virtual time passes at once, so it is a loop too.
#[belljar_sdk::step(name = "sleeps-forever")]
pub fn run(_config: NoConfig, _cx: &mut Cx) -> StepResult {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(3600));
        if std::hint::black_box(false) {
            return Ok(Outcome::new("awake"));
        }
    }
}
