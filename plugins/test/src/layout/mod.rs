//! From the project's files to shards: which tests there are, and what each of them can see.

mod cargo;
mod cover;
mod files;
mod go;
mod manifest;

use belljar_sdk::{Cx, StepError};

use crate::shard::{Selection, Shard, parts, splits_itself};
use crate::{Config, Runner, ShardBy};

/// Splits the tests as the configuration says.
///
/// # Errors
/// When the project is not what its configuration says.
pub(crate) fn shards(config: &Config, cx: &Cx) -> Result<Vec<Shard>, StepError> {
    if splits_itself(config) {
        return Ok(parts(config));
    }
    match (config.runner, config.shard.by) {
        (_, ShardBy::None) => {
            let packages = &config.shard.packages;
            let selection = if !packages.is_empty() {
                Selection::Packages(packages.clone())
            } else if !config.shard.files.is_empty() {
                Selection::Files(files::tests(config, cx))
            } else {
                Selection::All
            };
            Ok(vec![Shard::whole(config, String::new(), selection)])
        }
        (Runner::Cargo | Runner::Nextest, _) => cargo::shards(config, cx),
        (Runner::Go, _) => go::shards(config, cx),
        _ => Ok(files::shards(config, cx)),
    }
}
