//! Dispute: one Action, two results.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{TrustLevel, WriterKey};
use crate::action::ActionDigest;
use crate::action_result::{ActionResult, OutputFile, Verdict};
use crate::digest::Digest;
use crate::path::WorkspacePath;

/// Who said something that someone contradicts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Side {
    /// Who wrote the record.
    pub writer: WriterKey,
    /// What stands behind it.
    pub level: TrustLevel,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub at: u64,
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "writer {} at level {}", self.writer.short(), self.level)
    }
}

/// Two executions of one Action that had different results.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dispute {
    /// The Action.
    pub action: ActionDigest,
    /// Who wrote the earlier record.
    pub then: Side,
    /// Who wrote the later one.
    pub now: Side,
    /// In what they differ.
    pub contradictions: Vec<Contradiction>,
}

/// One thing in which two results of one Action differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contradiction {
    /// The verdict: `passed`, or `failed` with the plugin's code.
    Verdict(String, String),
    /// An output, and its content in either result; `None` where it was not made.
    Output(WorkspacePath, Option<Digest>, Option<Digest>),
    /// The executable bit of an output.
    Mode(WorkspacePath),
    /// What was found, by the number of findings.
    Findings(u64, u64),
    /// The tests or the coverage that were reported.
    Reports,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |digest: &Option<Digest>| match digest {
            Some(digest) => digest.to_string(),
            None => "not made".to_owned(),
        };
        match self {
            Self::Verdict(then, now) => write!(out, "verdict: {then} → {now}"),
            Self::Output(path, then, now) => write!(out, "{path}: {} → {}", side(then), side(now)),
            Self::Mode(path) => write!(out, "{path}: the executable bit differs"),
            Self::Findings(then, now) if then == now => {
                write!(out, "findings: {then}, and not the same ones")
            }
            Self::Findings(then, now) => write!(out, "findings: {then} → {now}"),
            Self::Reports => out.write_str("the reported tests or coverage differ"),
        }
    }
}

/// In what two results differ, as far as anything may depend on it. Costs, logs and summaries
/// do not count.
pub fn contradictions(then: &ActionResult, now: &ActionResult) -> Vec<Contradiction> {
    let mut found = Vec::new();
    if then.verdict != now.verdict {
        found.push(Contradiction::Verdict(verdict(&then.verdict), verdict(&now.verdict)));
    }
    let by_path = |result: &ActionResult| -> BTreeMap<WorkspacePath, OutputFile> {
        result.outputs.iter().map(|output| (output.path.clone(), output.clone())).collect()
    };
    let (old, new) = (by_path(then), by_path(now));
    for (path, output) in &old {
        match new.get(path) {
            Some(other) if other.digest != output.digest => found.push(Contradiction::Output(
                path.clone(),
                Some(output.digest),
                Some(other.digest),
            )),
            Some(other) if other.executable != output.executable => {
                found.push(Contradiction::Mode(path.clone()));
            }
            Some(_) => {}
            None => found.push(Contradiction::Output(path.clone(), Some(output.digest), None)),
        }
    }
    for (path, output) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
        found.push(Contradiction::Output(path.clone(), None, Some(output.digest)));
    }
    if then.findings != now.findings {
        let count = |result: &ActionResult| result.findings.len() as u64;
        found.push(Contradiction::Findings(count(then), count(now)));
    }
    if then.coverage != now.coverage || !same_tests(then, now) {
        found.push(Contradiction::Reports);
    }
    found
}

/// Whether the same tests ended the same way, however long they took.
fn same_tests(then: &ActionResult, now: &ActionResult) -> bool {
    then.tests.len() == now.tests.len()
        && then.tests.iter().zip(&now.tests).all(|(one, two)| {
            (&one.suite, &one.name, one.status) == (&two.suite, &two.name, two.status)
        })
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed { code, .. } if code.is_empty() => "failed".to_owned(),
        Verdict::Failed { code, .. } => format!("failed ({code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action_result::Cost;
    use crate::class::Class;

    fn output(path: &str, content: &str) -> OutputFile {
        let path = WorkspacePath::parse(path).unwrap();
        OutputFile { path, digest: Digest::of(content.as_bytes()), executable: false }
    }

    fn result(outputs: Vec<OutputFile>) -> ActionResult {
        ActionResult {
            verdict: Verdict::Passed,
            summary: String::new(),
            class: Class::Pure,
            outputs,
            findings: Vec::new(),
            tests: Vec::new(),
            coverage: Vec::new(),
            log: None,
            isolation: None,
            tool: None,
            sharing: crate::Sharing::Free,
            cost: Cost::default(),
        }
    }

    #[test]
    fn what_nothing_depends_on_is_no_contradiction() {
        let then = result(vec![output("a", "1")]);
        let cost = Cost { wall_us: 7, ..Cost::default() };
        let log = Some(Digest::of(b"log"));
        let now = ActionResult { cost, log, summary: "other".to_owned(), ..then.clone() };
        assert_eq!(contradictions(&then, &now), []);
    }

    #[test]
    fn each_output_that_differs_is_named() {
        let then = result(vec![output("a", "1"), output("b", "1"), output("c", "1")]);
        let now = result(vec![
            output("a", "2"),
            OutputFile { executable: true, ..output("b", "1") },
            output("d", "1"),
        ]);
        let path = |text| WorkspacePath::parse(text).unwrap();
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let expected = [
            Contradiction::Output(path("a"), Some(one), Some(two)),
            Contradiction::Mode(path("b")),
            Contradiction::Output(path("c"), Some(one), None),
            Contradiction::Output(path("d"), None, Some(one)),
        ];
        assert_eq!(contradictions(&then, &now), expected);
    }

    #[test]
    fn another_verdict_is_a_contradiction() {
        let then = result(Vec::new());
        let verdict = Verdict::Failed { code: "lint".to_owned(), message: String::new() };
        let now = ActionResult { verdict, ..then.clone() };
        let [found] = &contradictions(&then, &now)[..] else { panic!("one") };
        assert_eq!(found.to_string(), "verdict: passed → failed (lint)");
    }
}
