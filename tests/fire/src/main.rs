//! The program `belljar-fire`: puts a store to work, and runs campaigns against it.

use std::path::PathBuf;
use std::process::ExitCode;

use belljar_fire::{Exerciser, Outcome, Pressure};
use clap::{Parser, Subcommand};

/// Puts a store to work, or under fire
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Work on a store, and say what was promised
    Exercise {
        /// The folder of the store
        store: PathBuf,
        #[arg(long)]
        seed: u64,
        #[arg(long)]
        turns: u64,
        /// Never collect garbage so that something promised is lost
        #[arg(long)]
        keep: bool,
    },
    /// Kill at every system call that changes something
    Kills {
        #[arg(long)]
        seed: u64,
        /// How many points at most
        #[arg(long, default_value_t = usize::MAX)]
        most: usize,
    },
    /// Let every such call fail, in six ways
    Errors {
        #[arg(long)]
        seed: u64,
        /// How many failing calls at most
        #[arg(long, default_value_t = usize::MAX)]
        most: usize,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let exerciser = |seed| Exerciser { program: program.clone(), seed, turns: 60, keep: false };
    let outcome = match Args::parse().verb {
        Verb::Exercise { store, seed, turns, keep } => {
            let pressure = if keep { Pressure::None } else { Pressure::Some };
            let ended = belljar_fire::exercise(&store, seed, turns, pressure);
            return Ok(ExitCode::from(ended.code()));
        }
        Verb::Kills { seed, most } => belljar_fire::kills(&exerciser(seed), most)?,
        Verb::Errors { seed, most } => belljar_fire::errors(&exerciser(seed), most)?,
    };
    Ok(end(&outcome))
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn end(outcome: &Outcome) -> ExitCode {
    println!("{outcome}");
    if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
