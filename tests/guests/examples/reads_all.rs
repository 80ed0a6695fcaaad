//! Reads every file of a folder through the standard library.

use belljar_sdk::prelude::*;

/// What to read.
#[belljar_sdk::config]
pub struct Config {
    /// The folder.
    folder: String,
}

/// Reads every file of a folder.
#[belljar_sdk::step(name = "reads-all")]
pub fn run(config: Config, _cx: &mut Cx) -> StepResult {
    let mut bytes = 0;
    for entry in std::fs::read_dir(&config.folder)? {
        bytes += std::fs::read(entry?.path())?.len();
    }
    Ok(Outcome::new(format!("{bytes} bytes")))
}
