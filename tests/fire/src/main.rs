//! The program `belljar-fire`: puts a store to work, and runs campaigns against it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use belljar_fire::{Exerciser, Outcome, Pressure};
use clap::{Parser, Subcommand, ValueEnum};

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
    /// Run one campaign against a store, and say what failed
    Campaign {
        name: Name,
        /// What decides everything that is random
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How much is tried at most [default: everything]
        #[arg(long)]
        most: Option<usize>,
        /// How long a campaign without an end goes on
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

/// The campaigns.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Killed at every system call that changes something
    Kills,
    /// Every such call fails, in six ways
    Errors,
    /// The power is cut, on three kinds of file system
    Power,
    /// Eight processes, half of which are killed
    Crowd,
    /// Garbage is collected while others work
    Collecting,
    /// Files are damaged
    Damage,
}

fn main() -> anyhow::Result<ExitCode> {
    match Args::parse().verb {
        Verb::Exercise { store, seed, turns, keep } => {
            let pressure = if keep { Pressure::None } else { Pressure::Some };
            let ended = belljar_fire::exercise(&store, seed, turns, pressure);
            Ok(ExitCode::from(ended.code()))
        }
        Verb::Campaign { name, seed, most, seconds } => {
            let outcome = campaign(name, seed, most, Duration::from_secs(seconds))?;
            Ok(end(&outcome))
        }
    }
}

fn campaign(name: Name, seed: u64, most: Option<usize>, time: Duration) -> anyhow::Result<Outcome> {
    let program = std::env::current_exe()?;
    let exerciser = |turns, keep| Exerciser { program, seed, turns, keep };
    let all = most.unwrap_or(usize::MAX);
    match name {
        Name::Kills => belljar_fire::kills(&exerciser(60, false), all),
        Name::Errors => belljar_fire::errors(&exerciser(60, false), all),
        Name::Power => belljar_fire::power(&exerciser(2_000, false), most.unwrap_or(200), time),
        Name::Crowd => belljar_fire::crowd(&exerciser(100, true), time),
        Name::Collecting => belljar_fire::collecting(&exerciser(60, true), time),
        Name::Damage => belljar_fire::damage(seed, most.unwrap_or(100_000)),
    }
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn end(outcome: &Outcome) -> ExitCode {
    println!("{outcome}");
    if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
