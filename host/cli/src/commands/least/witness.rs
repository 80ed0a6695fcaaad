//! Witness: a cache that remembers nothing, but sees what every execution asked.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use belljar_model::ports::{ActionCache, Found, Past, Record, WriteBack};
use belljar_model::trust::Dispute;
use belljar_model::{ActionDigest, FamilyDigest, Fault, OutputFile, StepName, Trace};

/// The Traces of what was executed.
#[derive(Default)]
pub(super) struct Witness(Mutex<BTreeMap<ActionDigest, Trace>>);

impl Witness {
    /// What was asked, by Action.
    pub(super) fn traces(&self) -> BTreeMap<ActionDigest, Trace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ActionCache for Witness {
    fn find(&self, _action: &ActionDigest) -> Result<Found, Fault> {
        Ok(Found::default())
    }

    fn traces(
        &self,
        _family: &FamilyDigest,
        _visit: &mut dyn FnMut(ActionDigest, Trace) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        Ok(())
    }

    fn put(&self, record: Record<'_>) -> Result<Option<Dispute>, Fault> {
        let mut traces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        traces.insert(record.action, record.trace.clone());
        Ok(None)
    }

    fn history(&self, _step: &StepName) -> Result<Vec<Past>, Fault> {
        Ok(Vec::new())
    }

    fn remember(&self, _step: &StepName, _past: Past) -> Result<(), Fault> {
        Ok(())
    }

    fn durations(&self) -> Result<BTreeMap<StepName, u64>, Fault> {
        Ok(BTreeMap::new())
    }
}

/// Puts no output into the workspace.
pub(super) struct Nowhere;

impl WriteBack for Nowhere {
    fn write_back(&self, _outputs: &[OutputFile]) -> Result<usize, Fault> {
        Ok(0)
    }
}
