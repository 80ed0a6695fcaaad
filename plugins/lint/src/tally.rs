//! From remarks to findings, and from findings to a verdict.

use std::collections::BTreeSet;

use belljar_sdk::prelude::*;

use crate::config::{Config, Level};
use crate::source::Remark;

/// How many findings there were.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    files: usize,
    files_with_findings: BTreeSet<String>,
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl Tally {
    /// Starts to count, for so many files.
    pub(crate) fn new(files: usize) -> Self {
        Self { files, ..Self::default() }
    }

    /// Counts a finding in a file.
    pub(crate) fn count(&mut self, path: &str, severity: Severity) {
        if !self.files_with_findings.contains(path) {
            self.files_with_findings.insert(path.to_owned());
        }
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
    }

    /// Ends the step: it fails if anything must be mended.
    ///
    /// # Errors
    /// `lint-errors` if there was an error.
    pub(crate) fn verdict(&self) -> StepResult {
        let found = self.findings();
        if self.errors > 0 {
            let files = amount(self.files_with_findings.len(), "file");
            return Err(StepError::failed("lint-errors", format!("{found} in {files}")));
        }
        let files = amount(self.files, "file");
        Ok(Outcome::new(if found.is_empty() { files } else { format!("{files}, {found}") }))
    }

    fn findings(&self) -> String {
        let counts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let named = counts.iter().filter(|(count, _)| *count > 0);
        named.map(|(count, name)| amount(*count, name)).collect::<Vec<_>>().join(", ")
    }
}

/// Makes a remark a finding, or nothing if its rule is off.
pub(crate) fn finding(config: &Config, source: &Source<'_>, remark: Remark) -> Option<Finding> {
    let severity = match config.rules.level(remark.rule) {
        Level::Off => return None,
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    // A remark about a whole file points at its start, which every file has.
    let at = source.span(remark.range.unwrap_or(0..0));
    let mut finding = Finding::new(severity, remark.rule.name(), remark.message).at(at);
    for fix in remark.fixes {
        finding = finding.fix(source.span(fix.range), fix.replacement);
    }
    Some(match remark.help {
        Some(help) => finding.attr("help", help),
        None => finding,
    })
}

fn amount(count: usize, name: &str) -> String {
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_what_was_found() {
        let mut tally = Tally::new(57);
        let passed = |tally: &Tally| tally.verdict().map(|outcome| outcome.summary);
        assert_eq!(passed(&tally), Ok("57 files".to_owned()));
        tally.count("a", Severity::Warning);
        assert_eq!(passed(&tally), Ok("57 files, 1 warning".to_owned()));
        tally.count("a", Severity::Error);
        tally.count("b", Severity::Error);
        tally.count("b", Severity::Note);
        let error = StepError::failed("lint-errors", "2 errors, 1 warning, 1 note in 2 files");
        assert_eq!(passed(&tally), Err(error));
    }
}
