//! Durability: a run that waits for the disk, beside the same run that does not.

use anyhow::Result;

use crate::compare::{Belljar, Contestant as _, Form, Left, Shape, Sync};
use crate::results::{Results, Unit};
use crate::sample::Sample;
use crate::surroundings::Surroundings;

/// How many steps, each of which writes a blob.
const STEPS: u32 = 1000;

/// How often each of both runs.
const ROUNDS: usize = 9;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Durability",
        "A cold run of 1,000 pure steps in layers, each of which writes 4 KiB, and the same run of \
         the same program with every call that waits for the disk (`fsync`, `fdatasync`, `syncfs`, \
         `sync_file_range`, `msync`) answered by the kernel at once, without doing anything. In \
         turn; `sync` before each.",
    );
    let shape = Shape::new(Form::Layered, STEPS);
    let mut belljar = Belljar::new(surroundings, shape)?;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        // Now one first, now the other; the first round does not count.
        let mut turns = [(Sync::Waits, &mut with), (Sync::Skipped, &mut without)];
        turns.rotate_left(round % 2);
        for (sync, walls) in turns {
            belljar.forget(Left::Code)?;
            std::process::Command::new("sync").status()?;
            let run = belljar.run_with(sync)?;
            anyhow::ensure!(run.executed == STEPS, "{} steps were executed", run.executed);
            belljar.tree().check()?;
            if round > 0 {
                walls.push(run.usage.wall);
            }
        }
    }
    let [with, without] = [with, without].map(Sample::of);
    results.row("as it is", Unit::Time, &with, None);
    results.row("without waiting for the disk", Unit::Time, &without, None);
    results.ratio("as it is / without waiting", with.over(&without), None);
    results.goals.reach("durable", 100.0 * (with.over(&without) - 1.0));
    Ok(())
}
