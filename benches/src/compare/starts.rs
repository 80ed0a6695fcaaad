//! Starts: what it takes to start a program that does nothing else.

use std::process::Command;

use anyhow::Result;

use super::contestant::Kind;
use super::race::Around;
use crate::process;
use crate::results::{Goal, Results, Unit};
use crate::sample::Sample;

/// How often each program is started.
const STARTS: usize = 21;

/// Starts every program for its version.
pub(super) fn measure(around: &Around<'_>, results: &mut Results) -> Result<()> {
    let program = |kind: Kind| match kind {
        Kind::Belljar => Some(Command::new(&around.surroundings.belljar)),
        other => around.peers.program(other).filter(|_| around.arguments.has(other)),
    };
    let mut walls: Vec<_> =
        Kind::ALL.into_iter().filter_map(|kind| Some((kind, program(kind)?, Vec::new()))).collect();
    for _ in 0..STARTS {
        for (_, command, walls) in &mut walls {
            let mut once = Command::new(command.get_program());
            walls.push(process::run(once.arg("--version"))?.0.wall);
        }
    }
    let walls: Vec<_> =
        walls.into_iter().map(|(kind, _, walls)| (kind, Sample::of(walls))).collect();
    results.table("Start-up", "From starting the process to its end, for `--version`, in turn.");
    for (kind, wall) in &walls {
        let goal = (*kind == Kind::Belljar).then_some(Goal(0.010));
        results.row(&format!("{} --version", kind.name()), Unit::Time, wall, goal);
    }
    let of = |kind| walls.iter().find(|(one, _)| *one == kind).map(|(_, wall)| wall);
    if let Some(ours) = of(Kind::Belljar) {
        results.goals.reach("start", ours.median);
        if let Some(ninja) = of(Kind::Ninja) {
            results.goals.reach("start-ninja", ours.over(ninja));
        }
    }
    Ok(())
}
