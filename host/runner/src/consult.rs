//! Consult: the one way from a step to a hit or to the reasons of a miss, for runs and previews.

use belljar_model::{Action, Class, Fault, MissReason, OutputFile};
use belljar_pipeline::Step;
use tracing::trace_span;

use crate::lookup::{Hit, Key, Lookup, Miss, Shelf, lookup};
use crate::miss::{Earlier, explain};
use crate::ports::{Plugin, Ports, RunOptions};
use crate::resolve::{Surroundings, resolve};

/// Reads what a step can see, and makes its Action.
pub(crate) fn prepare(
    ports: &Ports<'_>,
    step: &Step,
    plugin: &Plugin,
    needs: Vec<&[OutputFile]>,
    options: &RunOptions,
) -> Result<Action, Fault> {
    let workspace = if step.inputs.is_empty() {
        Vec::new()
    } else {
        let _span = trace_span!("snapshot").entered();
        ports.inputs.snapshot(&step.inputs)?
    };
    let _span = trace_span!("resolve").entered();
    let environment = &options.environment;
    let tools = options.tools_of(step)?;
    Ok(resolve(step, plugin, Surroundings { workspace, needs, environment, tools }))
}

/// Returns a hit, or why there is none, the likeliest cause first.
pub(crate) fn consult(
    ports: &Ports<'_>,
    step: &Step,
    action: &Action,
    key: &Key,
    options: &RunOptions,
) -> Result<Result<Hit, Vec<MissReason>>, Fault> {
    if action.class == Class::Effect {
        return Ok(Err(vec![MissReason::NotCacheable]));
    }
    if options.force.includes(&step.name) {
        return Ok(Err(vec![MissReason::Forced]));
    }
    let shelf = Shelf { cache: ports.cache, blobs: ports.blobs };
    match lookup(shelf, key, &action.view)? {
        Lookup::Hit(hit) => Ok(Ok(*hit)),
        Lookup::Miss(Miss { missing: Some(path), .. }) => {
            Ok(Err(vec![MissReason::BlobMissing { path }]))
        }
        Lookup::Miss(Miss { refused: Some(refusal), .. }) => {
            Ok(Err(vec![MissReason::NotTrusted { refusal }]))
        }
        Lookup::Miss(Miss { traces, .. }) => {
            let history = ports.cache.history(&step.name)?;
            let earlier = Earlier { history: &history, traces: &traces };
            Ok(Err(explain(action, key, earlier)))
        }
    }
}
