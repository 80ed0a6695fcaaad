//! From entries to figures.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::ledger::{Entry, LedgerEvent, Outcome};
use belljar_model::sheet::Excluded;

use super::case::{Case, Recoveries, excluded};
use super::figures::{DAY_MS, DoraAsk, DoraReport, Frequency, Sample, Share, Spread};
use super::sheet::{EVERYTHING, FAIL_RATE, FREQUENCY, LEAD_TIME, REWORK};
use crate::reports::history::{Deployment, deployments};
use crate::reports::undoing::Undoings;

/// Calculates the five DORA metrics of 2025 for one environment and one period.
///
/// A deployment belongs to the period in which it ended (its `finished` event) for the first
/// time, so each is counted in one period only; what happened to it later counts, too. "First"
/// and "later" are places in the ledger.
///
/// * **Deployment frequency**: deployments that ended `live` or `rolled-back` / days of the
///   period. And the median of deployments per day, over the days from Monday to Friday (UTC)
///   that the period touches.
/// * **Change lead time**: for each commit in the `finished` event of a live deployment, from
///   the commit to that event. A commit counts at the first live deployment of the environment
///   that names it; zero and negative times are excluded. Median and 90th percentile.
/// * **Change fail rate**: deployments that changed the environment and ended `rolled-back` or
///   `stuck`, or that were undone, or that an incident names, whenever that was / deployments
///   that changed the environment. One has changed it if it was `applied`, or if it ended
///   otherwise than `not-applied`: a deployment that broke off halfway has changed something,
///   too. One is undone if its release is live when another deployment ends `live` whose plan
///   says that it goes back (`rollback_to`): `belljar rollback`, or the policy of `watch-env`.
///   The one that goes back is a deployment like any other.
/// * **Failed deployment recovery time**: for each deployment that counts as failed, from its
///   first failing moment to the first later `finished` event that says that it was
///   `rolled-back` or that another deployment is `live`. The failing moment is the first of: an
///   unhealthy observation of its gate or bake time (unless it passed all the same), the start
///   of its rollback, an incident that names it and, if it was undone, an observation or a
///   change of its health by `watch-env` that was unhealthy. If none of them was before it was
///   undone for the first time, the moment is the plan of the deployment that did so, and the
///   recovery the end of that one. If there is none at all, it is its end as `stuck`. Those
///   that have not recovered, and negative times, are excluded. Median and 90th percentile.
/// * **Deployment rework rate**: deployments that changed the environment and whose plan names
///   an incident / deployments that changed the environment and whose plan is known.
///
/// Percentiles are by nearest rank: the smallest sample that at least so many percent of all
/// samples are not larger than. So the median of an even number of samples is the lower of the
/// two in the middle, and every figure is one that happened.
pub fn dora(entries: &[Entry], ask: DoraAsk) -> DoraReport {
    let every = deployments(entries);
    let undoings = Undoings::find(entries, &every);
    let all: Vec<_> = every
        .into_values()
        .filter(|deployment| deployment.environment == ask.environment)
        .collect();
    let period = ask.since_ms..ask.until_ms;
    let mut excluded = unfinished(&all, &ask);
    let cohort: Vec<Case<'_>> = all
        .iter()
        .filter_map(|deployment| {
            let first = deployment.endings().next()?.0;
            Some(Case { deployment, first, undoings: undoings.of(deployment) })
        })
        .filter(|case| period.contains(&case.first.at))
        .collect();
    let frequency = frequency(&cohort, &ask, &mut excluded);
    let lead_time = lead_time(entries, &ask, &cohort, &mut excluded);
    incidents(entries, &ask, &all, &mut excluded);
    let recoveries = Recoveries::of(&all);
    let mut samples = Vec::new();
    let mut rows = Vec::new();
    let (mut failed, mut rework) = (Share::default(), Share::default());
    for case in &cohort {
        let failure = case.failure(&recoveries, &mut samples, &mut excluded);
        if case.deployment.has_changed_something() {
            failed.of += 1;
            if failure.is_some() {
                case.add_to(&mut failed);
                failed.events.extend(case.undoings.iter().map(|undoing| undoing.finished.seq));
            }
            match case.deployment.plan().map(|planned| &planned.plan.incident) {
                Some(incident) => {
                    rework.of += 1;
                    if incident.is_some() {
                        case.add_to(&mut rework);
                    }
                }
                None => excluded.push(case.excluded(REWORK, "its plan is not in the ledger")),
            }
        }
        rows.push(case.row(failure));
    }
    // One that undoes another may have ended as a failure itself.
    failed.events.sort_unstable();
    failed.events.dedup();
    DoraReport {
        ask,
        frequency,
        lead_time,
        change_fail_rate: failed,
        recovery_time: Spread::of(samples),
        rework_rate: rework,
        deployments: rows,
        excluded,
    }
}

