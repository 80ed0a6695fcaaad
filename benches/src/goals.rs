//! Goals: what each kind of work may take, and what it took.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::results::{Unit, show};

/// What a goal is counted in.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// How many times that of somebody else.
    Times(&'static str),
    /// A quantity of its own.
    Of(Unit),
    /// A share in percent.
    Percent,
}

/// One line of the table.
struct Line {
    /// What measurements call it.
    id: &'static str,
    /// The kind of work.
    work: &'static str,
    measure: Measure,
    /// The most that it should take.
    most: f64,
}

const fn line(id: &'static str, work: &'static str, measure: Measure, most: f64) -> Line {
    Line { id, work, measure, most }
}

const NINJA: Measure = Measure::Times("ninja");
const TIME: Measure = Measure::Of(Unit::Time);
const MEMORY: Measure = Measure::Of(Unit::Memory);

/// How fast it should be.
const SPEED: &[Line] = &[
    line("cold-1000", "cold, 1,000 pure steps, layered", NINJA, 0.2),
    line("cold-moon", "the same", Measure::Times("moon"), 1.0 / 30.0),
    line("cold-10000", "cold, 10,000 pure steps", NINJA, 0.2),
    line("cascade", "100 of 1,000 steps re-run after one change", NINJA, 1.0 / 3.0),
    line("no-op-1000", "no-op, 1,000 steps", NINJA, 1.0),
    line("no-op-10000", "no-op, 10,000 steps", NINJA, 1.0),
    line("leaf-1000", "one leaf changed, 1,000 steps", NINJA, 1.5),
    line("leaf-10000", "one leaf changed, 10,000 steps", NINJA, 1.5),
    line("restore", "outputs deleted, restored, 1,000 steps", Measure::Times("turbo"), 1.0 / 3.0),
    line("t2", "cold, 1,000 `command` steps in t2: more than ninja, each step", TIME, 0.002),
    line("t1", "cold, 1,000 `command` steps in t1: more than ninja, each step", TIME, 0.025),
    line("sandbox", "pure step that does nothing: the sandbox", TIME, 60e-6),
    line("path", "pure step that does nothing: the whole path", TIME, 200e-6),
    line("observed-10", "observed hit, 10 Observations", TIME, 43e-6),
    line("observed-1000", "observed hit, 1,000 Observations", TIME, 340e-6),
    line("observed-10000", "observed hit, 10,000 Observations", TIME, 3.04e-3),
    line("files", "1,000 files of 4 KiB through `std::fs`", Measure::Times("native"), 2.0),
    line("memory-1000", "peak memory, 1,000 steps", MEMORY, 60.0),
    line("memory-10000", "peak memory, 10,000 steps", MEMORY, 150.0),
    line("grow-time", "no-op, 100,000 steps: time of a step", Measure::Times("at 10,000"), 1.25),
    line("grow-memory", "the same: memory of a step", Measure::Times("at 10,000"), 1.25),
    line("start", "start-up", TIME, 0.010),
    line("start-ninja", "the same", NINJA, 3.0),
];

/// What safety may cost.
const TRUST: &[Line] = &[
    line("worker", "a worker process, each pure step that does nothing", TIME, 40e-6),
    line("durable", "durability, of a run that writes 1,000 blobs", Measure::Percent, 15.0),
    line("verify", "verification of 1,000 hits with small outputs", TIME, 0.010),
    line("deadline", "how long a step goes on after its deadline", TIME, 0.200),
    line("hostile", "memory that 10,000 hostile calls leave behind", MEMORY, 20.0),
];

/// What was reached so far.
#[derive(Default)]
pub(crate) struct Goals {
    reached: BTreeMap<&'static str, f64>,
    absent: BTreeMap<&'static str, String>,
}

impl Goals {
    /// Takes a figure for the table.
    pub(crate) fn reach(&mut self, id: &'static str, value: f64) {
        debug_assert!(all().any(|line| line.id == id), "{id}");
        self.reached.insert(id, value);
    }

    /// Takes why there is no figure.
    pub(crate) fn miss(&mut self, id: &'static str, why: &str) {
        self.absent.insert(id, why.replace('|', "/"));
    }

    /// How many lines have a figure.
    pub(crate) fn count(&self) -> usize {
        self.reached.len()
    }

    /// The table, as Markdown. With `Lines::Reached`, of the lines that have a figure.
    pub(crate) fn table(&self, lines: Lines) -> String {
        let mut text = "| work | goal | measured | |\n|---|--:|--:|---|\n".to_owned();
        for line in all().filter(|line| lines == Lines::All || self.reached.contains_key(line.id)) {
            let goal = line.measure.show(line.most);
            let (measured, verdict) = match (self.reached.get(line.id), self.absent.get(line.id)) {
                (Some(value), _) => {
                    let verdict = if *value <= line.most { "met" } else { "**missed**" };
                    (line.measure.show(*value), verdict)
                }
                (None, Some(why)) => (format!("not measured: {why}"), ""),
                (None, None) => ("not measured".to_owned(), ""),
            };
            let _ = writeln!(text, "| {} | <= {goal} | {measured} | {verdict} |", line.work);
        }
        text
    }

    /// What was met of what was measured, in a sentence.
    pub(crate) fn sum(&self) -> String {
        let met = |line: &&Line| self.reached.get(line.id).is_some_and(|value| *value <= line.most);
        let (met, measured) = (all().filter(met).count(), self.count());
        match all().count() - measured {
            0 => format!("{met} of {measured} goals were met."),
            left => format!("{met} of {measured} goals were met; {left} were not measured."),
        }
    }
}

/// Which lines of the table are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lines {
    /// All that there are.
    All,
    /// Those that were measured.
    Reached,
}

fn all() -> impl Iterator<Item = &'static Line> {
    SPEED.iter().chain(TRUST)
}

impl Measure {
    fn show(self, value: f64) -> String {
        match self {
            Self::Times(whose) if value < 0.1 => format!("{value:.3}x {whose}"),
            Self::Times(whose) => format!("{value:.2}x {whose}"),
            Self::Of(unit) => show(unit, value),
            Self::Percent => format!("{value:.1} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_missed_or_said_to_be_unknown() {
        let mut goals = Goals::default();
        goals.reach("cold-1000", 0.25);
        goals.reach("start", 0.002);
        goals.miss("cold-moon", "moon is not installed");
        let table = goals.table(Lines::All);
        for row in [
            "| cold, 1,000 pure steps, layered | <= 0.20x ninja | 0.25x ninja | **missed** |",
            "| the same | <= 0.033x moon | not measured: moon is not installed |  |",
            "| start-up | <= 10.0 ms | 2.0 ms | met |",
            "| durability, of a run that writes 1,000 blobs | <= 15.0 % | not measured |  |",
        ] {
            assert!(table.contains(row), "{row}\n{table}");
        }
        assert_eq!(goals.table(Lines::Reached).lines().count(), 4);
        assert!(goals.sum().starts_with("1 of 2 goals were met; "), "{}", goals.sum());
    }

    #[test]
    fn no_two_goals_have_one_name() {
        let mut ids: Vec<_> = all().map(|line| line.id).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    }
}
