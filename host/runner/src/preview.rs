//! Preview: what a run would do, found without executing or writing anything.

use std::sync::Arc;

use belljar_model::event::Source;
use belljar_model::{Fault, MissReason, OutputFile, StepName};
use belljar_pipeline::{Plan, Step};

use crate::consult::{consult, prepare};
use crate::lookup::Key;
use crate::ports::{Ports, RunOptions};

/// What would become of one step.
#[derive(Clone, PartialEq, Debug)]
pub struct Preview {
    /// Which step.
    pub step: StepName,
    /// What a run would do with it.
    pub would: Would,
}

/// What a run would do with a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Would {
    /// The cache has its result, and it passed.
    Hit(Source),
    /// The cache has its result, and it failed: a run would show that failure again.
    Fail(Source),
    /// It would be executed, for these reasons.
    Run(Vec<MissReason>),
    /// Nobody can know before this step, which it needs, has run.
    Unknown(StepName),
    /// It would be skipped, because this step would not pass.
    Skip(StepName),
    /// It would end without a result.
    Fault(Fault),
}

/// What is known of a step for those that need it.
enum Known {
    Made(Arc<[OutputFile]>),
    WillRun,
    WillNotPass,
}

/// Says for each step of a plan, in its order, what a run would do.
pub fn plan_preview(ports: &Ports<'_>, plan: &Plan, options: &RunOptions) -> Vec<Preview> {
    let mut known: Vec<Known> = Vec::with_capacity(plan.len());
    let mut previews = Vec::with_capacity(plan.len());
    for (index, step) in plan.steps.iter().enumerate() {
        let (would, now_known) = match needs(plan, index, &known) {
            Ok(needs) => look(ports, step, needs, options)
                .unwrap_or_else(|fault| (Would::Fault(fault), Known::WillNotPass)),
            Err(waits) => waits,
        };
        known.push(now_known);
        previews.push(Preview { step: step.name.clone(), would });
    }
    previews
}

/// The outputs of what a step needs, or why they are not known.
fn needs<'a>(
    plan: &Plan,
    index: usize,
    known: &'a [Known],
) -> Result<Vec<&'a [OutputFile]>, (Would, Known)> {
    let mut outputs = Vec::new();
    let mut unknown = None;
    for &need in &plan.needs[index] {
        let name = || plan.steps[need].name.clone();
        match &known[need] {
            Known::Made(made) => outputs.push(&**made),
            Known::WillNotPass => return Err((Would::Skip(name()), Known::WillNotPass)),
            Known::WillRun => unknown = unknown.or_else(|| Some(name())),
        }
    }
    match unknown {
        None => Ok(outputs),
        Some(name) => Err((Would::Unknown(name), Known::WillRun)),
    }
}

fn look(
    ports: &Ports<'_>,
    step: &Step,
    needs: Vec<&[OutputFile]>,
    options: &RunOptions,
) -> Result<(Would, Known), Fault> {
    let plugin = options.plugin_of(step)?;
    let action = prepare(ports, step, plugin, needs, options)?;
    let key = Key::of(&action);
    Ok(match consult(ports, step, &action, &key, options)? {
        Ok(hit) if hit.result.passed() => {
            (Would::Hit(hit.source), Known::Made(hit.result.outputs.into()))
        }
        Ok(hit) => (Would::Fail(hit.source), Known::WillNotPass),
        Err(reasons) => (Would::Run(reasons), Known::WillRun),
    })
}