/// Deployments that were started and never ended.
fn unfinished(all: &[Deployment<'_>], ask: &DoraAsk) -> Vec<Excluded> {
    let open = all.iter().filter(|deployment| deployment.endings().next().is_none());
    let started = open.filter_map(|deployment| Some((deployment, deployment.start()?)));
    started
        .filter(|(_, start)| start.at < ask.until_ms)
        .map(|(open, start)| excluded(EVERYTHING, open, "it has not ended", vec![start.seq]))
        .collect()
}

fn frequency(
    cohort: &[Case<'_>],
    ask: &DoraAsk,
    excluded: &mut Vec<Excluded>,
) -> Option<Frequency> {
    let mut events = Vec::new();
    let mut days: BTreeMap<u64, u64> = BTreeMap::new();
    for case in cohort {
        if case.ended(&[Outcome::Live, Outcome::RolledBack]) {
            *days.entry(case.first.at / DAY_MS).or_default() += 1;
            events.push(case.first.seq);
        } else {
            excluded.push(case.excluded(FREQUENCY, "it was neither live nor undone"));
        }
    }
    let period_ms = ask.until_ms.checked_sub(ask.since_ms).filter(|length| *length > 0)?;
    if events.is_empty() {
        return None;
    }
    let weekdays =
        weekdays_below((ask.until_ms - 1) / DAY_MS + 1) - weekdays_below(ask.since_ms / DAY_MS);
    let mut busy: Vec<_> =
        days.into_iter().filter(|(day, _)| is_weekday(*day)).map(|(_, count)| count).collect();
    busy.sort_unstable();
    let idle = weekdays - busy.len() as u64;
    let weekday_median = weekdays.div_ceil(2).checked_sub(1).map(|at| match at.checked_sub(idle) {
        Some(at) => busy.get(usize::try_from(at).unwrap_or(usize::MAX)).copied().unwrap_or(0),
        None => 0,
    });
    let deployments = events.len() as u64;
    Some(Frequency { deployments, period_ms, weekdays, weekday_median, events })
}

/// 1970-01-01 was a Thursday.
const fn is_weekday(day: u64) -> bool {
    (day + 3) % 7 < 5
}

/// How many of the days before this one, from 1970-01-01 on, are weekdays.
fn weekdays_below(day: u64) -> u64 {
    let week = day / 7;
    week * 5 + (week * 7..day).filter(|day| is_weekday(*day)).count() as u64
}

fn lead_time(
    entries: &[Entry],
    ask: &DoraAsk,
    cohort: &[Case<'_>],
    excluded: &mut Vec<Excluded>,
) -> Spread {
    let counted: BTreeSet<_> = cohort.iter().map(|case| case.deployment.number).collect();
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    let mut samples = Vec::new();
    for entry in entries {
        let LedgerEvent::Finished { environment, deployment, outcome, commits, .. } = &entry.event
        else {
            continue;
        };
        if *environment != ask.environment || *outcome != Outcome::Live {
            continue;
        }
        for commit in commits {
            let before = first.get(commit.id.as_str()).copied();
            first.entry(&commit.id).or_insert(*deployment);
            if !counted.contains(deployment) {
                continue;
            }
            let ms = entry.at.saturating_sub(commit.at_ms);
            let reason = match before {
                Some(before) => format!("it was live before, with deployment {before}"),
                None if ms == 0 => "it is not older than its deployment".to_owned(),
                None => {
                    let (events, commit) = (vec![entry.seq], Some(commit.id.clone()));
                    samples.push(Sample { ms, deployment: *deployment, commit, events });
                    continue;
                }
            };
            let (from, subject) = (LEAD_TIME.to_owned(), format!("commit {}", commit.id));
            excluded.push(Excluded { from, subject, reason, events: vec![entry.seq] });
        }
    }
    Spread::of(samples)
}

/// Incidents of the period that count for no deployment.
fn incidents(
    entries: &[Entry],
    ask: &DoraAsk,
    all: &[Deployment<'_>],
    excluded: &mut Vec<Excluded>,
) {
    let changing: BTreeSet<_> = all
        .iter()
        .filter(|deployment| deployment.has_changed_something())
        .map(|deployment| deployment.number)
        .collect();
    for entry in entries {
        let LedgerEvent::IncidentOpened { incident, environment, deployment, .. } = &entry.event
        else {
            continue;
        };
        let within = (ask.since_ms..ask.until_ms).contains(&entry.at);
        if *environment != ask.environment || !within {
            continue;
        }
        let reason = match deployment {
            None => "it names no deployment".to_owned(),
            Some(number) if !changing.contains(number) => {
                format!("it names deployment {number}, which changed nothing here")
            }
            Some(_) => continue,
        };
        let (from, subject) = (FAIL_RATE.to_owned(), format!("incident {incident}"));
        excluded.push(Excluded { from, subject, reason, events: vec![entry.seq] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_counted_from_any_day_to_any_other() {
        for from in 0..30 {
            for to in from..60 {
                let counted = (from..to).filter(|day| is_weekday(*day)).count() as u64;
                assert_eq!(weekdays_below(to) - weekdays_below(from), counted, "{from}..{to}");
            }
        }
        // 2026-01-01 was a Thursday, too; the third a Saturday.
        let day = 1_767_225_600_000 / DAY_MS;
        assert_eq!(
            [day, day + 1, day + 2, day + 3, day + 4].map(is_weekday),
            [true, true, false, false, true]
        );
    }
}
