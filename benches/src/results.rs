//! Results: rows with goals, printed as they come and kept as a page.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::machine;
use crate::sample::Sample;

/// What a number is measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    /// Seconds, shown in whatever fits.
    Time,
    /// Mebibytes.
    Memory,
}

/// What a number should be at most, in its own unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal(pub(crate) f64);

/// Everything that was measured so far.
pub(crate) struct Results {
    page: String,
    missed: Vec<String>,
    absent: Vec<String>,
}

impl Results {
    /// Begins the page.
    pub(crate) fn start(machine: &str, date: Option<&str>) -> Self {
        let mut page = "# Results\n\nWritten by `cargo xtask bench`; \
             [docs/performance.md](../docs/performance.md) says how to read it.\n\n"
            .to_owned();
        let when = date.map_or_else(String::new, |date| format!("{date}; "));
        let _ = writeln!(page, "{when}{machine}; load at the start {}.", machine::load());
        say(&page);
        Self { page, missed: Vec::new(), absent: Vec::new() }
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, title: &str, note: &str) {
        let head = "| what | median | lowest | highest | goal | |\n|---|--:|--:|--:|--:|---|";
        self.line(&format!("\n## {title}\n\n{note}\n\n{head}"));
    }

    /// Adds what was measured.
    pub(crate) fn row(&mut self, what: &str, unit: Unit, sample: &Sample, goal: Option<Goal>) {
        let verdict = self.verdict(what, sample.median, goal);
        let [median, min, max] = [sample.median, sample.min, sample.max].map(|n| show(unit, n));
        let goal = goal.map_or_else(String::new, |goal| format!("<= {}", show(unit, goal.0)));
        self.line(&format!("| {what} | {median} | {min} | {max} | {goal} | {verdict} |"));
    }

    /// Adds how many times one thing is another.
    pub(crate) fn ratio(&mut self, what: &str, ratio: f64, goal: Option<Goal>) {
        let verdict = self.verdict(what, ratio, goal);
        let goal = goal.map_or_else(String::new, |goal| format!("<= {:.2}x", goal.0));
        self.line(&format!("| {what} | {ratio:.2}x | | | {goal} | {verdict} |"));
    }

    /// Adds what this machine cannot measure, and why.
    pub(crate) fn absent(&mut self, what: &str, why: &str) {
        self.absent.push(what.to_owned());
        let why = why.replace('|', "/");
        self.line(&format!("| {what} | not measured: {why} | | | | |"));
    }

    /// Begins a table that compares two programs.
    pub(crate) fn versus_table(&mut self, title: &str, note: &str) {
        let head = "| what | belljar | ninja | ratio | goal | |\n|---|--:|--:|--:|--:|---|";
        self.line(&format!("\n## {title}\n\n{note}\n\n{head}"));
    }

    /// Adds what two programs took; the goal is for the ratio of the medians.
    pub(crate) fn versus(
        &mut self,
        what: &str,
        unit: Unit,
        samples: [Sample; 2],
        goal: Option<Goal>,
    ) {
        let ratio = samples[0].over(&samples[1]);
        let verdict = self.verdict(what, ratio, goal);
        let [ours, theirs] = samples.map(|Sample { median, min, max }| {
            let [median, min, max] = [median, min, max].map(|value| show(unit, value));
            format!("{median} ({min} … {max})")
        });
        let goal = goal.map_or_else(String::new, |goal| format!("<= {:.2}x", goal.0));
        self.line(&format!("| {what} | {ours} | {theirs} | {ratio:.2}x | {goal} | {verdict} |"));
    }

    /// Adds a sentence after a table.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.line(&format!("\n{remark}"));
    }

    /// Writes the page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(mut self, place: &Path) -> Result<()> {
        let closing = if self.missed.is_empty() {
            "Every goal was met.".to_owned()
        } else {
            format!("Missed: {}.", self.missed.join("; "))
        };
        let absent = match self.absent.as_slice() {
            [] => String::new(),
            absent => format!(" Not measured: {}.", absent.join("; ")),
        };
        self.line(&format!(
            "\n## Goals\n\n{closing}{absent} Load at the end: {}.",
            machine::load()
        ));
        std::fs::write(place, &self.page)
            .with_context(|| format!("cannot write {}", place.display()))
    }

    fn verdict(&mut self, what: &str, value: f64, goal: Option<Goal>) -> &'static str {
        match goal {
            None => "",
            Some(goal) if value <= goal.0 => "met",
            Some(_) => {
                self.missed.push(what.to_owned());
                "**missed**"
            }
        }
    }

    fn line(&mut self, line: &str) {
        say(line);
        self.page.push_str(line);
        self.page.push('\n');
    }
}

fn show(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Memory => format!("{value:.1} MiB"),
        Unit::Time if value < 1e-6 => format!("{:.0} ns", value * 1e9),
        Unit::Time if value < 1e-3 => format!("{:.1} us", value * 1e6),
        Unit::Time if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Unit::Time => format!("{value:.2} s"),
    }
}

fn say(line: &str) {
    // Whoever closed our stdout does not want to read on; the page is still written.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Says what went wrong.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_what_fits() {
        for (seconds, text) in
            [(45e-9, "45 ns"), (3e-4, "300.0 us"), (0.01, "10.0 ms"), (2.0, "2.00 s")]
        {
            assert_eq!(show(Unit::Time, seconds), text);
        }
    }

    #[test]
    fn what_missed_its_goal_is_named_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("page.md");
        let mut results = Results::start("a machine", None);
        results.table("Table", "A note.");
        results.ratio("fast", 1.0, Some(Goal(1.0)));
        results.ratio("slow", 1.1, Some(Goal(1.0)));
        results.absent("far", "there is no road");
        results.write(&place).unwrap();
        let page = std::fs::read_to_string(place).unwrap();
        assert!(page.contains("| slow | 1.10x | | | <= 1.00x | **missed** |"), "{page}");
        assert!(page.contains("| far | not measured: there is no road |"), "{page}");
        assert!(page.contains("Missed: slow. Not measured: far."), "{page}");
    }
}
