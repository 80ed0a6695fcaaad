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
mod timeline;
mod tools;
mod tracing_output;
mod trust;
mod unchanged;
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
    let terminal = terminal::Terminal::new(&arguments.global);
    let recording = match timeline::Recording::asked_by(&arguments) {
        Ok(recording) => recording,
        Err(error) => return terminal.fail(&error).into(),
    };
    let recorder = recording.as_ref().map(timeline::Recording::recorder);
    tracing_output::start(arguments.global.verbose, recorder);
    let ended = commands::dispatch(&arguments, &terminal);
    let written = recording.map_or(Ok(()), timeline::Recording::write);
    match (ended, written) {
        (Ok(exit), Ok(())) => exit.into(),
        (Err(error), Ok(())) | (Ok(_), Err(error)) => terminal.fail(&error).into(),
        (Err(error), Err(unwritten)) => {
            terminal.fail(&unwritten);
            terminal.fail(&error).into()
        }
    }
}
