//! What holds for the figures of every ledger.

use std::collections::BTreeSet;

use belljar_delivery::reports::{DoraAsk, dora};

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
        let environment = format!("\"environment\":\"{}\"", ask.environment);
        let own: BTreeSet<_> = log
            .entries
            .iter()
            .filter(|entry| serde_json::to_string(entry).unwrap().contains(&environment))
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
