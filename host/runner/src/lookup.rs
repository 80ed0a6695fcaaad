//! Lookup: whether an earlier execution already has the result of an Action.
//!
//! Two ways, tried in this order:
//!
//! 1. *exact*: the very same Action is recorded;
//! 2. *observed*: an Action of the same family is recorded, and every question of its Trace has
//!    the same answer today.
//!
//! Either way, a result of which an output is gone from the store is no hit.

use std::ops::ControlFlow;

use belljar_model::event::Source;
use belljar_model::ports::{ActionCache, BlobStore, Found, Recorded};
use belljar_model::{
    Action, ActionDigest, ActionResult, FamilyDigest, Fault, Origin, Refusal, Trace, View,
    WorkspacePath,
};

use crate::answers::Answers;

/// Both digests of one Action, made once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// Finds a result whose inputs are all the same.
    pub action: ActionDigest,
    /// Finds earlier executions of the same logic.
    pub family: FamilyDigest,
}

impl Key {
    /// Returns the key of an Action.
    pub fn of(action: &Action) -> Self {
        let (action, family) = action.keys();
        Self { action, family }
    }
}

/// Where results are looked for.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    /// The records.
    pub cache: &'a dyn ActionCache,
    /// The blobs that they name.
    pub blobs: &'a dyn BlobStore,
}

/// What a lookup found.
#[derive(Debug)]
pub enum Lookup {
    /// A result that can be used as it is.
    Hit(Box<Hit>),
    /// Nothing that can be used.
    Miss(Miss),
}

/// A recorded result that answers for an Action.
#[derive(Debug)]
pub struct Hit {
    /// The result.
    pub result: ActionResult,
    /// How it was found; never [`Source::Executed`].
    pub source: Source,
    /// The Trace that agreed, if it was found by one.
    pub trace: Option<Trace>,
    /// Who wrote the record, if the cache keeps that.
    pub origin: Option<Origin>,
}

/// What a lookup saw on its way to nothing, for the explanation.
#[derive(Debug, Default)]
pub struct Miss {
    /// An output of a fitting record that is not in the store any more.
    pub missing: Option<WorkspacePath>,
    /// Why a record of this very Action is not used.
    pub refused: Option<Refusal>,
    /// The Traces of the family, most recently used first.
    pub traces: Vec<(ActionDigest, Trace)>,
}

/// Looks for the result of the Action with `key` and `view`.
///
/// # Errors
/// When the cache cannot be read.
pub fn lookup(shelf: Shelf<'_>, key: &Key, view: &View) -> Result<Lookup, Fault> {
    let mut miss = Miss::default();
    let Found { record, refused } = shelf.cache.find(&key.action)?;
    miss.refused = refused;
    if let Some(Recorded { result, origin }) = record {
        miss.missing = shelf.first_missing(&result);
        if miss.missing.is_none() {
            let hit = Hit { result, source: Source::ExactHit, trace: None, origin };
            return Ok(Lookup::Hit(Box::new(hit)));
        }
    }
    match observed(shelf, key, view, &mut miss)? {
        Some(hit) => Ok(Lookup::Hit(Box::new(hit))),
        None => Ok(Lookup::Miss(miss)),
    }
}

/// Returns the Trace of the recorded Action with `key` and `view`, if the cache still has it.
///
/// A cache keeps equal Traces of a family once, so the record of this Action may have none of
/// its own. Then it is the first of the family that agrees with `view`: who asks the same and
/// is told the same goes on to ask the same.
///
/// # Errors
/// When the cache cannot be read.
pub fn trace_of(cache: &dyn ActionCache, key: &Key, view: &View) -> Result<Option<Trace>, Fault> {
    let mut answers = Answers::new(view);
    let mut found = None;
    cache.traces(&key.family, &mut |action, trace| {
        if action == key.action {
            found = Some(trace);
            return ControlFlow::Break(());
        }
        if found.is_none() && trace.0.iter().all(|then| answers.agree(then)) {
            found = Some(trace);
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

impl Shelf<'_> {
    /// The first output of a result that is not in the store.
    pub(crate) fn first_missing(&self, result: &ActionResult) -> Option<WorkspacePath> {
        let missing = result.outputs.iter().find(|output| !self.blobs.contains(&output.digest));
        missing.map(|output| output.path.clone())
    }
}

fn observed(
    shelf: Shelf<'_>,
    key: &Key,
    view: &View,
    miss: &mut Miss,
) -> Result<Option<Hit>, Fault> {
    let mut answers = Answers::new(view);
    let mut found = Ok(None);
    shelf.cache.traces(&key.family, &mut |action, trace| {
        // The exact record of this Action was already looked at.
        let agrees = action != key.action && trace.0.iter().all(|then| answers.agree(then));
        let candidate =
            if agrees { shelf.cache.find(&action).map(|found| found.record) } else { Ok(None) };
        match candidate {
            Err(fault) => {
                found = Err(fault);
                ControlFlow::Break(())
            }
            Ok(Some(Recorded { result, origin })) => match shelf.first_missing(&result) {
                None => {
                    let source = Source::ObservedHit;
                    found = Ok(Some(Hit { result, source, trace: Some(trace), origin }));
                    ControlFlow::Break(())
                }
                Some(path) => {
                    miss.missing.get_or_insert(path);
                    miss.traces.push((action, trace));
                    ControlFlow::Continue(())
                }
            },
            Ok(None) => {
                miss.traces.push((action, trace));
                ControlFlow::Continue(())
            }
        }
    })?;
    found
}
