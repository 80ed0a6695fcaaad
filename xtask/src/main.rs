//! Automation of the project itself: `cargo xtask --help` lists what it can do.
//!
//! Every verb prints the commands that it runs, so that each can be repeated by hand.

mod args;
mod builds;
mod cases;
mod codegen;
mod demo;
mod fuzz;
mod sandboxed;
mod shell;
mod soak;
mod verbs;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use crate::args::{Args, Verb};

fn main() -> Result<ExitCode> {
    match Args::parse().verb {
        Verb::Within(args) => return sandboxed::run(&args),
        Verb::Demo => demo::run(),
        Verb::Build => verbs::build().map(drop),
        Verb::Test(args) => verbs::test(&args),
        Verb::Cases(args) => cases::run(&args),
        Verb::Lint => verbs::lint(),
        Verb::Plugins => verbs::plugins(),
        Verb::Install(args) => verbs::install(&args),
        Verb::Bench(args) => verbs::bench(&args),
        Verb::Soak(args) => soak::soak(&args),
        Verb::Fuzz(args) => fuzz::run_all(&args),
        Verb::Codegen => codegen::run(),
    }
    .map(|()| ExitCode::SUCCESS)
}
