//! Race: several contestants do the same work in turn, and every run is checked.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::contestant::{Contestant, Kind, Left, enter};
use super::peers::Peers;
use super::shape::Shape;
use crate::arguments::Arguments;
use crate::process::Usage;
use crate::results::complain;
use crate::sample::Sample;
use crate::surroundings::Surroundings;

/// What is done to a tree before a measured run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Change {
    /// Nothing was ever run, and plugins were never compiled.
    Never,
    /// Nothing was ever run: no outputs, no records. Machine code of plugins is kept.
    Afresh,
    /// Nothing.
    Nothing,
    /// The file that only the last step reads, which nobody needs.
    Leaf,
    /// The file that only the first step reads.
    First,
    /// All outputs are deleted.
    NoOutputs,
}

/// One kind of run.
pub(super) struct Scenario {
    /// What it is called.
    pub(super) what: &'static str,
    pub(super) change: Change,
    /// Who of the race takes part.
    pub(super) who: &'static [Kind],
}

/// Scenarios in one order, on graphs of one shape.
pub(super) struct Race {
    pub(super) shape: Shape,
    pub(super) scenarios: Vec<Scenario>,
    pub(super) rounds: usize,
}

/// What it all needs.
pub(super) struct Around<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) surroundings: &'a Surroundings,
    pub(super) peers: &'a Peers,
}

/// What the runs of a race took.
#[derive(Default)]
pub(super) struct Outcome {
    usages: BTreeMap<(Change, Kind), Vec<Usage>>,
    /// Who did not take part, and why.
    pub(super) absent: BTreeMap<Kind, String>,
}

impl Outcome {
    /// What each round took.
    pub(super) fn usages(&self, change: Change, kind: Kind) -> &[Usage] {
        self.usages.get(&(change, kind)).map_or(&[], Vec::as_slice)
    }

    /// A quantity of all rounds, if there was any.
    pub(super) fn sample(
        &self,
        change: Change,
        kind: Kind,
        quantity: impl Fn(&Usage) -> f64,
    ) -> Option<Sample> {
        let usages = self.usages(change, kind);
        (!usages.is_empty()).then(|| Sample::of(usages.iter().map(quantity).collect()))
    }

    /// The median of the wall times in seconds.
    pub(super) fn wall(&self, change: Change, kind: Kind) -> Option<f64> {
        Some(self.sample(change, kind, |usage| usage.wall)?.median)
    }

    /// The median of the memory in mebibytes.
    pub(super) fn memory(&self, change: Change, kind: Kind) -> Option<f64> {
        Some(self.sample(change, kind, |usage| usage.memory)?.median)
    }
}

/// One who takes part.
struct Runner {
    kind: Kind,
    contestant: Box<dyn Contestant>,
}

impl Race {
    /// Everyone who takes part in any scenario and was asked for.
    fn who(&self, arguments: &Arguments) -> Vec<Kind> {
        let takes_part = |kind: &Kind| self.scenarios.iter().any(|one| one.who.contains(kind));
        Kind::ALL.into_iter().filter(|kind| takes_part(kind) && arguments.has(*kind)).collect()
    }

    /// Lets all of them run.
    ///
    /// # Errors
    /// When a run of Belljar fails, or anyone's outputs are not those of the others. Another
    /// program that fails drops out.
    pub(super) fn run(&self, around: &Around<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut field = Vec::new();
        for kind in self.who(around.arguments) {
            match enter(kind, self.shape, around.surroundings, around.peers)? {
                Ok(contestant) => field.push(Runner { kind, contestant }),
                Err(why) => drop(outcome.absent.insert(kind, why)),
            }
        }
        for round in 0..self.rounds {
            for scenario in &self.scenarios {
                complain(&format!(
                    "{} steps, round {} of {}: {}",
                    self.shape.steps(),
                    round + 1,
                    self.rounds,
                    scenario.what
                ));
                // Each round begins with another one.
                let by = usize::from(round > 0 && !field.is_empty());
                field.rotate_left(if scenario.change == self.scenarios[0].change { by } else { 0 });
                self.turn(scenario, round, &mut field, &mut outcome)?;
                field.retain(|runner| !outcome.absent.contains_key(&runner.kind));
            }
        }
        Ok(outcome)
    }

    /// One run of each.
    fn turn(
        &self,
        scenario: &Scenario,
        round: usize,
        field: &mut [Runner],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let mut outputs = BTreeMap::new();
        for Runner { kind, contestant } in field {
            if round >= kind.rounds(self.rounds) {
                continue;
            }
            self.edit(scenario.change, round, &**contestant)?;
            if !scenario.who.contains(kind) {
                continue;
            }
            clear(scenario.change, &mut **contestant)?;
            match self.run_one(scenario, *kind, &mut **contestant) {
                Ok(usage) => {
                    outcome.usages.entry((scenario.change, *kind)).or_default().push(usage);
                    outputs.insert(contestant.tree().check()?, *kind);
                }
                // A peer that cannot do the work is no reason to measure nothing.
                Err(why) if !kind.is_ours() => {
                    complain(&format!("{}: {why:#}", kind.name()));
                    let why = format!("{why:#}");
                    let first = why.lines().next().unwrap_or_default().to_owned();
                    outcome.absent.insert(*kind, format!("dropped out, {first}"));
                }
                Err(why) => return Err(why.context(format!("{}, {}", kind.name(), scenario.what))),
            }
        }
        ensure!(outputs.len() < 2, "{}: the outputs differ: {outputs:?}", scenario.what);
        Ok(())
    }

    /// Changes inputs. Also of those that do not run now, so that they have the same ones later.
    fn edit(&self, change: Change, round: usize, contestant: &dyn Contestant) -> Result<()> {
        let salt = u32::try_from(round)? + 1;
        match change {
            Change::Leaf => contestant.tree().change(self.shape.steps() - 1, salt),
            Change::First => contestant.tree().change(0, salt),
            Change::Never | Change::Afresh | Change::NoOutputs | Change::Nothing => Ok(()),
        }
    }

    fn run_one(
        &self,
        scenario: &Scenario,
        kind: Kind,
        contestant: &mut dyn Contestant,
    ) -> Result<Usage> {
        // What others have written is on the disk, so that nobody waits for it in another's place.
        Command::new("sync").status().context("sync cannot be started")?;
        let run = contestant.run()?;
        let expected = self.executed(scenario.change, kind);
        ensure!(
            run.executed == expected,
            "{} steps were executed instead of {expected}",
            run.executed
        );
        Ok(run.usage)
    }

    /// How many steps must be executed.
    fn executed(&self, change: Change, kind: Kind) -> u32 {
        match change {
            Change::Nothing => 0,
            Change::Leaf => 1,
            // In layers the outputs behind it are what they were.
            Change::First if kind.stops_early() => self.shape.beside_the_first(),
            Change::First => self.shape.behind_the_first(),
            Change::NoOutputs if kind.restores() => 0,
            Change::Never | Change::Afresh | Change::NoOutputs => self.shape.steps(),
        }
    }
}

/// Takes away what one who runs now must not have.
fn clear(change: Change, contestant: &mut dyn Contestant) -> Result<()> {
    match change {
        Change::Never => contestant.forget(Left::Nothing),
        Change::Afresh => contestant.forget(Left::Code),
        Change::NoOutputs => contestant.tree().remove_outputs(),
        Change::Leaf | Change::First | Change::Nothing => Ok(()),
    }
}
