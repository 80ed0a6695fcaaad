//! What a step did, for a test to look at.

use std::collections::BTreeMap;

use belljar_sdk::{ConfigProblem, Finding, Outcome, StepError, StepResult, TestCase, ToolCommand};

use crate::memory::{LogLine, Observation, Record};
use crate::outlet::OutputFile;

/// All that one run of a step did.
#[derive(Debug)]
pub struct Ran {
    result: StepResult,
    record: Record,
}

impl Ran {
    pub(crate) fn new(result: StepResult, mut record: Record) -> Self {
        if result.is_err() {
            record.outputs.clear();
        }
        Self { result, record }
    }

    /// Returns what the step returned.
    pub fn result(&self) -> &StepResult {
        &self.result
    }

    /// Returns the outcome of a step that must have passed.
    ///
    /// # Panics
    /// When it did not pass.
    #[track_caller]
    pub fn outcome(&self) -> &Outcome {
        match &self.result {
            Ok(outcome) => outcome,
            Err(error) => panic!("the step did not pass: {error:?}"),
        }
    }

    /// Returns the code of a step that failed; nothing if it ended in any other way.
    pub fn failure_code(&self) -> Option<&str> {
        match &self.result {
            Err(StepError::Failed(problem)) => Some(&problem.code),
            _ => None,
        }
    }

    /// Returns the mistakes that the step found in its configuration.
    pub fn config_problems(&self) -> &[ConfigProblem] {
        match &self.result {
            Err(StepError::InvalidConfig(problems)) => problems,
            _ => &[],
        }
    }

    /// Returns the findings, in order.
    pub fn findings(&self) -> &[Finding] {
        &self.record.findings
    }

    /// Returns the test cases, in order.
    pub fn tests(&self) -> &[TestCase] {
        &self.record.tests
    }

    /// Returns the coverage reports, each with its format.
    pub fn coverage(&self) -> &[(String, Vec<u8>)] {
        &self.record.coverage
    }

    /// Returns the lines of the log, in order.
    pub fn log(&self) -> &[LogLine] {
        &self.record.log
    }

    /// Returns the outputs by path. A step that did not pass has none.
    pub fn outputs(&self) -> &BTreeMap<String, OutputFile> {
        &self.record.outputs
    }

    /// Returns the bytes of an output that must be there.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn output(&self, path: &str) -> &[u8] {
        match self.record.outputs.get(path) {
            Some(file) => &file.bytes,
            None => panic!("no output `{path}`; the step returned {:?}", self.result),
        }
    }

    /// Returns the text of an output that must be there.
    ///
    /// # Panics
    /// When it is not, or is no text.
    #[track_caller]
    pub fn output_text(&self, path: &str) -> &str {
        std::str::from_utf8(self.output(path)).expect("the output is UTF-8 text")
    }

    /// Returns what the step asked of its inputs, in order: all that its result depends on.
    pub fn observations(&self) -> &[Observation] {
        &self.record.observations
    }

    /// Returns the commands that were run, in order.
    pub fn commands(&self) -> &[ToolCommand] {
        &self.record.commands
    }

    /// Returns how often findings crossed the boundary.
    pub fn finding_batches(&self) -> usize {
        self.record.finding_batches
    }
}
