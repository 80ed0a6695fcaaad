//! Case: one deployment of the period, what went wrong with it, and when it was well again.

use belljar_model::delivery::Condition;
use belljar_model::ledger::{Entry, LedgerEvent, ObservedBy, Outcome};
use belljar_model::sheet::Excluded;

use super::figures::{DoraDeployment, Failure, Sample, Share};
use super::sheet::{FAIL_RATE, RECOVERY, REWORK};
use crate::reports::history::Deployment;
use crate::reports::undoing::Undoing;

/// A deployment that ended for the first time within the period.
pub(super) struct Case<'a> {
    pub(super) deployment: &'a Deployment<'a>,
    /// Its first end.
    pub(super) first: &'a Entry,
    /// By which deployments it was undone.
    pub(super) undoings: &'a [Undoing<'a>],
}

impl<'a> Case<'a> {
    pub(super) fn ended(&self, outcomes: &[Outcome]) -> bool {
        self.deployment.endings().any(|(_, outcome)| outcomes.contains(&outcome))
    }

    fn incidents(&self) -> impl Iterator<Item = (&'a Entry, &'a str)> {
        self.deployment.events.iter().filter_map(|entry| match &entry.event {
            LedgerEvent::IncidentOpened { incident, .. } => Some((*entry, incident.as_str())),
            _ => None,
        })
    }

    pub(super) fn add_to(&self, share: &mut Share) {
        share.part += 1;
        share.events.extend(self.deployment.endings().map(|(entry, _)| entry.seq));
    }

    pub(super) fn excluded(&self, from: &str, reason: &str) -> Excluded {
        excluded(from, self.deployment, reason, vec![self.first.seq])
    }

    pub(super) fn row(&self, failure: Option<Failure>) -> DoraDeployment {
        let endings: Vec<_> = self.deployment.endings().collect();
        let (_, outcome) = endings[endings.len() - 1];
        let plan = self.deployment.plan();
        DoraDeployment {
            number: self.deployment.number,
            ended_ms: self.first.at,
            outcome,
            failure,
            rework: plan.and_then(|planned| planned.plan.incident.clone()),
            events: endings.iter().map(|(entry, _)| entry.seq).collect(),
        }
    }

    /// What went wrong, if it changed something and something did.
    pub(super) fn failure(
        &self,
        recoveries: &Recoveries<'a>,
        samples: &mut Vec<Sample>,
        excluded: &mut Vec<Excluded>,
    ) -> Option<Failure> {
        if !self.deployment.has_changed_something() {
            let both = format!("{FAIL_RATE}, {REWORK}");
            excluded.push(self.excluded(&both, "it changed nothing"));
            return None;
        }
        let incidents: Vec<_> = self.incidents().collect();
        let ended_ill = self.ended(&[Outcome::RolledBack, Outcome::Stuck]);
        if incidents.is_empty() && self.undoings.is_empty() && !ended_ill {
            return None;
        }
        let (began, recovered) = match self.failing_moment() {
            Some(Beginning::Seen(began)) => {
                (Some(began), recoveries.after(began.seq, self.deployment))
            }
            Some(Beginning::Undone(undoing)) => (Some(undoing.planned), Some(undoing.finished)),
            None => (None, None),
        };
        let points = began.into_iter().chain(recovered);
        let mut events: Vec<_> = points.map(|entry| entry.seq).collect();
        let number = self.deployment.number;
        let time = began.zip(recovered).map(|(from, to)| to.at.checked_sub(from.at));
        let reason = match time {
            Some(Some(ms)) => {
                let (deployment, events) = (number, events.clone());
                samples.push(Sample { ms, deployment, commit: None, events });
                None
            }
            Some(None) => Some("the clock went back between its failure and the recovery"),
            None if began.is_none() => Some("no event says when it began to fail"),
            None => Some("it has not recovered: nothing is live after it, nor was it undone"),
        };
        if let Some(reason) = reason {
            excluded.push(self.excluded(RECOVERY, reason));
        }
        events.extend(incidents.iter().map(|(entry, _)| entry.seq));
        events.extend(self.undoings.iter().map(|undoing| undoing.finished.seq));
        events.sort_unstable();
        events.dedup();
        Some(Failure {
            began_ms: began.map(|entry| entry.at),
            recovered_ms: recovered.map(|entry| entry.at),
            incidents: incidents.iter().map(|(_, id)| (*id).to_owned()).collect(),
            undone_by: self.undoings.iter().map(|undoing| undoing.by).collect(),
            events,
        })
    }

