//! What steps used in recorded runs: facts of their Traces and of their runs of tools.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use belljar_model::event::{Event, StepReport};
use belljar_model::ports::ActionCache;
use belljar_model::{FamilyDigest, Question, StepName, Tier, Trace, WorkspacePath};
use belljar_pipeline::lock::Named;

use crate::error::CommandError;
use crate::recording::Recordings;
use crate::session::Session;

/// What one step used.
#[derive(Default)]
pub(crate) struct Used {
    /// In how many of the runs it ended with a result.
    pub(crate) runs: usize,
    /// Whether what it asked is known: if not, nothing can be said to be unused.
    pub(crate) known: bool,
    /// What it used, by the kinds of grants.
    pub(crate) names: Named,
    /// The files that it was told the content of.
    pub(crate) files: BTreeSet<WorkspacePath>,
    /// The tools that it ran, and how often.
    pub(crate) tool_runs: BTreeMap<String, usize>,
    /// The weakest tier in which any of them ran.
    pub(crate) tier: Option<Tier>,
}

/// What the steps of a workspace used in its latest runs, and how many runs were looked at.
///
/// # Errors
/// When the recordings or the cache cannot be read.
pub(super) fn in_runs(
    session: &Session,
    most: usize,
) -> Result<(BTreeMap<StepName, Used>, usize), CommandError> {
    let recordings = Recordings::open(&session.state)?;
    let mut all: BTreeMap<StepName, Used> = BTreeMap::new();
    let mut count = 0;
    for run in recordings.list()?.iter().take(most) {
        count += 1;
        for event in recordings.read(run)? {
            if let Event::StepFinished { report, .. } = event
                && report.source.is_some()
            {
                let used = all.entry(report.step.clone()).or_default();
                used.report(&report);
            }
        }
    }
    for (step, used) in &mut all {
        for trace in traces(&*session.cache, step)? {
            used.known = true;
            used.trace(&trace);
        }
    }
    Ok((all, count))
}

/// What the latest executions of a step asked, whichever of them served the runs.
fn traces(cache: &dyn ActionCache, step: &StepName) -> Result<Vec<Trace>, CommandError> {
    let families: BTreeSet<FamilyDigest> =
        cache.history(step)?.into_iter().map(|past| past.family).collect();
    let mut traces = Vec::new();
    for family in families {
        cache.traces(&family, &mut |_, trace| {
            traces.push(trace);
            ControlFlow::Continue(())
        })?;
    }
    Ok(traces)
}

impl Used {
    /// Adds what the Trace of an execution says.
    pub(crate) fn trace(&mut self, trace: &Trace) {
        for seen in &trace.0 {
            match &seen.question {
                Question::Content(path) => {
                    self.files.insert(path.clone());
                }
                Question::Environment(name) => self.add("env", name),
                Question::Tool(name) => self.add("tools", name),
                Question::Secret(name) => self.add("secrets", name),
                _ => {}
            }
        }
    }

    /// Adds what the report of a step says of its runs of tools.
    pub(crate) fn report(&mut self, report: &StepReport) {
        self.runs += 1;
        for run in &report.tools {
            self.add("tools", &run.tool);
            *self.tool_runs.entry(run.tool.clone()).or_default() += 1;
        }
        if let Some(isolation) = &report.isolation {
            isolation.state.iter().for_each(|name| self.add("state", name));
            isolation.network.iter().for_each(|host| self.add("network", host));
            let weakest = self.tier.map_or(isolation.tier, |tier| tier.min(isolation.tier));
            self.tier = Some(weakest);
        }
    }

    /// Adds what another step used.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.runs = self.runs.max(other.runs);
        self.known |= other.known;
        for (kind, names) in &other.names {
            for name in names {
                self.add(kind, name);
            }
        }
        self.files.extend(other.files.iter().cloned());
        for (tool, runs) in &other.tool_runs {
            *self.tool_runs.entry(tool.clone()).or_default() += runs;
        }
        self.tier = match (self.tier, other.tier) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }

    fn add(&mut self, kind: &str, name: &str) {
        self.names.entry(kind.to_owned()).or_default().insert(name.to_owned());
    }

    /// Whether it used what a grant gives. A grant of state is known by the name of its folder.
    pub(crate) fn has(&self, kind: &str, resource: &str) -> bool {
        let name = match kind {
            "state" => resource.split_once('=').map_or(resource, |(name, _)| name),
            "secrets" => resource.split_once('@').map_or(resource, |(name, _)| name),
            _ => resource,
        };
        self.names.get(kind).is_some_and(|names| names.contains(name))
    }
}
