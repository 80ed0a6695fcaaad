//! The figures for people.

use belljar_model::sheet::{Column, Exact, Fact, NO_DATA, Row, Sheet, Table};

use super::figures::{DAY_MS, DoraDeployment, DoraReport, Share, Spread};
use crate::reports::undoing::undone_by;
use crate::reports::words::{count, instant, length, percent};

pub(super) const EVERYTHING: &str = "All figures";
pub(super) const FREQUENCY: &str = "Deployment frequency";
pub(super) const LEAD_TIME: &str = "Change lead time";
pub(super) const FAIL_RATE: &str = "Change fail rate";
pub(super) const RECOVERY: &str = "Failed deployment recovery time";
pub(super) const REWORK: &str = "Deployment rework rate";

const FREQUENCY_FORMULA: &str = "Deployments that ended live or rolled-back / days of the period \
    (and the median per day, Monday to Friday in UTC).";
const LEAD_TIME_FORMULA: &str = "For each commit, from the commit to the end of its first live \
    deployment; zero and negative times are excluded. Median; p90 is the 90th percentile.";
const FAIL_RATE_FORMULA: &str = "Deployments that changed the environment and ended rolled-back or \
    stuck, or that a later deployment undid (it went back, by hand or by policy, while they were \
    live), or that an incident names / deployments that changed the environment.";
const RECOVERY_FORMULA: &str = "For each deployment that counts as failed, from its first failing \
    moment (unhealthy at its gate or bake time, the start of its rollback, an incident that names \
    it or, if it was undone, ill health while it was live; else the plan that undid it, or its \
    end as stuck) to its being rolled back or another deployment being live, whichever is first. \
    Median; p90 is the 90th percentile.";
const REWORK_FORMULA: &str = "Deployments that changed the environment and were planned for an \
    incident / deployments that changed the environment and whose plan is known.";

impl DoraReport {
    /// The report for people: figures with their formulas, every deployment and every commit
    /// behind them, and what was not counted.
    pub fn sheet(&self) -> Sheet {
        let ask = &self.ask;
        let (since, until) = (instant(ask.since_ms), instant(ask.until_ms));
        Sheet {
            title: format!("DORA metrics of {}", ask.environment),
            about: vec![format!("{since} to {until} UTC")],
            facts: vec![
                self.frequency_fact(),
                spread(LEAD_TIME, &self.lead_time, LEAD_TIME_FORMULA),
                share(FAIL_RATE, &self.change_fail_rate, FAIL_RATE_FORMULA),
                spread(RECOVERY, &self.recovery_time, RECOVERY_FORMULA),
                share(REWORK, &self.rework_rate, REWORK_FORMULA),
            ],
            tables: vec![self.deployment_table(), self.commit_table()],
            excluded: self.excluded.clone(),
            notes: vec![
                "A deployment belongs to the period in which it ended for the first time; what \
                    happened to it later counts, too. One that undoes another is a deployment \
                    like any other. Percentiles are by nearest rank: each is a \
                    time that was measured."
                    .to_owned(),
            ],
        }
    }

    fn frequency_fact(&self) -> Fact {
        let (mut value, mut exact) = (NO_DATA.to_owned(), None);
        if let Some(frequency) = &self.frequency {
            let (n, period) = (frequency.deployments, frequency.period_ms);
            value =
                format!("{} ({} in {})", rate(n, period), count(n, "deployment"), length(period));
            if let Some(median) = frequency.weekday_median {
                value.push_str(&format!(", median {median} per weekday"));
            }
            let unit = "per day".to_owned();
            let numerator = n.saturating_mul(DAY_MS);
            exact = Some(Exact { numerator, denominator: period, unit });
        }
        let frequency = self.frequency.as_ref();
        Fact {
            label: FREQUENCY.to_owned(),
            value,
            exact,
            n: frequency.map_or(0, |frequency| frequency.deployments),
            formula: FREQUENCY_FORMULA.to_owned(),
            events: frequency.map(|frequency| frequency.events.clone()).unwrap_or_default(),
        }
    }

    fn deployment_table(&self) -> Table {
        let mut table = Table::new(
            "Deployments",
            &[
                Column::number("number"),
                Column::text("ended"),
                Column::text("outcome"),
                Column::text("failed"),
                Column::text("recovered after"),
                Column::text("incidents"),
                Column::text("rework for"),
            ],
        );
        table.rows = self.deployments.iter().map(deployment_row).collect();
        table
    }

