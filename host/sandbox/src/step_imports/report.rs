//! `belljar:step/report`: findings, test cases and coverage.

use std::collections::BTreeMap;

use belljar_model::finding::{Coverage, Edit, TestStatus};
use belljar_model::{Fault, Finding, Severity, Span, TestCase};
use wasmtime::Result;

use crate::bindings::plugin::belljar::step::report as wit;
use crate::bindings::plugin::belljar::step::types::Attr;
use crate::fault;
use crate::state::State;
use belljar_model::text::{harmless, harmless_lines};

/// What a step has reported so far.
#[derive(Default)]
pub(crate) struct Reported {
    pub(crate) findings: Vec<Finding>,
    pub(crate) tests: Vec<TestCase>,
    pub(crate) coverage: Vec<Coverage>,
}

impl State {
    fn count_reports(&mut self, more: usize) -> Result<()> {
        let count = self.reported.findings.len() + self.reported.tests.len() + more;
        if count as u64 > self.limits.findings.value {
            let fault = fault::findings(&self.limits.findings);
            return self.end(fault);
        }
        Ok(())
    }

    fn span(&self, span: &wit::Span) -> std::result::Result<Span, Fault> {
        let file = Self::path(&span.file).ok_or_else(|| {
            self.misuse(&format!("reported the file `{}`, which is no path", span.file))
        })?;
        let wit::Span { start_line, start_col, end_line, end_col, .. } = *span;
        Ok(Span { file, start_line, start_col, end_line, end_col })
    }

    fn finding(&self, finding: wit::Finding) -> std::result::Result<Finding, Fault> {
        let edit =
            |edit: wit::Edit| Ok(Edit { at: self.span(&edit.at)?, replacement: edit.replacement });
        Ok(Finding {
            rule: harmless(&finding.rule),
            severity: match finding.severity {
                wit::Severity::Note => Severity::Note,
                wit::Severity::Warning => Severity::Warning,
                wit::Severity::Error => Severity::Error,
            },
            message: harmless_lines(&finding.message),
            at: finding.at.map(|span| self.span(&span)).transpose()?,
            fixes: finding.fixes.into_iter().map(edit).collect::<std::result::Result<_, _>>()?,
            attrs: attrs(finding.attrs),
        })
    }

    fn test(&self, test: wit::TestCase) -> std::result::Result<TestCase, Fault> {
        Ok(TestCase {
            suite: harmless(&test.suite),
            name: harmless(&test.name),
            status: match test.status {
                wit::TestStatus::Passed => TestStatus::Passed,
                wit::TestStatus::Failed => TestStatus::Failed,
                wit::TestStatus::Skipped => TestStatus::Skipped,
                wit::TestStatus::Errored => TestStatus::Errored,
            },
            duration_us: test.duration_us,
            message: harmless_lines(&test.message),
            at: test.at.map(|span| self.span(&span)).transpose()?,
            attrs: attrs(test.attrs),
        })
    }
}

impl wit::Host for State {
    fn findings(&mut self, batch: Vec<wit::Finding>) -> Result<()> {
        self.count_reports(batch.len())?;
        for finding in batch {
            let finding = self.finding(finding);
            let finding = self.or_end(finding)?;
            self.reported.findings.push(finding);
        }
        Ok(())
    }

    fn tests(&mut self, batch: Vec<wit::TestCase>) -> Result<()> {
        self.count_reports(batch.len())?;
        for test in batch {
            let test = self.test(test);
            let test = self.or_end(test)?;
            self.reported.tests.push(test);
        }
        Ok(())
    }

    fn coverage(&mut self, format: String, data: Vec<u8>) -> Result<()> {
        if !matches!(format.as_str(), "lcov" | "cobertura") {
            let what = format!("reported coverage as `{format}`; known are `lcov` and `cobertura`");
            let fault = self.misuse(&what);
            return self.end(fault);
        }
        let charged = self.vfs.layer.charge(data.len() as u64);
        self.or_end(charged)?;
        let report = self.vfs.store().put(&data);
        let report = self.or_end(report)?;
        self.reported.coverage.push(Coverage { format, report });
        Ok(())
    }
}

/// The last value of each name.
pub(crate) fn attrs(attrs: Vec<Attr>) -> BTreeMap<String, String> {
    attrs.into_iter().map(|Attr { key, value }| (key, value)).collect()
}
