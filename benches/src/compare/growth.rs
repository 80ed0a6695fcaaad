//! Growth: what time and memory do when there are ten times as many steps.

use anyhow::Result;

use super::contestant::Kind;
use super::race::{Around, Change, Outcome, Race};
use super::shape::{Form, Shape};
use super::{BOTH, scenario, show};
use crate::results::{Results, Unit, show as shown, thousands};

/// The sizes, in steps.
const SIZES: [u32; 4] = [100, 1000, 10_000, 100_000];

/// The size that is too large to be measured more than once.
const ONCE: u32 = 100_000;

const NOTE: &str = "The same graph in 10 layers, in four sizes; the largest was measured once. \
    *Each* is the time divided by the steps. *Memory* is that of the largest process.";

const HEAD: [&str; 8] =
    ["steps", "cold", "each", "no-op", "each", "memory cold", "memory no-op", "ninja's no-op"];

/// What is known of some sizes.
#[derive(Default)]
pub(super) struct Growth(Vec<(u32, Outcome)>);

impl Growth {
    /// Takes what another measurement found.
    pub(super) fn take(&mut self, steps: u32, outcome: Outcome) {
        self.0.push((steps, outcome));
    }

    fn outcome(&self, steps: u32) -> Option<&Outcome> {
        self.0.iter().find(|(size, _)| *size == steps).map(|(_, outcome)| outcome)
    }
}

/// Measures the sizes that are missing, and shows all of them.
pub(super) fn measure(
    around: &Around<'_>,
    mut growth: Growth,
    results: &mut Results,
) -> Result<()> {
    for steps in SIZES {
        if around.arguments.has_size(steps) && growth.outcome(steps).is_none() {
            let race = Race {
                shape: Shape::new(Form::Layered, steps),
                scenarios: vec![
                    scenario("cold", Change::Afresh, BOTH),
                    scenario("no-op", Change::Nothing, BOTH),
                ],
                rounds: if steps == ONCE { 1 } else { around.arguments.rounds },
            };
            growth.take(steps, race.run(around)?);
        }
    }
    results.chapter("Growth", NOTE);
    results.columns("Belljar, by the number of steps", &HEAD);
    growth.0.sort_by_key(|(steps, _)| *steps);
    for (steps, outcome) in &growth.0 {
        results.cells(&row(*steps, outcome));
    }
    reach(&growth, results);
    Ok(())
}

fn row(steps: u32, outcome: &Outcome) -> Vec<String> {
    let time = |change, by: f64| {
        let wall = outcome.wall(change, Kind::Belljar);
        wall.map_or_else(String::new, |wall| shown(Unit::Time, wall / by))
    };
    let memory = |change| {
        let memory = outcome.memory(change, Kind::Belljar);
        memory.map_or_else(String::new, |memory| shown(Unit::Memory, memory))
    };
    let ninja = outcome.wall(Change::Nothing, Kind::Ninja);
    let ratio = outcome.wall(Change::Nothing, Kind::Belljar).zip(ninja);
    let beside = |(ours, theirs): (f64, f64)| {
        format!("{} ({})", shown(Unit::Time, theirs), show::times(ours / theirs))
    };
    vec![
        thousands(steps),
        time(Change::Afresh, 1.0),
        time(Change::Afresh, f64::from(steps)),
        time(Change::Nothing, 1.0),
        time(Change::Nothing, f64::from(steps)),
        memory(Change::Afresh),
        memory(Change::Nothing),
        ratio.map_or_else(String::new, beside),
    ]
}

/// Whether ten times as many steps take ten times as much.
fn reach(growth: &Growth, results: &mut Results) {
    let (Some(small), Some(large)) = (growth.outcome(ONCE / 10), growth.outcome(ONCE)) else {
        return;
    };
    let walls = [large, small].map(|outcome| outcome.wall(Change::Nothing, Kind::Belljar));
    if let [Some(large), Some(small)] = walls {
        results.goals.reach("grow-time", large / small / 10.0);
    }
    let memories = [large, small].map(|outcome| outcome.memory(Change::Nothing, Kind::Belljar));
    if let [Some(large), Some(small)] = memories {
        results.goals.reach("grow-memory", large / small / 10.0);
    }
}
