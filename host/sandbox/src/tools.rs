//! Runs of tools while a guest waits: all that it asked for at once.

use belljar_model::ports::{Reuse, ToolLimits, ToolRequest, ToolRun};
use belljar_model::{Fault, ToolAction};

use crate::state::State;

/// A run that a guest asked for.
pub(crate) struct Asked {
    /// What to run.
    pub(crate) action: ToolAction,
    /// How much of the machine it may use.
    pub(crate) limits: ToolLimits,
    /// How many processors it keeps busy.
    pub(crate) cpus: u32,
}

/// Runs all, and returns what came of each, in their order.
pub(crate) fn run(state: &State, all: &[Asked]) -> Vec<Result<ToolRun, Fault>> {
    let State { step, tools, cancel, sink: log, .. } = state;
    let mut requests = Vec::with_capacity(all.len());
    for Asked { action, limits, cpus } in all {
        requests.push(ToolRequest {
            step,
            action,
            limits,
            cpus: *cpus,
            reuse: Reuse::Allowed,
            cancel,
            log,
        });
    }
    tools.run_all(&requests)
}