    fn failing_moment(&self) -> Option<Beginning<'a>> {
        let undoing = self.undoings.first();
        let seen = self.deployment.events.iter().copied().find(|entry| self.fails(&entry.event));
        let before =
            |undoing: &&Undoing<'a>| seen.is_none_or(|seen| seen.seq > undoing.finished.seq);
        if let Some(undoing) = undoing.filter(before) {
            return Some(Beginning::Undone(undoing));
        }
        let mut endings = self.deployment.endings();
        let mut stuck = || endings.find(|(_, outcome)| *outcome == Outcome::Stuck);
        seen.or_else(|| stuck().map(|(entry, _)| entry)).map(Beginning::Seen)
    }

    /// Whether an event of the deployment says that it fails.
    fn fails(&self, event: &LedgerEvent) -> bool {
        let was_undone = !self.undoings.is_empty();
        match event {
            LedgerEvent::Observed { by, condition, .. } => {
                let counts = match by {
                    ObservedBy::Gate | ObservedBy::Bake => !self.has_passed(),
                    ObservedBy::Watch => was_undone,
                    ObservedBy::Rollback => false,
                };
                counts && *condition == Condition::Unhealthy
            }
            LedgerEvent::HealthChanged { condition, .. } => {
                was_undone && *condition == Condition::Unhealthy
            }
            LedgerEvent::RollbackStarted { .. } | LedgerEvent::IncidentOpened { .. } => true,
            _ => false,
        }
    }

    fn has_passed(&self) -> bool {
        let first = self.deployment.endings().next();
        first.is_some_and(|(_, outcome)| outcome == Outcome::Live)
    }
}

/// When a deployment began to fail.
enum Beginning<'a> {
    /// An event says that it fails.
    Seen(&'a Entry),
    /// Nothing was seen before somebody planned to go back.
    Undone(&'a Undoing<'a>),
}

/// The endings that make an environment well again, in the order of the ledger.
pub(super) struct Recoveries<'a> {
    live: Vec<(&'a Entry, u64)>,
}

impl<'a> Recoveries<'a> {
    pub(super) fn of(all: &[Deployment<'a>]) -> Self {
        let endings = all.iter().flat_map(|deployment| {
            deployment.endings().map(|(entry, outcome)| (entry, deployment.number, outcome))
        });
        let mut live: Vec<_> = endings
            .filter(|(_, _, outcome)| *outcome == Outcome::Live)
            .map(|(entry, number, _)| (entry, number))
            .collect();
        live.sort_by_key(|(entry, _)| entry.seq);
        Self { live }
    }

    fn after(&self, seq: u64, failed: &Deployment<'a>) -> Option<&'a Entry> {
        let undone = failed
            .endings()
            .find(|(entry, outcome)| entry.seq > seq && *outcome == Outcome::RolledBack)
            .map(|(entry, _)| entry);
        let later = self.live.partition_point(|(entry, _)| entry.seq <= seq);
        let mut later = self.live[later..].iter();
        let replaced = later.find(|(_, number)| *number != failed.number).map(|(entry, _)| *entry);
        undone.into_iter().chain(replaced).min_by_key(|entry| entry.seq)
    }
}

pub(super) fn excluded(
    from: &str,
    what: &Deployment<'_>,
    reason: &str,
    events: Vec<u64>,
) -> Excluded {
    let subject = format!("deployment {}", what.number);
    Excluded { from: from.to_owned(), subject, reason: reason.to_owned(), events }
}
