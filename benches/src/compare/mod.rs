//! Whole runs of the program beside ninja: the same graph, the same bytes, in turn.

mod contestant;
mod shape;

use anyhow::{Result, ensure};

use crate::process::Usage;
use crate::results::{Goal, Results, Unit};
use crate::sample::Sample;
use crate::surroundings::Surroundings;
use contestant::{Belljar, Contestant, Ninja, Recipe};
pub(crate) use shape::Shape;

const SHAPE: Shape = Shape { layers: 10, width: 100 };

/// How often each program is started for nothing.
const STARTS: usize = 21;

const NOTE: &str = "1,000 steps in 10 layers. Each reads a file of 4 KiB and the outputs of three \
    steps, and writes the first 4 KiB of all that: the guest `copy_all` in one sandbox each, and \
    for ninja `cat $in | head -c 4096 > $out`. Both as they come (ninja starts two commands more \
    than there are processors). After each run the files are compared, and that only those steps \
    were executed that had to be. *CPU* is user and system time of all processes, *memory* that \
    of the largest process.";

/// What is done to the trees before a measured run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    /// Nothing was ever run: no outputs, no records. Machine code of the plugin is kept.
    Afresh,
    /// Nothing.
    Nothing,
    /// A file that one step of the last layer reads.
    LastLayer,
    /// A file that one step of the first layer reads.
    FirstLayer,
    /// All outputs are deleted.
    NoOutputs,
}

/// One comparison.
struct Scenario {
    what: &'static str,
    change: Change,
    /// How many steps Belljar executes, and ninja.
    executed: [u32; 2],
    goal: Option<Goal>,
    runs: [Vec<Usage>; 2],
}

/// Compares.
///
/// # Errors
/// When ninja is not there, a run fails, or a run did something else than it had to.
pub(crate) fn measure(
    surroundings: &Surroundings,
    rounds: usize,
    results: &mut Results,
) -> Result<()> {
    let ninja = Surroundings::need_ninja()?;
    let mut scenarios = scenarios();
    let mut first = Vec::new();
    let mut least = Vec::new();
    for round in 0..rounds {
        let salt = u32::try_from(round)?;
        let mut contestants: [Box<dyn Contestant>; 2] = [
            Box::new(Belljar::new(surroundings, SHAPE)?),
            Box::new(Ninja::new(SHAPE, Recipe::Same)?),
        ];
        first.push(contestants[0].run()?.usage); // compiles the plugin
        for scenario in &mut scenarios {
            for turn in 0..2 {
                let which = (turn + round) % 2; // now one first, now the other
                let contestant = &mut *contestants[which];
                apply(scenario.change, contestant, salt)?;
                let run = contestant.run()?;
                let expected = scenario.executed[which];
                ensure!(
                    run.executed == expected,
                    "{}: {} steps were executed instead of {expected}",
                    scenario.what,
                    run.executed
                );
                scenario.runs[which].push(run.usage);
                check_files(contestant)?;
            }
            check_equal(&contestants)?;
        }
        let mut ninja = Ninja::new(SHAPE, Recipe::Least)?;
        least.push(ninja.run()?.usage);
        check_files(&ninja)?;
    }
    show(&ninja, &scenarios, [&first, &least], results);
    starts(surroundings, results)
}

fn scenarios() -> Vec<Scenario> {
    let all = SHAPE.steps();
    let scenario = |what, change, executed, goal: Option<f64>| Scenario {
        what,
        change,
        executed,
        goal: goal.map(Goal),
        runs: [Vec::new(), Vec::new()],
    };
    vec![
        scenario("cold", Change::Afresh, [all, all], Some(1.0)),
        scenario("no-op after it", Change::Nothing, [0, 0], Some(2.0)),
        scenario("no-op again", Change::Nothing, [0, 0], Some(2.0)),
        scenario("a file of the last layer changed", Change::LastLayer, [1, 1], None),
        // The outputs of the three steps behind it are what they were, so Belljar stops there.
        scenario("a file of the first layer changed", Change::FirstLayer, [4, 100], None),
        scenario("outputs deleted", Change::NoOutputs, [0, all], None),
    ]
}

