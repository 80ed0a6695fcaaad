//! ActionCache: ActionDigest -> ActionResult, with the Traces and the history of steps.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::action::{ActionDigest, FamilyDigest, Field};
use crate::action_result::ActionResult;
use crate::fault::Fault;
use crate::observation::Trace;
use crate::step::StepName;

/// A result on its way into the cache.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// The key.
    pub action: ActionDigest,
    /// The key of its family.
    pub family: FamilyDigest,
    /// The result.
    pub result: &'a ActionResult,
    /// What the execution asked and was told.
    pub trace: &'a Trace,
}

/// One execution of a step in this workspace, for explanations and estimates.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Past {
    /// The key.
    pub action: ActionDigest,
    /// The key of its family.
    pub family: FamilyDigest,
    /// The run's id.
    pub run: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The plugin as `name@version`.
    pub plugin: String,
    /// What the family digest covered.
    pub fields: Vec<Field>,
    /// How it ended, if it left no record: `trapped`, `timed out`, …
    pub unrecorded: Option<String>,
    /// Wall time of the execution in microseconds.
    pub wall_us: u64,
}

/// Remembers what Actions produced, and what steps did in this workspace.
pub trait ActionCache: Send + Sync {
    /// Returns the recorded result of this very Action.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn get(&self, action: &ActionDigest) -> Result<Option<ActionResult>, Fault>;

    /// Shows the kept Traces of a family to `visit`, most recently used first, until it breaks.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn traces(
        &self,
        family: &FamilyDigest,
        visit: &mut dyn FnMut(ActionDigest, Trace) -> ControlFlow<()>,
    ) -> Result<(), Fault>;

    /// Records a result. Its blobs become durable before the record does.
    ///
    /// # Errors
    /// When the record cannot be written.
    fn put(&self, record: Record<'_>) -> Result<(), Fault>;

    /// Returns the latest executions of a step in this workspace, newest first.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn history(&self, step: &StepName) -> Result<Vec<Past>, Fault>;

    /// Remembers an execution of a step in this workspace.
    ///
    /// # Errors
    /// When the memory cannot be written.
    fn remember(&self, step: &StepName, past: Past) -> Result<(), Fault>;

    /// Returns how long each step of this workspace took at its last execution, in microseconds.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn durations(&self) -> Result<BTreeMap<StepName, u64>, Fault>;
}
