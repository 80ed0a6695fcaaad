//! The plugin as a whole, in an environment in memory.

mod config;
mod directory;
mod http;
mod tool;

use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::Deploy as Environment;

use crate::Deploy;

/// An environment with a release of three files.
fn environment(config: Value) -> Environment<Deploy> {
    Environment::new()
        .config(config)
        .artifact("dist/app", "binary")
        .artifact("dist/site/a b.html", "<p>")
        .artifact("notes.md", "# 1")
}
