//! Whole runs of the program beside others: the same graph, the same bytes, in turn.

mod belljar;
mod commands;
mod contestant;
mod growth;
mod moon;
mod native;
mod peers;
mod race;
mod shape;
mod show;
mod starts;
mod tree;
mod turbo;
mod written;

use std::thread;

use anyhow::Result;

use crate::arguments::Arguments;
use crate::results::{Results, Unit, show as shown, thousands};
use crate::surroundings::Surroundings;
pub(crate) use belljar::{Belljar, Sync};
pub(crate) use contestant::{Contestant, Kind, Left};
use growth::Growth;
use peers::Peers;
use race::{Around, Change, Outcome, Race, Scenario};
pub(crate) use shape::{Form, Shape};
pub(crate) use written::pipeline;

const NOTE: &str = "Every step reads a file of 4 KiB and what the steps that it needs have made, and \
    writes the first 4 KiB of all that: as a pure step the guest `copy_all` in a sandbox each, and \
    for all others `cat FILES | head -c 4096 > FILE`. All start as many steps at once as they do by \
    themselves; make as many as ninja, which is two more than there are processors. Telemetry is \
    off, no daemon runs, and nobody has a cache elsewhere. Turbo would start each script with npm, \
    which takes a fifth of a second; here it finds a stand-in of two lines under that name. Turbo \
    and moon have a git repository with one commit, as one of them must and the other is faster \
    with it. After each run it is checked that every output follows from the inputs, that the \
    outputs of all are equal, and that just those steps were executed that had to be. Before each \
    run `sync` writes back what others left. *Wall* is the median; *user + sys* is the median of \
    all processes of a run, *memory* that of the largest process. moon takes part in two rounds \
    only, since one takes longer than all that others do.";

const LAYERS: &str = "The steps of the first layer need none, and each other one needs three of the \
    layer before. *Cold* has no records and no outputs, but the machine code of plugins; *the first \
    run ever* compiles these as well. *Ninja, least work* makes the same files with one `cat` of \
    one file, without reading what a step needs. After a change in the first layer those that stop \
    where an output is what it was execute 4 steps, and others 100. Ninja and make have nothing to \
    restore outputs from and make them again.";

const FANS: &str = "Ten steps need none, and each of 990 others needs one of them. The file of its \
    own is only 2 KiB, so half of what it writes is what it needs, and one change really changes \
    100 outputs: everyone executes 100 steps.";

const CHAIN: &str = "Each step needs the one before, so nothing can be done at once.";

const EVERYONE: &[Kind] = &Kind::ALL;
const ALL_BUT_LEAST: &[Kind] =
    &[Kind::Belljar, Kind::InT2, Kind::InT1, Kind::Ninja, Kind::Make, Kind::Turbo, Kind::Moon];
const QUICK: &[Kind] = &[Kind::Belljar, Kind::Ninja, Kind::Make, Kind::Turbo];
const FILES: &[Kind] = &[Kind::Belljar, Kind::Ninja, Kind::Make];
const BOTH: &[Kind] = &[Kind::Belljar, Kind::Ninja];
const OURS: &[Kind] = &[Kind::Belljar];

const fn scenario(what: &'static str, change: Change, who: &'static [Kind]) -> Scenario {
    Scenario { what, change, who }
}

/// Compares.
///
/// # Errors
/// When a run of Belljar fails, or a run did something else than it had to.
pub(crate) fn measure(
    surroundings: &Surroundings,
    arguments: &Arguments,
    results: &mut Results,
) -> Result<()> {
    let peers = Peers::prepare(&surroundings.scratch)?;
    peers.tell(results);
    let around = Around { arguments, surroundings, peers: &peers };
    let mut growth = Growth::default();
    results.chapter("Beside others", NOTE);
    // For a quick look, everyone can do less.
    let steps = arguments.steps.filter(|steps| *steps < 10_000).unwrap_or(1000);
    if arguments.has_size(steps) {
        growth.take(steps, layers(&around, steps, results)?);
        fans(&around, steps, results)?;
        chain(&around, steps, results)?;
    }
    if arguments.has_size(10_000) {
        growth.take(10_000, large(&around, results)?);
    }
    growth::measure(&around, growth, results)?;
    starts::measure(&around, results)
}

fn layers(around: &Around<'_>, steps: u32, results: &mut Results) -> Result<Outcome> {
    let race = Race {
        shape: Shape::new(Form::Layered, steps),
        scenarios: vec![
            scenario("the first run ever", Change::Never, OURS),
            scenario("cold", Change::Afresh, EVERYONE),
            scenario("no-op", Change::Nothing, ALL_BUT_LEAST),
            scenario("one leaf changed", Change::Leaf, ALL_BUT_LEAST),
            scenario("outputs deleted", Change::NoOutputs, ALL_BUT_LEAST),
            scenario("a file of the first layer changed", Change::First, FILES),
        ],
        rounds: around.arguments.rounds,
    };
    results.chapter(&format!("{} steps in 10 layers", thousands(steps)), LAYERS);
    let outcome = race.run(around)?;
    show::tables(&race, &outcome, results);
    if steps == 1000 {
        reach_of_layers(&race, &outcome, results);
    }
    Ok(outcome)
}

