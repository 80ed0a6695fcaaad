//! Evidence: every file that the steps of a run read, found in their Traces.
//!
//! It is told after the run, of exactly what ran: each Action is made once more and must be the
//! one that the run reported, so a file that was edited meanwhile is never taken for what was
//! read. What cannot be told is a Fault; the list is complete or there is none.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use belljar_model::event::{Status, StepReport};
use belljar_model::fault::Blame;
use belljar_model::{Answer, Class, Code, Digest, Fault, Question, StepName, Trace, WorkspacePath};
use belljar_pipeline::Plan;

use crate::consult::prepare;
use crate::lookup::{Key, trace_of};
use crate::ports::{Ports, RunOptions};
use crate::summary::RunSummary;

/// It cannot be told what a step read.
const UNKNOWN: Code = Code::new("E0610");

/// One file that one step read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FileRead {
    /// Where it was: in the workspace, or among the outputs of a needed step.
    pub path: WorkspacePath,
    /// The content that was read.
    pub digest: Digest,
    /// The step that read it.
    pub step: StepName,
}

/// Tells every file that the steps of a run read, sorted, each once. `summary` is what
/// [`run`](crate::run) said of the same plan with the same options; every step must have passed.
///
/// Outputs of needed steps are told too, for they are what was read. Questions that do not tell
/// a content (whether a file is there, how large it is, which files match) are left out.
///
/// # Errors
/// When it is not known of each step what it read: a step did not pass, has effects and so left
/// no record, its inputs changed after it ran, or its record is gone. When the workspace or the
/// cache cannot be read.
pub fn evidence(
    ports: &Ports<'_>,
    plan: &Plan,
    options: &RunOptions,
    summary: &RunSummary,
) -> Result<Vec<FileRead>, Fault> {
    let past = PastRun { ports, plan, options, summary };
    let mut files = BTreeSet::new();
    for (index, step) in plan.steps.iter().enumerate() {
        files.extend(reads(&step.name, past.trace(index)?));
    }
    Ok(files.into_iter().collect())
}

/// The files of which a step was told the content.
fn reads(step: &StepName, trace: Trace) -> impl Iterator<Item = FileRead> {
    trace.0.into_iter().filter_map(|seen| match (seen.question, seen.answer) {
        (Question::Content(path), Answer::Content(digest)) => {
            Some(FileRead { path, digest, step: step.clone() })
        }
        _ => None,
    })
}

/// A run that has ended.
struct PastRun<'a> {
    ports: &'a Ports<'a>,
    plan: &'a Plan,
    options: &'a RunOptions,
    summary: &'a RunSummary,
}

impl PastRun<'_> {
    /// What a step of the plan asked and was told, when its result was made.
    fn trace(&self, index: usize) -> Result<Trace, Fault> {
        let step = &*self.plan.steps[index];
        let report = self.report(index)?;
        if report.class == Class::Effect {
            return Err(unknown(
                Blame::Configuration,
                &step.name,
                "has effects, so nothing of it is recorded",
            )
            .help("make what is released with steps that have none, and let the effects follow"));
        }
        let needs = self.plan.needs[index].iter();
        let needs = needs.map(|&need| Ok(&*self.report(need)?.outputs));
        let needs = needs.collect::<Result<_, Fault>>()?;
        let plugin = self.options.plugin_of(step)?;
        let action = prepare(self.ports, step, plugin, needs, self.options)?;
        let key = Key::of(&action);
        if report.action != Some(key.action) {
            return Err(unknown(
                Blame::Project,
                &step.name,
                "has other inputs now than when it ran",
            )
            .help("run it again, and change no file until it has ended"));
        }
        trace_of(self.ports.cache, &key, &action.view)?.ok_or_else(|| {
            unknown(Blame::Infrastructure, &step.name, "has no record of its questions any more")
                .help(format!("execute it again: `belljar run --force {}`", step.name))
        })
    }

    /// What the run said of a step that passed.
    fn report(&self, index: usize) -> Result<&StepReport, Fault> {
        let step = &self.plan.steps[index].name;
        let reports = &self.summary.reports;
        let report = reports.get(index).filter(|report| report.step == *step);
        report.filter(|report| report.status == Status::Passed).ok_or_else(|| {
            unknown(Blame::Project, step, "did not pass").help("see why, and run it again")
        })
    }
}

fn unknown(blame: Blame, step: &StepName, why: &str) -> Fault {
    Fault::new(blame, UNKNOWN, format!("it is not known what step `{step}` read: it {why}"))
}
