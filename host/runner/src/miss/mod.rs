//! Miss: why the cache had no result, by comparison with the nearest earlier execution.
//!
//! The key and this explanation come from one walk over the Action (`Action::fields`), and the
//! observed lookup and this explanation ask the same View, so a reason names what really differs.
//!
//! An execution of this very step in this workspace is nearer than any other. Among several,
//! the one with the fewest differences is the nearest, and among equals the latest.

mod fields;
mod observations;
#[cfg(test)]
mod tests;

use belljar_model::ports::Past;
use belljar_model::{Action, ActionDigest, MissReason, Trace};

use crate::answers::Answers;
use crate::lookup::Key;

/// The earlier executions that an explanation may compare with.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// Those of this step in this workspace, newest first.
    pub history: &'a [Past],
    /// The Traces of the Action's family, most recently used first.
    pub traces: &'a [(ActionDigest, Trace)],
}

/// How well an earlier execution explains a miss; less is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Distance {
    /// It was this very Action.
    Same,
    /// It had this many differences.
    Differences(usize),
    /// It left no record, so nobody knows what it asked.
    Unknown,
}

/// Says why the cache had no result for an Action: the likeliest cause first, never empty.
pub fn explain(action: &Action, key: &Key, earlier: Earlier<'_>) -> Vec<MissReason> {
    let mut answers = Answers::new(&action.view);
    let fields = action.fields();
    let mut nearest: Option<(Distance, Vec<MissReason>)> = None;
    for past in earlier.history {
        let candidate = if past.family == key.family {
            same_family(past, key, earlier.traces, &mut answers)
        } else {
            let reasons = fields::differences(&past.fields, &fields);
            Some((Distance::Differences(reasons.len()), reasons))
        };
        let Some((distance, reasons)) = candidate else { continue };
        let is_nearer = nearest.as_ref().is_none_or(|(least, _)| distance < *least);
        if is_nearer && !reasons.is_empty() {
            nearest = Some((distance, reasons));
        }
    }
    match nearest {
        Some((_, reasons)) => reasons,
        None => nearest_relative(earlier.traces, &mut answers)
            .unwrap_or_else(|| vec![MissReason::NeverRun]),
    }
}

/// Compares with an execution of the same logic; `None` if nothing is known of it any more.
fn same_family(
    past: &Past,
    key: &Key,
    traces: &[(ActionDigest, Trace)],
    answers: &mut Answers<'_>,
) -> Option<(Distance, Vec<MissReason>)> {
    if let Some(ended) = &past.unrecorded {
        let distance = if past.action == key.action { Distance::Same } else { Distance::Unknown };
        return Some((distance, vec![MissReason::NotRecorded { ended: ended.clone() }]));
    }
    let (_, trace) = traces.iter().find(|(action, _)| *action == past.action)?;
    let reasons = observations::differences(trace, answers);
    Some((Distance::Differences(reasons.len()), reasons))
}

/// Compares with executions of the same logic that are not this step's, or not of this
/// workspace. Another step's Trace is about other files, and would explain nothing; so at least
/// half of its answers must still hold.
fn nearest_relative(
    traces: &[(ActionDigest, Trace)],
    answers: &mut Answers<'_>,
) -> Option<Vec<MissReason>> {
    let mut nearest: Option<Vec<MissReason>> = None;
    for (_, trace) in traces {
        let differing = trace.0.iter().filter(|then| !answers.agree(then)).count();
        if differing * 2 > trace.0.len() {
            continue;
        }
        let reasons = observations::differences(trace, answers);
        let is_nearer = nearest.as_ref().is_none_or(|least| reasons.len() < least.len());
        if is_nearer && !reasons.is_empty() {
            nearest = Some(reasons);
        }
    }
    nearest
}
