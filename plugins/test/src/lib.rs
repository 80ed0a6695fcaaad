//! The `test` step: the project's tests, run by the team's own runner, case by case.
//!
//! `layout` (shards: which tests, and what each sees) → `command` → the tool → `collect`
//! (`parse`: one file per format) → `attempt` (failed tests again) → `verdict`
//!
//! **Invariant:** a shard is one run of the tool that sees no more than it may depend on, so the
//! host finds its result again when something else changes.
//! **Invariant:** what the tools print is never printed again.

mod attempt;
mod collect;
mod command;
pub mod config;
mod layout;
mod narrow;
mod parse;
mod place;
mod shard;
#[cfg(test)]
mod tests;
mod verdict;

use belljar_sdk::prelude::*;

pub(crate) use crate::config::{Config, Format, Runner, ShardBy};

/// Runs the project's tests with its own runner, and reports every test case.
///
/// # Errors
/// When a test fails, when the runner does, or when its results cannot be read.
#[belljar_sdk::step(
    name = "test",
    summary = "Runs the project's tests with its own runner, and reports every test case",
    docs = include_str!("../README.md"),
    tools = [("*", "runs the project's own test runner")]
)]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    config.check()?;
    let shards = layout::shards(&config, cx)?;
    cx.check_cancelled()?;
    let tested = attempt::test(&config, cx, shards)?;
    verdict::end(&config, cx, tested)
}
