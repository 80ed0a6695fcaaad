//! Tests of the sandbox with real components.

#![expect(clippy::unwrap_used, reason = "what a test puts together by hand is right")]

mod commands;
mod component;
mod deploying;
mod deployment;
mod files;
mod harness;
mod hostile;
mod limits;
mod loading;
mod outlet;
mod traces;
mod ways_out;
