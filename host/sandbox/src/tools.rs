//! Runs of tools while a guest waits: all that it asked for at once, each on a thread.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use belljar_model::ports::{ToolLimits, ToolRequest, ToolRun};
use belljar_model::{Fault, ToolAction};

use crate::fault;
use crate::state::State;

/// How many threads wait for tools at most. How many tools run at once is not decided here.
const WAITING: usize = 32;

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
    let one = |asked: &Asked| {
        tools.run(&ToolRequest {
            step,
            action: &asked.action,
            limits: &asked.limits,
            cpus: asked.cpus,
            cancel,
            log,
        })
    };
    if let [only] = all {
        return vec![one(only)];
    }
    let results: Vec<_> = all.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let at = next.fetch_add(1, Ordering::SeqCst)
            && let (Some(asked), Some(slot)) = (all.get(at), results.get(at))
        {
            let result = one(asked);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..all.len().min(WAITING) {
            scope.spawn(work);
        }
    });
    let result = |slot: Mutex<Option<_>>| {
        let result = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.unwrap_or_else(|| Err(fault::sandbox("a run of a tool has no result")))
    };
    results.into_iter().map(result).collect()
}
