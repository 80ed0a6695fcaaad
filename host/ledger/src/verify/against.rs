//! Comparing a ledger with a checkpoint that someone kept.

use super::check::Scan;
use super::problem::{Problem, ProblemKind};
use crate::checkpoint::Checkpoint;
use crate::key::PublicKey;

/// Whether a ledger goes on from an older checkpoint, and what happened if not.
pub(super) fn compare(
    scan: &Scan,
    old: &Checkpoint,
    expected_key: Option<&PublicKey>,
) -> Option<Problem> {
    let size = old.size;
    // In a fork the key may change at another place, so each key of the ledger is taken here.
    let mut keys = scan.chain.keys().chain(expected_key.copied());
    if !keys.any(|key| old.is_signed_by(&key)) {
        let message = format!("no key of this ledger signed the older checkpoint of {size} lines");
        return Some(Problem::new(ProblemKind::Checkpoint, message));
    }
    let Some(root) = scan.roots.get(&size) else {
        let lines = scan.size();
        let message = format!(
            "the ledger was cut back: the older checkpoint covers {size} lines, but {lines} are \
             there"
        );
        return Some(Problem::at(lines + 1, ProblemKind::Truncated, message));
    };
    if *root != old.root {
        let message = format!(
            "the history was written anew (a fork): the first {size} lines are not those of the \
             older checkpoint"
        );
        return Some(Problem::new(ProblemKind::Fork, message));
    }
    scan.chain.accepts(old).err().map(|reason| {
        let message = format!("the older checkpoint is not valid: {reason}");
        Problem::new(ProblemKind::Checkpoint, message)
    })
}
