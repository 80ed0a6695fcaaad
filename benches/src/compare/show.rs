//! Show: what a race took, as tables and as figures for the goals.

use super::contestant::Kind;
use super::race::{Change, Outcome, Race};
use crate::process::Usage;
use crate::results::{Results, Unit, show, thousands};
use crate::sample::Sample;

const HEAD: [&str; 7] =
    ["who", "wall", "lowest … highest", "user + sys", "memory", "belljar / it", "rounds"];

/// Adds a table for each scenario of a race.
pub(super) fn tables(race: &Race, outcome: &Outcome, results: &mut Results) {
    for scenario in &race.scenarios {
        let steps = thousands(race.shape.steps());
        results.columns(&format!("{}, {steps} steps", scenario.what), &HEAD);
        let ours = outcome.wall(scenario.change, Kind::Belljar);
        for kind in scenario.who {
            let usages = outcome.usages(scenario.change, *kind);
            if !usages.is_empty() {
                results.cells(&row(*kind, usages, ours));
            } else if let Some(why) = outcome.absent.get(kind) {
                let why = format!("not measured: {}", why.replace('|', "/"));
                let mut cells = vec![kind.shown().to_owned(), why];
                cells.resize(HEAD.len(), String::new());
                results.cells(&cells);
            }
        }
    }
}

fn row(kind: Kind, usages: &[Usage], ours: Option<f64>) -> Vec<String> {
    let sample = |quantity: fn(&Usage) -> f64| Sample::of(usages.iter().map(quantity).collect());
    let wall = sample(|usage| usage.wall);
    let [median, min, max] = [wall.median, wall.min, wall.max].map(|time| show(Unit::Time, time));
    let ratio = ours.filter(|_| kind != Kind::Belljar).map(|ours| ours / wall.median);
    vec![
        kind.shown().to_owned(),
        median,
        format!("{min} … {max}"),
        show(Unit::Time, sample(|usage| usage.cpu).median),
        show(Unit::Memory, sample(|usage| usage.memory).median),
        ratio.map_or_else(String::new, times),
        usages.len().to_string(),
    ]
}

/// How many times, as one reads it.
pub(super) fn times(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.3}x") } else { format!("{ratio:.2}x") }
}

/// Takes the ratio of two medians of wall time for a goal.
pub(super) fn reach(
    id: &'static str,
    outcome: &Outcome,
    change: Change,
    peer: Kind,
    results: &mut Results,
) {
    let walls = outcome.wall(change, Kind::Belljar).zip(outcome.wall(change, peer));
    match (walls, outcome.absent.get(&peer)) {
        (Some((ours, theirs)), _) => results.goals.reach(id, ours / theirs),
        (None, Some(why)) => results.goals.miss(id, &format!("{}: {why}", peer.name())),
        (None, None) => {}
    }
}
