//! The events of a ledger by the deployment that they belong to.

use std::collections::BTreeMap;

use belljar_model::delivery::{DeployPlan, PlanDigest};
use belljar_model::ledger::{Entry, LedgerEvent, Outcome};

use super::undoing::Undoing;

/// All events of one deployment, in the order of the ledger.
#[derive(Debug)]
pub(super) struct Deployment<'a> {
    pub(super) environment: &'a str,
    pub(super) number: u64,
    pub(super) events: Vec<&'a Entry>,
}

/// A plan as the ledger has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned<'a> {
    pub(super) entry: &'a Entry,
    pub(super) digest: PlanDigest,
    pub(super) plan: &'a DeployPlan,
}

impl<'a> Deployment<'a> {
    /// How and when it ended. It may have ended twice: live, and undone later.
    pub(super) fn endings(&self) -> impl Iterator<Item = (&'a Entry, Outcome)> {
        self.events.iter().filter_map(|&entry| match &entry.event {
            LedgerEvent::Finished { outcome, .. } => Some((entry, *outcome)),
            _ => None,
        })
    }

    /// When it was started for the first time.
    pub(super) fn start(&self) -> Option<&'a Entry> {
        let mut events = self.events.iter();
        events.find(|entry| matches!(entry.event, LedgerEvent::Started { .. })).copied()
    }

    /// The plan that was started last; the last that was made, if none was started.
    pub(super) fn plan(&self) -> Option<Planned<'a>> {
        let started = self.events.iter().rev().find_map(|entry| match &entry.event {
            LedgerEvent::Started { plan, .. } => Some(*plan),
            _ => None,
        });
        self.events.iter().rev().find_map(|entry| match &entry.event {
            LedgerEvent::Planned { plan_digest, plan }
                if started.is_none_or(|started| started == *plan_digest) =>
            {
                Some(Planned { entry, digest: *plan_digest, plan })
            }
            _ => None,
        })
    }

    /// Whether it changed its environment: all of its effects were done, or it ended in another
    /// way than before its first effect.
    pub(super) fn has_changed_something(&self) -> bool {
        let is_applied = |entry: &&Entry| matches!(entry.event, LedgerEvent::Applied { .. });
        self.events.iter().copied().any(|entry| is_applied(&entry))
            || self.endings().any(|(_, outcome)| outcome != Outcome::NotApplied)
    }

    /// Whether anything happened to it at or after `since_ms`, or it was undone then.
    pub(super) fn is_since(&self, since_ms: u64, undoings: &[Undoing<'_>]) -> bool {
        let undone = undoings.iter().map(|undoing| undoing.finished);
        self.events.iter().copied().chain(undone).any(|entry| entry.at >= since_ms)
    }
}

/// All deployments, by environment and number.
pub(super) fn deployments(entries: &[Entry]) -> BTreeMap<(&str, u64), Deployment<'_>> {
    let mut all = BTreeMap::new();
    for entry in entries {
        let Some((environment, number)) = entry.event.deployment() else { continue };
        let deployment = all.entry((environment, number)).or_insert_with(|| Deployment {
            environment,
            number,
            events: Vec::new(),
        });
        deployment.events.push(entry);
    }
    all
}
