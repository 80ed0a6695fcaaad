//! ActionCache: ActionDigest -> ActionResult, with the Traces and the history of steps.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::action::{ActionDigest, FamilyDigest, Field};
use crate::action_result::ActionResult;
use crate::fault::Fault;
use crate::observation::Trace;
use crate::step::StepName;
use crate::trust::{Dispute, Origin, Refusal, TrustLevel};

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

/// A result that may be used.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// The result.
    pub result: ActionResult,
    /// Who wrote the record, if the cache keeps that.
    pub origin: Option<Origin>,
}

/// What a cache has for an Action.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Found {
    /// The record that is trusted the most, if there is one that may be used.
    pub record: Option<Recorded>,
    /// Why another one is not used; the one that is trusted the most.
    pub refused: Option<Refusal>,
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
    /// Looks for the record of this very Action.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn find(&self, action: &ActionDigest) -> Result<Found, Fault>;

    /// Returns the recorded result of this very Action, if it may be used.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn get(&self, action: &ActionDigest) -> Result<Option<ActionResult>, Fault> {
        Ok(self.find(action)?.record.map(|record| record.result))
    }

    /// Shows the kept Traces of a family that may be used to `visit`, most recently used first, until it breaks.
    ///
    /// # Errors
    /// When the cache cannot be read.
    fn traces(
        &self,
        family: &FamilyDigest,
        visit: &mut dyn FnMut(ActionDigest, Trace) -> ControlFlow<()>,
    ) -> Result<(), Fault>;

    /// Records a result. Its blobs become durable before the record does. Returns in what it
    /// contradicts a record of the same Action that is there already.
    ///
    /// # Errors
    /// When the record cannot be written, or the others cannot be read.
    fn put(&self, record: Record<'_>) -> Result<Option<Dispute>, Fault>;

    /// The level of what this cache records, if it keeps that.
    fn level(&self) -> Option<TrustLevel> {
        None
    }

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