/// The goals are for this very number of steps.
fn reach_of_layers(race: &Race, outcome: &Outcome, results: &mut Results) {
    for (id, change, peer) in [
        ("cold-1000", Change::Afresh, Kind::Ninja),
        ("cold-moon", Change::Afresh, Kind::Moon),
        ("no-op-1000", Change::Nothing, Kind::Ninja),
        ("leaf-1000", Change::Leaf, Kind::Ninja),
        ("restore", Change::NoOutputs, Kind::Turbo),
    ] {
        show::reach(id, outcome, change, peer, results);
    }
    for (id, kind) in [("t2", Kind::InT2), ("t1", Kind::InT1)] {
        overhead(id, outcome, kind, results);
    }
    memory("memory-1000", race, outcome, results);
}

/// What a step of `command` takes more than the same line takes in ninja: the difference of the
/// wall times, times the processors that worked, divided by the steps.
fn overhead(id: &'static str, outcome: &Outcome, kind: Kind, results: &mut Results) {
    let walls = outcome.wall(Change::Afresh, kind).zip(outcome.wall(Change::Afresh, Kind::Ninja));
    let processors = thread::available_parallelism().map_or(1, usize::from);
    match (walls, outcome.absent.get(&kind)) {
        (Some((ours, bare)), _) => {
            let processors = f64::from(u32::try_from(processors).unwrap_or(1));
            let more = (ours - bare) * processors / 1000.0;
            results.goals.reach(id, more);
            results.remark(&format!(
                "A step in {id} takes {} more than ninja's: the difference of the cold runs, times \
                 {processors} processors, divided by 1,000 steps.",
                shown(Unit::Time, more.max(0.0))
            ));
        }
        (None, Some(why)) => results.goals.miss(id, why),
        (None, None) => {}
    }
}

fn memory(id: &'static str, race: &Race, outcome: &Outcome, results: &mut Results) {
    // Compiling a plugin happens once for each machine, in a process with bounds of its own.
    let counts = |one: &&Scenario| one.change != Change::Never;
    let of = |one: &Scenario| outcome.memory(one.change, Kind::Belljar);
    let most = race.scenarios.iter().filter(counts).filter_map(of).fold(0.0, f64::max);
    results.goals.reach(id, most);
}

fn fans(around: &Around<'_>, steps: u32, results: &mut Results) -> Result<()> {
    let race = Race {
        shape: Shape::new(Form::Wide, steps),
        scenarios: vec![
            scenario("cold, wide", Change::Afresh, QUICK),
            scenario("a tenth re-run after one change", Change::First, QUICK),
        ],
        rounds: around.arguments.rounds,
    };
    results.chapter(&format!("{} steps in 10 fans", thousands(steps)), FANS);
    let outcome = race.run(around)?;
    show::tables(&race, &outcome, results);
    if steps == 1000 {
        show::reach("cascade", &outcome, Change::First, Kind::Ninja, results);
    }
    Ok(())
}

fn chain(around: &Around<'_>, steps: u32, results: &mut Results) -> Result<()> {
    let race = Race {
        shape: Shape::new(Form::Chain, steps),
        scenarios: vec![
            scenario("cold, a chain", Change::Afresh, FILES),
            scenario("no-op, a chain", Change::Nothing, FILES),
        ],
        rounds: around.arguments.rounds,
    };
    results.chapter(&format!("{} steps in a chain", thousands(steps)), CHAIN);
    let outcome = race.run(around)?;
    show::tables(&race, &outcome, results);
    Ok(())
}

fn large(around: &Around<'_>, results: &mut Results) -> Result<Outcome> {
    let race = Race {
        shape: Shape::new(Form::Layered, 10_000),
        scenarios: vec![
            scenario("cold", Change::Afresh, BOTH),
            scenario("no-op", Change::Nothing, BOTH),
            scenario("one leaf changed", Change::Leaf, BOTH),
        ],
        rounds: around.arguments.rounds,
    };
    results.chapter("10,000 steps in 10 layers", "The same with ten times as many in a layer.");
    let outcome = race.run(around)?;
    show::tables(&race, &outcome, results);
    for (id, change) in [
        ("cold-10000", Change::Afresh),
        ("no-op-10000", Change::Nothing),
        ("leaf-10000", Change::Leaf),
    ] {
        show::reach(id, &outcome, change, Kind::Ninja, results);
    }
    memory("memory-10000", &race, &outcome, results);
    Ok(outcome)
}
