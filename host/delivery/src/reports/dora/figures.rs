//! The figures as values: whole numbers of milliseconds, and fractions.

use belljar_model::ledger::Outcome;
use belljar_model::sheet::Excluded;
use serde::{Deserialize, Serialize};

pub(super) const DAY_MS: u64 = 86_400_000;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DoraAsk {
    /// The environment.
    pub environment: String,
    /// From when, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// Until when; this millisecond is not part of it.
    pub until_ms: u64,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DoraReport {
    /// What was asked for.
    pub ask: DoraAsk,
    /// How often something became live; `None` if nothing did.
    pub frequency: Option<Frequency>,
    /// From a commit to its being live.
    pub lead_time: Spread,
    /// Failed deployments by those that changed the environment.
    pub change_fail_rate: Share,
    /// From the first failing moment to the recovery.
    pub recovery_time: Spread,
    /// Deployments for an incident by those that changed the environment.
    pub rework_rate: Share,
    /// The deployments behind the figures, by number.
    pub deployments: Vec<DoraDeployment>,
    /// What was not counted, and why.
    pub excluded: Vec<Excluded>,
}

/// How often something became live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Frequency {
    /// How many deployments; never 0.
    pub deployments: u64,
    /// How long the period is, in milliseconds; never 0.
    pub period_ms: u64,
    /// How many days from Monday to Friday, in UTC, the period touches.
    pub weekdays: u64,
    /// The median of their numbers of deployments; `None` without such days.
    pub weekday_median: Option<u64>,
    /// The endings of these deployments.
    pub events: Vec<u64>,
}

/// Lengths of time, in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spread {
    /// The median, by nearest rank; `None` without samples.
    pub median_ms: Option<u64>,
    /// The 90th percentile, by nearest rank.
    pub p90_ms: Option<u64>,
    /// What they were calculated from, the shortest first.
    pub samples: Vec<Sample>,
}

/// One length of time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// How long, in milliseconds.
    pub ms: u64,
    /// The deployment.
    pub deployment: u64,
    /// The commit, if it is about one.
    pub commit: Option<String>,
    /// The events from which it was calculated.
    pub events: Vec<u64>,
}

impl Spread {
    pub(super) fn of(mut samples: Vec<Sample>) -> Self {
        samples.sort();
        Self { median_ms: nearest_rank(&samples, 50), p90_ms: nearest_rank(&samples, 90), samples }
    }
}

/// The smallest sample that at least `percent` % of all are not larger than.
fn nearest_rank(sorted: &[Sample], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).map(|sample| sample.ms)
}

/// A part of a number of things.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Share {
    /// How many of them.
    pub part: u64,
    /// How many things; 0 if there is nothing to calculate it from.
    pub of: u64,
    /// The endings of the deployments that are the part.
    pub events: Vec<u64>,
}

/// A deployment that ended for the first time within the period.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DoraDeployment {
    /// Its number.
    pub number: u64,
    /// When it ended for the first time, in milliseconds since 1970-01-01 UTC.
    pub ended_ms: u64,
    /// How it ended in the end.
    pub outcome: Outcome,
    /// What went wrong; `None` if nothing is known to.
    pub failure: Option<Failure>,
    /// The incident for which it was done.
    pub rework: Option<String>,
    /// Its endings.
    pub events: Vec<u64>,
}

/// What went wrong with a deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// When it began, in milliseconds since 1970-01-01 UTC, if an event says so.
    pub began_ms: Option<u64>,
    /// When the environment was well again.
    pub recovered_ms: Option<u64>,
    /// The ids of the incidents that name it.
    pub incidents: Vec<String>,
    /// The deployments that went back from it, in the order of the ledger.
    pub undone_by: Vec<u64>,
    /// The events that say so: of the beginning, the recovery, the incidents and the undoing.
    pub events: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let check = |lengths: &[u64], median, p90| {
            let sample = |ms: &u64| Sample { ms: *ms, deployment: 1, commit: None, events: vec![] };
            let spread = Spread::of(lengths.iter().map(sample).collect());
            assert_eq!((spread.median_ms, spread.p90_ms), (median, p90), "{lengths:?}");
        };
        check(&[], None, None);
        check(&[7], Some(7), Some(7));
        check(&[9, 1], Some(1), Some(9));
        check(&[3, 1, 2], Some(2), Some(3));
        check(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Some(5), Some(9));
        check(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], Some(6), Some(10));
    }
}
