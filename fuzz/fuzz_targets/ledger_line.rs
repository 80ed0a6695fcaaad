//! Lines of a ledger: any that can be read are folded, reported and shown without a panic.
#![no_main]

use belljar_delivery::Standing;
use belljar_delivery::reports::{DoraAsk, dora, releases, risk};
use belljar_model::ledger::{Entry, LedgerEvent};
use belljar_report::Style;
use belljar_report::delivery::Progress;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let entries: Vec<Entry> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for entry in &entries {
        let again = serde_json::to_string(entry).expect("what was read can be written");
        let again: Entry = serde_json::from_str(&again).expect("what was written can be read");
        assert_eq!(&again, entry);
    }
    let Some(first) = entries.first() else { return };
    let environment = first.event.environment().unwrap_or("production");
    let _ = Standing::of(&entries, environment).next_number();
    let ask = DoraAsk { environment: environment.to_owned(), since_ms: 0, until_ms: u64::MAX };
    let _ = dora(&entries, ask).sheet();
    let _ = releases(&entries, 0).sheet();
    let _ = risk(&entries, 0).sheet();
    let plan = entries.iter().find_map(|entry| match &entry.event {
        LedgerEvent::Planned { plan, .. } => Some(plan),
        _ => None,
    });
    let Some(plan) = plan else { return };
    let mut progress = Progress::new(plan, Style::plain());
    for line in entries.iter().filter_map(|entry| progress.read(entry)) {
        assert!(!line.contains('\u{1b}'), "what a ledger holds cannot reach the terminal raw");
    }
});
