//! The figures of a calculation that shares no code with ours: `tests/foreign/dora.py`, which
//! loads the entries as JSON into SQLite and asks in SQL.

use std::fmt::Write as _;
use std::process::Command;

use belljar_delivery::reports::{DoraAsk, DoraReport, dora};
use serde::Deserialize;

use crate::generator::generate;
use crate::golden::{happy, messy, undone, week};
use crate::logs::Log;

/// The five figures, as both calculations have them.
#[derive(PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Figures {
    /// Deployments, length of the period in ms, weekdays, median per weekday.
    pub(crate) frequency: Option<[u64; 4]>,
    /// Median and p90 in ms, and how many.
    pub(crate) lead_time: [Option<u64>; 3],
    /// A part, and of how many.
    pub(crate) fail_rate: [u64; 2],
    /// Median and p90 in ms, and how many.
    pub(crate) recovery: [Option<u64>; 3],
    /// A part, and of how many.
    pub(crate) rework: [u64; 2],
}

impl Figures {
    /// Those of our calculation. A median of no weekday counts as 0, as nothing of it is shown.
    pub(crate) fn of(report: &DoraReport) -> Self {
        let spread = |spread: &belljar_delivery::reports::Spread| {
            [spread.median_ms, spread.p90_ms, Some(spread.samples.len() as u64)]
        };
        let frequency = report.frequency.as_ref().map(|it| {
            [it.deployments, it.period_ms, it.weekdays, it.weekday_median.unwrap_or_default()]
        });
        Self {
            frequency,
            lead_time: spread(&report.lead_time),
            fail_rate: [report.change_fail_rate.part, report.change_fail_rate.of],
            recovery: spread(&report.recovery_time),
            rework: [report.rework_rate.part, report.rework_rate.of],
        }
    }
}

#[test]
fn our_figures_are_those_of_a_calculation_in_sql() {
    let mut cases: Vec<(Log, DoraAsk)> = (1..=1_000).map(|seed| generate(seed, 30)).collect();
    cases.extend([happy(), messy(), undone(), Log::default()].map(|log| (log, week())));
    let mut lines = String::new();
    for (log, ask) in &cases {
        writeln!(lines, "{}", serde_json::json!({ "ask": ask })).unwrap();
        for entry in &log.entries {
            writeln!(lines, "{}", serde_json::to_string(entry).unwrap()).unwrap();
        }
    }
    let answers = ask_python(&lines);
    assert_eq!(answers.len(), cases.len(), "one answer for each ledger");
    let mut numbers = [0; 6];
    for (seed, ((log, ask), theirs)) in (1..).zip(cases.iter().zip(answers)) {
        let report = dora(&log.entries, ask.clone());
        let ours = Figures::of(&report);
        assert_eq!(ours, theirs, "ledger {seed}: {ask:?}");
        numbers[0] += u32::from(ours.frequency.is_some_and(|it| it[3] > 0));
        numbers[1] += u32::from(ours.lead_time[0].is_some());
        numbers[2] += u32::from(ours.fail_rate[0] > 0);
        numbers[3] += u32::from(ours.recovery[0] != ours.recovery[1]);
        numbers[4] += u32::from(ours.rework[0] > 0);
        let mut failures = report.deployments.iter().filter_map(|it| it.failure.as_ref());
        numbers[5] += u32::from(failures.any(|failure| !failure.undone_by.is_empty()));
    }
    // Two calculations that find nothing agree, too; so most of the ledgers must hold something.
    assert!(numbers.iter().all(|count| *count > 150), "{numbers:?}");
}

fn ask_python(lines: &str) -> Vec<Figures> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("ledgers.jsonl");
    std::fs::write(&file, lines).expect("a file can be written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/dora.py");
    let output = Command::new("python3")
        .args([script, "--many"])
        .arg(&file)
        .output()
        .expect("this test needs `python3` (3.11 or later), which could not be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed: {problem}");
    let answers = String::from_utf8(output.stdout).expect("answers are text");
    let figures = |line| serde_json::from_str(line).expect("an answer has all figures");
    answers.lines().map(figures).collect()
}
