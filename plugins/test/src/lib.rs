//! The `test` step: the project's tests, run by the team's own runner, case by case.

mod config;
mod parse;

pub use config::*;