fn apply(change: Change, contestant: &mut dyn Contestant, salt: u32) -> Result<()> {
    match change {
        Change::Afresh => contestant.forget(),
        Change::Nothing => Ok(()),
        Change::LastLayer => contestant.tree().change(SHAPE.layers - 1, 0, 1 + salt),
        Change::FirstLayer => contestant.tree().change(0, 0, 1 + salt),
        Change::NoOutputs => contestant.tree().remove_outputs(),
    }
}

/// Checks that a tree has the outputs that follow from its inputs.
fn check_files(contestant: &dyn Contestant) -> Result<()> {
    let tree = contestant.tree();
    for (layer, place) in SHAPE.each() {
        let (own, made) = (shape::own(layer, place), shape::made(layer, place));
        ensure!(tree.read(&made)? == tree.read(&own)?, "{made} is not what it must be");
    }
    Ok(())
}

/// Checks that two trees have the same outputs.
fn check_equal([one, other]: &[Box<dyn Contestant>; 2]) -> Result<()> {
    for (layer, place) in SHAPE.each() {
        let made = shape::made(layer, place);
        let same = one.tree().read(&made)? == other.tree().read(&made)?;
        ensure!(same, "{made} is not the same for both");
    }
    Ok(())
}

fn show(ninja: &str, scenarios: &[Scenario], more: [&[Usage]; 2], results: &mut Results) {
    let [first, least] = more;
    results.versus_table(&format!("Beside ninja {ninja}"), NOTE);
    for Scenario { what, goal, runs: [ours, theirs], .. } in scenarios {
        let walls = [wall(ours), wall(theirs)];
        results.versus(&format!("{what}: wall"), Unit::Time, walls, *goal);
        results.versus(&format!("{what}: CPU"), Unit::Time, [cpu(ours), cpu(theirs)], None);
        let memories = [memory(ours), memory(theirs)];
        results.versus(&format!("{what}: memory"), Unit::Memory, memories, None);
    }
    let cold = &scenarios[0].runs[0];
    let walls = [wall(cold), wall(least)];
    results.versus("cold, and ninja's least work: wall", Unit::Time, walls, Some(Goal(1.0)));
    let cpus = [cpu(cold), cpu(least)];
    results.versus("cold, and ninja's least work: CPU", Unit::Time, cpus, None);
    let walls = [wall(first), wall(&scenarios[0].runs[1])];
    results.versus("the first run ever: wall", Unit::Time, walls, None);
    results.remark(
        "*Cold* has no records and no outputs, but the plugin's machine code; *the first run \
         ever* compiles the plugin as well. *Ninja's least work* makes the same files with one \
         `cat` of one file, without reading what a step needs. After a change in the first layer \
         Belljar executes 4 steps and ninja 100, because the outputs of the second layer stay \
         the same. Deleted outputs are restored by Belljar and made again by ninja.",
    );
}

fn starts(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    let mut walls = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        for (program, walls) in
            [surroundings.belljar.as_path(), "ninja".as_ref()].iter().zip(&mut walls)
        {
            let mut command = std::process::Command::new(program);
            command.arg("--version");
            walls.push(crate::process::run(&command)?.0.wall);
        }
    }
    let [ours, theirs] = walls.map(Sample::of);
    results.table("Start-up", "From starting the process to its end, for `--version`.");
    results.row("belljar --version", Unit::Time, &ours, Some(Goal(0.010)));
    results.row("ninja --version", Unit::Time, &theirs, None);
    Ok(())
}

fn wall(usages: &[Usage]) -> Sample {
    Sample::of(usages.iter().map(|usage| usage.wall).collect())
}

fn cpu(usages: &[Usage]) -> Sample {
    Sample::of(usages.iter().map(|usage| usage.cpu).collect())
}

fn memory(usages: &[Usage]) -> Sample {
    Sample::of(usages.iter().map(|usage| usage.memory).collect())
}
