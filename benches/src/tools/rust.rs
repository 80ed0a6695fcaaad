//! The example of a Rust workspace with nothing built, beside the same commands of cargo by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::place::{CODE, Place, Tier, copy_sources};
use super::sample;
use crate::process;
use crate::results::{Goal, Results, Unit};
use crate::surroundings::Surroundings;

/// What the rows are.
pub(super) const NOTE: &str = "`belljar run test build` in a copy of `examples/rust-service`, in \
    t1, as it comes: the step `build` needs `sources` and `fmt` as well. *By hand* are the same \
    four commands of cargo one after the other, with no `target`; \
    nothing there does what `sources` does. *Cold* has an empty store but for the machine code of \
    plugins; *the first run ever* compiles these as well. Each run is checked: all tests have \
    passed, and the program that was made works.";

/// Which commands of cargo the steps run.
const BY_HAND: [&[&str]; 4] = [
    &["fmt", "--all", "--check"],
    &["test", "--no-fail-fast", "-p", "http"],
    &["test", "--no-fail-fast", "-p", "service"],
    &["install", "--path", "service", "--root", "dist", "--locked", "--offline", "--no-track"],
];

/// How many steps are run: those asked for, and what they need.
const STEPS: u32 = 4;
/// What the report says of the tests.
const TESTED: &str = "18 passed in 2 shards";

/// Compares.
///
/// # Errors
/// When a run fails, or did something else than it had to.
pub(super) fn measure(
    surroundings: &Surroundings,
    rounds: usize,
    results: &mut Results,
) -> Result<()> {
    let project = surroundings.results.ancestors().nth(2).context("the project has a folder")?;
    let example = project.join("examples/rust-service");
    let (mut first, mut cold, mut hand) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let ours = |first: &mut Vec<f64>, cold: &mut Vec<f64>| {
            let [ever, again] = as_steps(surroundings, &example)?;
            first.push(ever);
            cold.push(again);
            anyhow::Ok(())
        };
        // Now one first, now the other.
        if round % 2 == 0 {
            ours(&mut first, &mut cold)?;
        }
        hand.push(by_hand(&example)?);
        if round % 2 == 1 {
            ours(&mut first, &mut cold)?;
        }
    }
    let [first, cold, hand] = [first, cold, hand].map(|values| sample(&values));
    results.row("rust-service: by hand", Unit::Time, &hand, None);
    results.row("rust-service: cold", Unit::Time, &cold, None);
    results.row("rust-service: the first run ever", Unit::Time, &first, None);
    results.ratio("rust-service: cold / by hand", cold.over(&hand), Some(Goal(1.10)));
    let ratio = first.over(&hand);
    results.ratio("rust-service: the first run ever / by hand", ratio, Some(Goal(1.10)));
    Ok(())
}

/// Returns the seconds that the first run ever takes, and one that has only machine code.
fn as_steps(surroundings: &Surroundings, example: &Path) -> Result<[f64; 2]> {
    let place = Place::new(surroundings, Tier::T1)?;
    copy_sources(example, &place.tree())?;
    let run = || {
        let (usage, record) = place.run(&["test", "build"])?;
        record.check_steps(STEPS)?;
        record.check_runs("executed", Tier::T1)?;
        let runs = record.setups()?.len();
        ensure!(runs == BY_HAND.len(), "{runs} tools were run");
        let tested = record.summary("test");
        ensure!(tested == Some(TESTED), "the tests say {tested:?}");
        check_program(&place.tree())?;
        Ok(usage.wall)
    };
    let first = run()?;
    place.forget(CODE)?;
    Ok([first, run()?])
}

fn by_hand(example: &Path) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    copy_sources(example, folder.path())?;
    let (mut taken, mut passed) = (0.0, 0);
    for arguments in BY_HAND {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(folder.path());
        // What the steps do not get either: a tool has none of the host's environment.
        for name in ["TARGET_DIR", "BUILD_TARGET_DIR", "BUILD_JOBS", "INCREMENTAL", "NET_OFFLINE"] {
            command.env_remove(format!("CARGO_{name}"));
        }
        command.env("CARGO_TERM_COLOR", "never").env_remove("RUSTFLAGS");
        let (usage, said) = process::run(&command)?;
        taken += usage.wall;
        passed += said.lines().filter(|line| line.ends_with("... ok")).count();
    }
    ensure!(TESTED.starts_with(&format!("{passed} passed")), "{passed} tests have passed by hand");
    check_program(folder.path())?;
    Ok(taken)
}

/// Checks that the program is one: it refuses what is no address, and says why.
fn check_program(tree: &Path) -> Result<()> {
    let program: PathBuf = tree.join("dist/bin/service");
    let output = Command::new(&program).arg("no address").output();
    let output = output.with_context(|| program.display().to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "the program ended with {}: {said}", output.status);
    ensure!(said.contains("invalid socket address"), "the program said {said}");
    Ok(())
}
