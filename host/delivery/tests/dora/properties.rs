//! What holds for the figures of every ledger.

use std::collections::{BTreeMap, BTreeSet};

use belljar_delivery::Standing;
use belljar_delivery::reports::{DoraAsk, dora, releases};
use belljar_model::ledger::{Entry, LedgerEvent, Outcome};

use crate::generator::generate;
use crate::logs::DAY;

#[test]
fn periods_side_by_side_count_each_deployment_once() {
    for seed in 1..300 {
        let (log, ask) = generate(seed, 30);
        let middle = ask.since_ms + (ask.until_ms - ask.since_ms) / 2;
        let whole = dora(&log.entries, ask.clone());
        let first = dora(&log.entries, DoraAsk { until_ms: middle, ..ask.clone() });
        let second = dora(&log.entries, DoraAsk { since_ms: middle, ..ask });
        let sum = |of: &dyn Fn(&belljar_delivery::reports::DoraReport) -> u64| {
            assert_eq!(of(&whole), of(&first) + of(&second), "ledger {seed}");
        };
        sum(&|it| it.frequency.as_ref().map_or(0, |frequency| frequency.deployments));
        sum(&|it| it.change_fail_rate.part);
        sum(&|it| it.change_fail_rate.of);
        sum(&|it| it.rework_rate.part);
        sum(&|it| it.rework_rate.of);
        sum(&|it| it.lead_time.samples.len() as u64);
        sum(&|it| it.recovery_time.samples.len() as u64);
    }
}

#[test]
fn every_event_that_is_named_is_in_the_ledger_and_of_the_environment() {
    for seed in 1..300 {
        let (log, ask) = generate(seed, 30);
        // In most events a name; in a plan the environment itself.
        let name = format!("\"{}\"", ask.environment);
        let forms = ["", "{\"name\":"].map(|form| format!("\"environment\":{form}{name}"));
        let own: BTreeSet<_> = log
            .entries
            .iter()
            .filter(|entry| {
                let line = serde_json::to_string(entry).unwrap();
                forms.iter().any(|form| line.contains(form))
            })
            .map(|entry| entry.seq)
            .collect();
        let sheet = dora(&log.entries, ask).sheet();
        let facts = sheet.facts.iter().map(|fact| &fact.events);
        let rows = sheet.tables.iter().flat_map(|table| &table.rows).map(|row| &row.events);
        let excluded = sheet.excluded.iter().map(|excluded| &excluded.events);
        for events in rows.chain(excluded) {
            assert!(!events.is_empty(), "ledger {seed}");
            assert!(events.iter().all(|seq| own.contains(seq)), "ledger {seed}: {events:?}");
        }
        assert!(facts.flatten().all(|seq| own.contains(seq)), "ledger {seed}");
        let table = |sheet: &belljar_model::sheet::Sheet| {
            let tables = sheet.tables.iter();
            tables.map(|it| (it.columns.len(), it.rows.clone())).collect::<Vec<_>>()
        };
        for (columns, rows) in table(&sheet) {
            assert!(rows.iter().all(|row| row.cells.len() == columns), "ledger {seed}");
        }
    }
}

/// Per deployment of an environment, which others undid it: as [`Standing`] knows what is live.
/// Nothing here is shared with the reports.
fn undone(entries: &[Entry], of: &str) -> BTreeMap<u64, Vec<u64>> {
    let mut undone: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let LedgerEvent::Finished { environment, deployment, outcome, .. } = &entry.event else {
            continue;
        };
        if environment != of || *outcome != Outcome::Live {
            continue;
        }
        let before = Standing::of(&entries[..at], of);
        let plan = &before.deployments[deployment].plan;
        if let (Some(_), Some(live)) = (plan.rollback_to, before.live)
            && live != *deployment
        {
            undone.entry(live).or_default().push(*deployment);
        }
    }
    undone
}

#[test]
fn a_deployment_is_undone_if_it_was_live_when_another_went_back() {
    let mut found = 0;
    for seed in 1..300 {
        let (log, ask) = generate(seed, 30);
        // What was exported without its plans, or was planned twice, is another matter.
        let mut plans: BTreeMap<_, u32> = BTreeMap::new();
        for entry in &log.entries {
            if let LedgerEvent::Planned { plan, .. } = &entry.event {
                *plans.entry((plan.environment.name.clone(), plan.number)).or_default() += 1;
            }
        }
        let whole = |entry: &Entry| match &entry.event {
            LedgerEvent::Finished { environment, deployment, .. }
            | LedgerEvent::RollbackStarted { environment, deployment, .. } => {
                plans.get(&(environment.clone(), *deployment)) == Some(&1)
            }
            _ => true,
        };
        let entries: Vec<_> = log.entries.iter().filter(|entry| whole(entry)).cloned().collect();
        let rows = releases(&entries, 0).rows;
        let rows = rows.into_iter().filter(|row| row.environment == ask.environment);
        let ours: BTreeMap<_, _> = rows
            .filter(|row| !row.undone_by.is_empty())
            .map(|row| (row.number, row.undone_by))
            .collect();
        let mut theirs = undone(&entries, &ask.environment);
        // A rollback may name a deployment that never was.
        theirs.remove(&0);
        assert_eq!(ours, theirs, "ledger {seed}");
        found += theirs.len();
    }
    assert!(found > 300, "{found}");
}

#[test]
fn a_report_never_panics_whatever_the_period() {
    let (log, ask) = generate(7, 30);
    for since_ms in [0, 1, ask.since_ms, u64::MAX] {
        for until_ms in [0, 1, ask.until_ms, ask.until_ms + 400 * DAY, u64::MAX] {
            let ask = DoraAsk { since_ms, until_ms, ..ask.clone() };
            let sheet = dora(&log.entries, ask).sheet();
            assert_eq!(sheet.facts.len(), 5);
        }
    }
}
