//! The program: arguments in, one command, exit code out.
//!
//! **Invariant:** this is the only crate that knows all the others, and the only one that reads
//! the environment, the clock and the terminal.

mod args;
mod clock;
mod commands;
mod delivery;
mod env;
mod error;
mod execution;
mod exit_code;
mod files;
mod lock;
mod moment;
mod opening;
mod plugins;
mod project;
mod recording;
mod reports;
mod secrets;
mod session;
mod shown;
mod signals;
mod stream;
mod terminal;
mod tools;
mod tracing_output;
mod trust;
mod upkeep;
mod worker;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Inside a tool's sandbox this program is what sets up the rest of it.
    if let Some(exit) = belljar_tool::launch::entry() {
        return exit;
    }
    // Where guests run, it is a worker.
    if let Some(exit) = worker::entry() {
        return exit;
    }
    secrets::mask_panics();
    let arguments = args::Arguments::parse();
    tracing_output::start(arguments.global.verbose);
    let terminal = terminal::Terminal::new(&arguments.global);
    match commands::dispatch(&arguments, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) => terminal.fail(&error).into(),
    }
}
