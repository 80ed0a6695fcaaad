//! Undoing: a deployment that went back from the one that was live, by hand or by the policy of
//! a watch.

use std::collections::BTreeMap;

use belljar_model::ledger::{Entry, LedgerEvent, Outcome};

use super::history::Deployment;

/// A deployment that went back from the one that was live.
#[derive(Clone, Copy, Debug)]
pub(super) struct Undoing<'a> {
    /// The deployment that did so.
    pub(super) by: u64,
    /// Its plan.
    pub(super) planned: &'a Entry,
    /// Its end: the other one is undone.
    pub(super) finished: &'a Entry,
}

/// The undoings of each deployment, in the order of the ledger.
#[derive(Default, Debug)]
pub(super) struct Undoings<'a> {
    of: BTreeMap<(&'a str, u64), Vec<Undoing<'a>>>,
}

impl<'a> Undoings<'a> {
    /// Finds them: deployments whose plan names one to go back to, and that ended live while
    /// another one was live. What is live is what [`Standing`](crate::Standing) says of it.
    pub(super) fn find(
        entries: &'a [Entry],
        all: &BTreeMap<(&'a str, u64), Deployment<'a>>,
    ) -> Self {
        let mut undoings = Self::default();
        let mut live: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        let mut targets: BTreeMap<(&str, u64), u64> = BTreeMap::new();
        for entry in entries {
            let (environment, number, outcome) = match &entry.event {
                LedgerEvent::RollbackStarted { environment, deployment, to, .. } => {
                    targets.insert((environment, *deployment), *to);
                    continue;
                }
                LedgerEvent::Finished { environment, deployment, outcome, .. } => {
                    (environment.as_str(), *deployment, *outcome)
                }
                _ => continue,
            };
            let now = match outcome {
                Outcome::NotApplied => continue,
                Outcome::Live => Some(number),
                Outcome::RolledBack => targets.get(&(environment, number)).copied(),
                Outcome::Stuck => None,
            };
            let before = live.insert(environment, now).flatten();
            if outcome != Outcome::Live {
                continue;
            }
            let other = before.filter(|before| *before != number);
            let plan = all.get(&(environment, number)).and_then(Deployment::plan);
            let goes_back = plan.filter(|planned| {
                planned.plan.rollback_to.is_some() && planned.entry.seq < entry.seq
            });
            if let Some((other, planned)) = other.zip(goes_back) {
                let undoing = Undoing { by: number, planned: planned.entry, finished: entry };
                undoings.of.entry((environment, other)).or_default().push(undoing);
            }
        }
        undoings
    }

    /// Those of one deployment, in the order of the ledger. A release that was undone may be made
    /// live again and be undone again.
    pub(super) fn of(&self, deployment: &Deployment<'a>) -> &[Undoing<'a>] {
        let key = (deployment.environment, deployment.number);
        self.of.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// `undone by #3, #5`; `None` if by none.
pub(super) fn undone_by(numbers: &[u64]) -> Option<String> {
    let names: Vec<_> = numbers.iter().map(|number| format!("#{number}")).collect();
    (!names.is_empty()).then(|| format!("undone by {}", names.join(", ")))
}
