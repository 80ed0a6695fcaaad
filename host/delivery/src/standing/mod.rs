//! Standing: what the ledger says of one environment.
//!
//! entries → one fold → deployments, what is live, what goes on, what is frozen

mod deployment;
mod fold;

use std::collections::BTreeMap;

use belljar_model::Fault;
use belljar_model::delivery::Condition;
use belljar_model::ledger::{Entry, Outcome};
use belljar_model::ports::Ledger;

pub use deployment::{BrokenGlass, Deployment, EffectState, Phase, RecordedApproval, Rollback};

/// What the ledger says of one environment.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// The environment.
    pub environment: String,
    /// Every deployment that was planned, by number.
    pub deployments: BTreeMap<u64, Deployment>,
    /// The largest fencing token that was given.
    pub token: u64,
    /// The number of the deployment whose release is live; `None` if nothing is, or nobody knows.
    pub live: Option<u64>,
    /// The deployments that were live and healthy, in the order in which they became so. A
    /// release that was made live again is there again.
    pub was_live: Vec<u64>,
    /// A freeze that was set by hand: until when, and why.
    pub frozen: Option<(Option<u64>, String)>,
    /// The condition that was seen last, when, and in which words.
    pub health: Option<(Condition, u64, String)>,
    /// What was found live instead of what should be.
    pub drift: Option<String>,
}

impl Standing {
    /// Adds up the events of one environment.
    pub fn of(entries: &[Entry], environment: &str) -> Self {
        let mut standing = Self {
            environment: environment.to_owned(),
            deployments: BTreeMap::new(),
            token: 0,
            live: None,
            was_live: Vec::new(),
            frozen: None,
            health: None,
            drift: None,
        };
        for entry in entries {
            standing.take(entry);
        }
        standing
    }

    /// Reads what the ledger says of one environment.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(ledger: &dyn Ledger, environment: &str) -> Result<Self, Fault> {
        let mut standing = Self::of(&[], environment);
        ledger.read(&mut |entries| standing = Self::of(entries, environment))?;
        Ok(standing)
    }

    /// The number that the next deployment gets.
    pub fn next_number(&self) -> u64 {
        self.deployments.last_key_value().map_or(0, |(number, _)| *number) + 1
    }

    /// The deployment that has begun and has not ended.
    pub fn going_on(&self) -> Option<&Deployment> {
        self.deployments.values().find(|deployment| deployment.phase.is_going_on())
    }

    /// The plan that waits to be applied.
    pub fn pending(&self) -> Option<&Deployment> {
        self.deployments.values().rev().find(|deployment| deployment.phase == Phase::Planned)
    }

    /// The deployment whose release is live.
    pub fn live_deployment(&self) -> Option<&Deployment> {
        self.live.and_then(|number| self.deployments.get(&number))
    }

    /// Where a failed deployment goes back to: what is live, or was before a deployment got
    /// stuck.
    pub fn rollback_target(&self) -> Option<&Deployment> {
        self.was_live.last().and_then(|number| self.deployments.get(number))
    }

    /// Where a person goes back to: the last release that was live and is another one than that
    /// which is, or should be, live now.
    pub fn previous_release(&self) -> Option<&Deployment> {
        let now = self.was_live.last().and_then(|number| self.deployments.get(number))?;
        if self.live.is_none() {
            return Some(now);
        }
        let release = now.plan.release.id;
        let earlier = self.was_live.iter().rev().filter_map(|number| self.deployments.get(number));
        let mut other = earlier.filter(|deployment| deployment.plan.release.id != release);
        other.find(|deployment| !self.is_undone(deployment.number))
    }

    /// Whether a later deployment went back from this one.
    pub fn is_undone(&self, number: u64) -> bool {
        let ended = self.deployments.get(&number).map(|deployment| &deployment.phase);
        let failed = matches!(ended, Some(Phase::Ended(outcome)) if *outcome != Outcome::Live);
        let undoes = |later: &Deployment| {
            later.undoes == Some(number) && later.phase == Phase::Ended(Outcome::Live)
        };
        failed || self.deployments.values().any(undoes)
    }
}
