//! Ports and RunOptions: the outside world of a run, and what a person can vary about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use belljar_model::event::Totals;
use belljar_model::fault::Blame;
use belljar_model::ports::{
    ActionCache, BlobStore, Cancel, Clock, EventSink, Executor, Inputs, Secrets, Tools, WriteBack,
};
use belljar_model::tool::GrantedTool;
use belljar_model::{Capability, Class, Code, Digest, Fault, OutputFile, StepName, Veil};
use belljar_pipeline::Step;

use crate::schedule::OnFailure;

/// The host itself is wrong: it panicked, or was put together wrongly.
pub(crate) const DEFECT: Code = Code::new("E0690");

/// Two executions of one Action had different results.
pub(crate) const DISPUTED: Code = Code::new("E0630");

/// A step asks for more isolation than this machine has.
const TOO_WEAK: Code = Code::new("E0802");

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
    /// Runs tools for steps. Shared, because a running guest holds a handle to it.
    pub tools: &'a Arc<dyn Tools>,
    /// Has the values of secrets. Shared as well; each step is given its own only.
    pub secrets: &'a Arc<dyn Secrets>,
    /// Masks the values that were read so far.
    pub veil: &'a Veil,
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

/// What a contradiction between two results of one Action means for a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDispute {
    /// It is told, and the run goes on with what it made itself.
    Tell,
    /// The step is refused: nothing is built upon it.
    Refuse,
}

/// What is done when all steps have ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Afterwards {
    /// Nothing.
    Nothing,
    /// Each pure step is executed again, usually and varied; a difference fails the run.
    Verify,
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
    /// What a contradiction with a record means.
    pub on_dispute: OnDispute,
    /// What is done when all steps have ended.
    pub afterwards: Afterwards,
    /// Tells when to stop.
    pub cancel: Cancel,
    /// The environment of which grants take their part.
    pub environment: BTreeMap<String, String>,
    /// The plugins by the names that steps use. One that could not be loaded is the fault of
    /// each step that uses it; other steps go on.
    pub plugins: BTreeMap<String, Result<Plugin, Fault>>,
    /// The tools by their names in the file. One that cannot be had is the fault of each step
    /// that was granted it.
    pub tools: BTreeMap<String, Result<GrantedTool, Fault>>,
    /// What keeps this machine from a stronger tier, each with its mend.
    pub shortfalls: Vec<String>,
    /// The steps that are not in the plan because nothing changed for them.
    pub settled: Option<Settled>,
}

/// Steps for which nothing changed since an earlier run: each would be a hit, and its outputs are
/// in place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The id of that run.
    pub since: String,
    /// What they have made: of those, at least, that steps of the plan need.
    pub outputs: BTreeMap<StepName, Arc<[OutputFile]>>,
    /// How they count among the totals.
    pub totals: Totals,
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

    /// The tools that a step was granted.
    pub(crate) fn tools_of(&self, step: &Step) -> Result<BTreeMap<String, GrantedTool>, Fault> {
        let granted = step.grants.iter().map(|at| &at.grant);
        let names = granted.filter(|grant| grant.capability == Capability::Tool);
        names.map(|grant| Ok((grant.resource.clone(), self.tool(step, &grant.resource)?))).collect()
    }

    fn tool(&self, step: &Step, name: &str) -> Result<GrantedTool, Fault> {
        let Some(tool) = self.tools.get(name) else {
            let message = format!("tool `{name}` was not looked at for this run");
            return Err(Fault::new(Blame::Infrastructure, DEFECT, message));
        };
        let tool = tool.clone()?;
        if tool.tier >= step.min_isolation {
            return Ok(tool);
        }
        let (least, tier) = (step.min_isolation, tool.tier);
        let message = format!("tool `{name}` would run in tier {tier}; this step asks for {least}");
        let fault = Fault::new(Blame::Policy, TOO_WEAK, message);
        let fault = self.shortfalls.iter().fold(fault, Fault::note);
        Err(fault.help(format!(
            "give this machine a stronger tier (`belljar tools doctor` shows how), or accept less: \
             `min-isolation = \"{tier}\"` on the step"
        )))
    }
}
