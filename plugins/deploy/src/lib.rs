//! Deploys a release: into a folder or bucket, over HTTP, or with a tool.
//!
//! `Config` → each strategy (`directory`, `http`, `tool`) in order → changes; all their
//! observations → one
//!
//! **Invariant:** what is done follows from the configuration, the artifacts and the storage as it
//! was read at the beginning, never from an answer: a plan is what will happen.

pub mod config;
mod directory;
mod http;
mod pointer;
mod release;
mod template;
#[cfg(test)]
mod tests;
mod tool;
mod verdict;

use belljar_sdk::prelude::*;

use crate::config::{Config, Kind};

/// The plugin.
pub struct Deploy;

#[belljar_sdk::deployment(
    docs = include_str!("../README.md"),
    tools = [("*", "runs the commands that the environment's configuration names")],
    secrets = ["*"],
    hosts = ["*"]
)]
impl Deployment for Deploy {
    type Config = Config;

    fn apply(config: Config, cx: &mut DeployCx) -> DeployResult {
        config.check()?;
        let mut changes = Vec::new();
        for (at, kind) in config.kinds() {
            cx.check_cancelled()?;
            changes.extend(match kind {
                Kind::Directory(directory) => directory::apply(directory, at, cx)?,
                Kind::Http(http) => http::apply(http, at, cx)?,
                Kind::Tool(tool) => tool::apply(tool, cx)?,
            });
        }
        Ok(changes)
    }

    fn observe(config: Config, cx: &mut DeployCx) -> Result<Observation, StepError> {
        config.check()?;
        // All of them, whatever the first one says: what is sent must not follow from an answer.
        let seen = config.kinds().filter_map(|(_, kind)| match kind {
            Kind::Directory(directory) => Some(directory::observe(directory, cx)),
            Kind::Http(http) => http.health.as_ref().map(|health| http::observe(health, cx)),
            Kind::Tool(tool) => tool.observe.as_ref().map(|command| tool::observe(command, cx)),
        });
        Ok(verdict::join(&seen.collect::<Vec<_>>()))
    }
}
