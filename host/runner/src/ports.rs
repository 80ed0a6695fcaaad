//! Ports and RunOptions: the outside world of a run, and what a person can vary about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use belljar_model::fault::Blame;
use belljar_model::ports::{
    ActionCache, BlobStore, Cancel, Clock, EventSink, Executor, Inputs, WriteBack,
};
use belljar_model::{Class, Code, Digest, Fault, StepName};
use belljar_pipeline::Step;

use crate::schedule::OnFailure;

/// The host itself is wrong: it panicked, or was put together wrongly.
pub(crate) const DEFECT: Code = Code::new("E0690");

/// The outside world, as far as a run meets it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Reads the workspace.
    pub inputs: &'a dyn Inputs,
    /// Writes results into the workspace.
    pub write_back: &'a dyn WriteBack,
    /// Keeps blobs.
    pub blobs: &'a dyn BlobStore,
    /// Remembers what Actions produced.
    pub cache: &'a dyn ActionCache,
    /// Executes Actions.
    pub executor: &'a dyn Executor,
    /// Takes what happens. Shared, because a running guest's log goes there too.
    pub events: &'a Arc<dyn EventSink>,
    /// Tells the time.
    pub clock: &'a dyn Clock,
}

/// A plugin that was loaded, as far as a run must know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plugin {
    /// The component.
    pub digest: Digest,
    /// `name@version`, for people.
    pub label: String,
    /// How much of the world it can touch.
    pub class: Class,
}

/// Which steps are executed even if the cache has a result for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForceMode {
    /// None.
    Nothing,
    /// These.
    Steps(BTreeSet<StepName>),
    /// All of the plan.
    All,
}

impl ForceMode {
    pub(crate) fn includes(&self, step: &StepName) -> bool {
        match self {
            Self::Nothing => false,
            Self::Steps(steps) => steps.contains(step),
            Self::All => true,
        }
    }
}

/// Everything that can vary about a run. No `Default`: the caller must choose.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The run's id.
    pub run_id: String,
    /// What was asked for, as typed; empty for all. Only for the record.
    pub asked: Vec<String>,
    /// How many steps may run at once; at least 1.
    pub jobs: usize,
    /// What a failure means for other steps.
    pub on_failure: OnFailure,
    /// Which steps are executed although a result is known.
    pub force: ForceMode,
    /// Tells when to stop.
    pub cancel: Cancel,
    /// The environment of which grants take their part.
    pub environment: BTreeMap<String, String>,
    /// The plugins by the names that steps use. One that could not be loaded is the fault of
    /// each step that uses it; other steps go on.
    pub plugins: BTreeMap<String, Result<Plugin, Fault>>,
}

impl RunOptions {
    /// The plugin of a step, or why there is none.
    pub(crate) fn plugin_of(&self, step: &Step) -> Result<&Plugin, Fault> {
        match self.plugins.get(&step.uses) {
            Some(Ok(plugin)) => Ok(plugin),
            Some(Err(fault)) => Err(fault.clone()),
            None => {
                let message = format!("plugin `{}` was not loaded for this run", step.uses);
                Err(Fault::new(Blame::Infrastructure, DEFECT, message))
            }
        }
    }
}
