//! Reports findings without end.

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Reports findings without end.
#[belljar_sdk::step(name = "reports-without-end")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    loop {
        cx.finding(Finding::note("endless", "one more"));
        if cx.cancelled() {
            return Ok(Outcome::new("cancelled"));
        }
    }
}
