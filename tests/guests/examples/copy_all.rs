//! Joins all of its inputs into one output: the step of the benchmarks.

use belljar_sdk::prelude::*;

/// What to make.
#[belljar_sdk::config]
pub struct Config {
    /// The files to join, in order.
    from: Vec<String>,
    /// The file to write.
    to: String,
    /// How many bytes of the joined files to write.
    #[serde(default = "block")]
    size: usize,
}

const fn block() -> usize {
    4096
}

/// Joins files.
#[belljar_sdk::step(name = "copy-all")]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    let mut joined = Vec::new();
    for (_, content) in cx.inputs().read_many(config.from.iter().cloned()) {
        joined.extend(content?);
    }
    joined.truncate(config.size);
    cx.outputs().write(&config.to, joined)?;
    Ok(Outcome::new("joined"))
}
