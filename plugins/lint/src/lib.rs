//! Checks the files of a tree: syntax, spelling, committed conflicts and secrets.
//!
//! declared inputs → [`Checker`] → remarks of each rule → findings
//!
//! **Invariant:** nothing here writes, and nothing is read but declared inputs.
//! **Invariant:** a file is read only if a rule that is on must see its content.
//! **Invariant:** no file can make the plugin trap: what nests too deeply is not parsed.

mod check;
mod config;
mod file_kind;
mod rule;
mod rules;
mod source;
#[cfg(test)]
mod step_tests;
mod tally;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use belljar_sdk::prelude::*;
use belljar_sdk::{Inputs, Kind};

use crate::check::{Checker, Prose};
pub use crate::config::{Config, Level, RuleLevels, Spelling};
use crate::rule::Rule;
use crate::rules::{encoding, size};
use crate::source::Remark;
use crate::tally::{Tally, finding};

/// Larger files are not looked into, so that one file cannot exhaust the memory.
const MAX_CONTENT: u64 = 8 * 1024 * 1024;

/// Checks the declared files.
///
/// # Errors
/// `lint-errors` if there is a finding of level error.
#[belljar_sdk::step(docs = include_str!("../README.md"))]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    let inputs = cx.inputs();
    let found = inputs.glob_except(&config.files, &config.except);
    // The target of a symbolic link is checked under its own name.
    let paths: Vec<String> =
        found.into_iter().filter(|it| it.kind == Kind::File).map(|it| it.path).collect();
    let checker = Checker::new(config);
    let config = checker.config();
    let mut tally = Tally::new(paths.len());
    let mut wanted = Vec::new();
    for path in paths {
        cx.check_cancelled()?;
        let needs_content = checker.needs_content(&path);
        if !needs_content && !config.rules.is_on(Rule::FileSize) {
            continue;
        }
        let size = inputs.stat(&path)?.size;
        let remark = size::check(size, config.max_size);
        let mut report = Report { cx, tally: &mut tally, config, path: &path };
        report.add("", remark);
        if needs_content && size <= MAX_CONTENT {
            wanted.push(path);
        }
    }
    let unspelled = unspelled(&inputs, config);
    for (path, bytes) in inputs.read_many(wanted) {
        cx.check_cancelled()?;
        let bytes = bytes?;
        let prose = if unspelled.contains(&path) { Prose::Ignored } else { Prose::Spelled };
        let remarks = checker.check(&path, &bytes, prose);
        if !remarks.is_empty() {
            let mut report = Report { cx, tally: &mut tally, config, path: &path };
            report.add(encoding::valid_start(&bytes), remarks);
        }
    }
    tally.verdict()
}

/// Returns the files whose spelling does not matter.
fn unspelled(inputs: &Inputs, config: &Config) -> BTreeSet<String> {
    if config.spelling.except.is_empty() || !config.rules.is_on(Rule::Spelling) {
        return BTreeSet::new();
    }
    inputs.glob(&config.spelling.except).into_iter().map(|found| found.path).collect()
}

/// Where the remarks about one file go.
struct Report<'a> {
    cx: &'a mut Cx,
    tally: &'a mut Tally,
    config: &'a Config,
    path: &'a str,
}

impl Report<'_> {
    /// Reports remarks whose ranges lie in `text`.
    fn add(&mut self, text: &str, remarks: impl IntoIterator<Item = Remark>) {
        let source = Source::new(self.path, text);
        for finding in remarks.into_iter().filter_map(|it| finding(self.config, &source, it)) {
            self.tally.count(self.path, finding.severity);
            self.cx.finding(finding);
        }
    }
}