    fn commit_table(&self) -> Table {
        let columns =
            [Column::text("commit"), Column::number("deployment"), Column::number("lead time")];
        let mut table = Table::new("Commits", &columns);
        table.rows = self
            .lead_time
            .samples
            .iter()
            .map(|sample| {
                let commit = sample.commit.clone().unwrap_or_default();
                let cells = vec![commit, sample.deployment.to_string(), length(sample.ms)];
                Row { cells, events: sample.events.clone() }
            })
            .collect();
        table
    }
}

fn deployment_row(deployment: &DoraDeployment) -> Row {
    let mut cells = vec![
        deployment.number.to_string(),
        instant(deployment.ended_ms),
        deployment.outcome.as_str().to_owned(),
    ];
    let undone = deployment.failure.as_ref().and_then(|failure| undone_by(&failure.undone_by));
    if let Some(undone) = undone {
        cells[2] = format!("{}, {undone}", cells[2]);
    }
    let mut events = deployment.events.clone();
    match &deployment.failure {
        None => cells.extend([String::new(), String::new(), String::new()]),
        Some(failure) => {
            let after = failure.began_ms.zip(failure.recovered_ms);
            cells.push(failure.began_ms.map_or_else(|| "time unknown".to_owned(), instant));
            cells.push(match after.map(|(from, to)| to.checked_sub(from)) {
                Some(Some(ms)) => length(ms),
                Some(None) => "time unknown".to_owned(),
                None => "not yet".to_owned(),
            });
            cells.push(failure.incidents.join(", "));
            events.extend(&failure.events);
        }
    }
    cells.push(deployment.rework.clone().unwrap_or_default());
    events.sort_unstable();
    events.dedup();
    Row { cells, events }
}

fn spread(label: &str, spread: &Spread, formula: &str) -> Fact {
    let value = match (spread.median_ms, spread.p90_ms) {
        (Some(median), Some(p90)) => format!("median {}, p90 {}", length(median), length(p90)),
        _ => NO_DATA.to_owned(),
    };
    let unit = || "ms".to_owned();
    let exact = spread.median_ms.map(|ms| Exact { numerator: ms, denominator: 1, unit: unit() });
    let mut events: Vec<_> =
        spread.samples.iter().flat_map(|sample| sample.events.iter().copied()).collect();
    events.sort_unstable();
    events.dedup();
    let n = spread.samples.len() as u64;
    Fact { label: label.to_owned(), value, exact, n, formula: formula.to_owned(), events }
}

fn share(label: &str, share: &Share, formula: &str) -> Fact {
    let Share { part, of, events } = share;
    let (value, exact) = if *of == 0 {
        (NO_DATA.to_owned(), None)
    } else {
        let unit = "share".to_owned();
        let exact = Exact { numerator: *part, denominator: *of, unit };
        (format!("{} ({part} of {of})", percent(*part, *of)), Some(exact))
    };
    let (label, formula) = (label.to_owned(), formula.to_owned());
    Fact { label, value, exact, n: *of, formula, events: events.clone() }
}

/// `1.43 per day`, or per week or per 30 days, if it is rarer.
fn rate(deployments: u64, period_ms: u64) -> String {
    let per = |days: u64| {
        let hundredths = u128::from(deployments) * u128::from(days * DAY_MS) * 100;
        (hundredths + u128::from(period_ms) / 2) / u128::from(period_ms)
    };
    let units = [(1, "day"), (7, "week"), (30, "30 days")];
    let often = units.into_iter().find(|(days, _)| per(*days) >= 100);
    let (days, unit) = often.unwrap_or((30, "30 days"));
    format!("{}.{:02} per {unit}", per(days) / 100, per(days) % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_use_the_unit_in_which_something_happens() {
        let check = |deployments, days, text: &str| {
            assert_eq!(rate(deployments, days * DAY_MS), text);
        };
        check(10, 7, "1.43 per day");
        check(2, 14, "1.00 per week");
        check(1, 30, "1.00 per 30 days");
        check(1, 365, "0.08 per 30 days");
    }
}
