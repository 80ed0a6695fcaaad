//! Results: rows with goals, printed as they come and kept as a page.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::goals::{Goals, Lines};
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
    head: String,
    versions: Vec<String>,
    page: String,
    missed: Vec<String>,
    absent: Vec<String>,
    /// The table that the page begins with.
    pub(crate) goals: Goals,
}

impl Results {
    /// Begins the page.
    pub(crate) fn start(machine: &str, date: Option<&str>) -> Self {
        let when = date.map_or_else(String::new, |date| format!("{date}; "));
        let head = format!(
            "# Results\n\nWritten by `cargo xtask bench`; \
             [docs/performance.md](../docs/performance.md) says how to read it.\n\n\
             {when}{machine}; load at the start {}.",
            machine::load()
        );
        say(&head);
        Self {
            head,
            versions: Vec::new(),
            page: String::new(),
            missed: Vec::new(),
            absent: Vec::new(),
            goals: Goals::default(),
        }
    }

    /// Adds a program that was measured, with its version.
    pub(crate) fn version(&mut self, program: &str) {
        if !self.versions.iter().any(|known| known == program) {
            self.versions.push(program.to_owned());
        }
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

    /// Adds what this machine cannot measure, and why, to a table of six columns.
    pub(crate) fn absent(&mut self, what: &str, why: &str) {
        self.absent.push(what.to_owned());
        let why = why.replace('|', "/");
        self.line(&format!("| {what} | not measured: {why} | | | | |"));
    }

    /// Begins a chapter, whose tables have titles of their own.
    pub(crate) fn chapter(&mut self, title: &str, note: &str) {
        self.line(&format!("\n## {title}\n\n{note}"));
    }

    /// Adds a table within a chapter.
    pub(crate) fn columns(&mut self, title: &str, head: &[&str]) {
        let rule: String = head.iter().skip(1).map(|_| "--:|").collect();
        self.line(&format!("\n### {title}\n\n| {} |\n|---|{rule}", head.join(" | ")));
    }

    /// Adds a row of any cells.
    pub(crate) fn cells(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ").trim_end()));
    }

    /// Adds a sentence after a table.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.line(&format!("\n{remark}"));
    }

    /// Prints the goals that were measured.
    pub(crate) fn show_goals(&self) {
        if self.goals.count() > 0 {
            say(&format!("\n## Goals\n\n{}\n{}", self.goals.table(Lines::Reached), self.sum()));
        }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(self, place: &Path) -> Result<()> {
        let page = format!(
            "{} {}\n\n{}\n\n## Goals\n\nEvery figure is explained below. A ratio is of medians that \
             were measured in turn, in one run.\n\n{}\n{}\n{}",
            self.head,
            format_args!("At the end {}.", machine::load()),
            self.beside(),
            self.goals.table(Lines::All),
            self.sum(),
            self.page
        );
        std::fs::write(place, page).with_context(|| format!("cannot write {}", place.display()))
    }

    fn beside(&self) -> String {
        format!("Measured: {}.", self.versions.join(", "))
    }

    /// What was met, in words.
    fn sum(&self) -> String {
        let mut text = self.goals.sum();
        if !self.missed.is_empty() {
            let _ = write!(text, " Missed in other tables: {}.", self.missed.join("; "));
        }
        if !self.absent.is_empty() {
            let _ = write!(text, " Not measured: {}.", self.absent.join("; "));
        }
        text
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

/// A number with its unit, as one reads it.
pub(crate) fn show(unit: Unit, value: f64) -> String {
    match unit {
        _ if value < 0.0 => format!("-{}", show(unit, -value)),
        Unit::Memory => format!("{value:.1} MiB"),
        Unit::Time if value < 1e-6 => format!("{:.0} ns", value * 1e9),
        Unit::Time if value < 1e-3 => format!("{:.1} us", value * 1e6),
        Unit::Time if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Unit::Time => format!("{value:.2} s"),
    }
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn say(line: &str) {
    // Whoever closed our stdout does not want to read on; the page is still written.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Says what went wrong, or what is done that takes a while.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_what_fits() {
        for (seconds, text) in [
            (45e-9, "45 ns"),
            (-3e-4, "-300.0 us"),
            (3e-4, "300.0 us"),
            (0.01, "10.0 ms"),
            (2.0, "2.00 s"),
        ] {
            assert_eq!(show(Unit::Time, seconds), text);
        }
    }

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(7, "7"), (100, "100"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn what_missed_its_goal_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("page.md");
        let mut results = Results::start("a machine", None);
        results.version("ninja 1.11");
        results.table("Table", "A note.");
        results.ratio("fast", 1.0, Some(Goal(1.0)));
        results.ratio("slow", 1.1, Some(Goal(1.0)));
        results.absent("far", "there is no road");
        results.goals.reach("restore", 0.2);
        results.write(&place).unwrap();
        let page = std::fs::read_to_string(place).unwrap();
        assert!(page.contains("| slow | 1.10x | | | <= 1.00x | **missed** |"), "{page}");
        assert!(page.contains("| far | not measured: there is no road |"), "{page}");
        assert!(page.contains("Missed in other tables: slow. Not measured: far."), "{page}");
        let goals = page.find("| <= 0.33x turbo | 0.20x turbo | met |").unwrap();
        assert!(goals < page.find("## Table").unwrap(), "the goals come first");
    }
}
