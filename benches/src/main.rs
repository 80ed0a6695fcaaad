//! Prints what Belljar costs: every number with its goal, none of them a test.
//!
//! `cargo xtask bench` builds all that is measured and starts this program. Without arguments it
//! measures everything and writes `benches/RESULTS.md`; with `micro`, `files`, `tools` or
//! `compare` it prints that part. docs/performance.md says how to read the numbers.

mod arguments;
mod compare;
mod files;
mod goals;
mod machine;
mod micro;
mod plans;
mod process;
mod results;
mod sample;
mod surroundings;
mod tools;
mod trash;
mod trust;
mod unsynced;
mod workbench;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use arguments::{Arguments, Part};
use results::Results;
use surroundings::Surroundings;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let done = match arguments.split_first() {
        Some((verb, command)) if verb == process::MEASURE => process::measure_here(command),
        Some((verb, command)) if verb == unsynced::MEASURE => unsynced::measure_here(command),
        _ => measure(&arguments),
    };
    trash::empty();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            results::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[OsString]) -> Result<()> {
    let arguments = Arguments::parse(arguments)?;
    let surroundings = Surroundings::find()?;
    let mut results = Results::start(&machine::describe(), arguments.date.as_deref());
    for part in &arguments.parts {
        match part {
            Part::Micro => micro::measure(&surroundings, &mut results)?,
            Part::Files => files::measure(&surroundings, &mut results)?,
            Part::Tools => tools::measure(&surroundings, arguments.rounds, &mut results)?,
            Part::Trust => trust::measure(&surroundings, &mut results)?,
            Part::Compare => compare::measure(&surroundings, &arguments, &mut results)?,
        }
    }
    results.show_goals();
    if arguments.is_everything() {
        results.write(&surroundings.results)?;
    }
    Ok(())
}
