//! Four ledgers by hand, and their figures by hand.

use belljar_delivery::reports::{DoraAsk, dora};
use belljar_model::delivery::Condition::{Healthy, Unhealthy};
use belljar_model::delivery::DeployPlan;
use belljar_model::ledger::ObservedBy::{Bake, Gate, Watch};
use belljar_model::ledger::Outcome::{Live, NotApplied, RolledBack, Stuck};
use belljar_model::sheet::NO_DATA;

use crate::foreign::Figures;
use crate::logs::{DAY, HOUR, Log, MIN, MONDAY, back, plan, repair};

const PROD: &str = "production";

/// One week from Monday on.
pub(crate) fn week() -> DoraAsk {
    let environment = PROD.to_owned();
    DoraAsk { environment, since_ms: MONDAY, until_ms: MONDAY + 7 * DAY }
}

/// Four deployments in a week, the third fails at its gate; an incident leads to the fourth.
pub(crate) fn happy() -> Log {
    let mut log = Log::default();
    // Monday: live with two commits, 2 h and 5 h old.
    log.apply(MONDAY + 10 * HOUR, plan(PROD, 1));
    let end = MONDAY + 10 * HOUR + 5 * MIN;
    log.finish(end, (PROD, 1), Live, &[("a1", end - 2 * HOUR), ("a2", end - 5 * HOUR)]);
    // Monday again: live with one commit, 1 h old.
    log.apply(MONDAY + 15 * HOUR, plan(PROD, 2));
    let end = MONDAY + 15 * HOUR + 5 * MIN;
    log.finish(end, (PROD, 2), Live, &[("b1", end - HOUR)]);
    // Wednesday: unhealthy at 9:01, undone at 9:04: 3 min.
    let nine = MONDAY + 2 * DAY + 9 * HOUR;
    log.apply(nine, plan(PROD, 3));
    log.observe(nine + MIN, (PROD, 3), Gate, Unhealthy);
    log.observe(nine + 2 * MIN, (PROD, 3), Gate, Unhealthy);
    log.undo(nine + 2 * MIN, (PROD, 3), 2);
    log.finish(nine + 4 * MIN, (PROD, 3), RolledBack, &[]);
    // Thursday: an incident of deployment 2 at 8:00, repaired at 8:30: 30 min. 10 min old commit.
    let eight = MONDAY + 3 * DAY + 8 * HOUR;
    log.incident(eight, "INC-1", PROD, Some(2));
    log.apply(eight + 20 * MIN, repair(PROD, 4, "INC-1"));
    log.finish(eight + 30 * MIN, (PROD, 4), Live, &[("c1", eight + 20 * MIN)]);
    log
}

/// All that can be odd.
pub(crate) fn messy() -> Log {
    let mut log = Log::default();
    // Before the period: `old` is live since then.
    log.apply(MONDAY - DAY, plan(PROD, 1));
    log.finish(MONDAY - DAY + MIN, (PROD, 1), Live, &[("old", MONDAY - 2 * DAY)]);
    // Another environment: nothing of it counts.
    log.apply(MONDAY + HOUR, repair("staging", 1, "INC-9"));
    log.finish(MONDAY + HOUR, ("staging", 1), RolledBack, &[]);
    log.incident(MONDAY + HOUR, "INC-9", "staging", Some(2));
    // 2: one bad look, but the gate passes. `new` is 1 h old, `future` is younger, `now` as old
    // as its deployment, `old` was there before, and `new` stands there twice.
    let noon = MONDAY + 12 * HOUR;
    log.apply(noon, plan(PROD, 2));
    log.observe(noon + MIN, (PROD, 2), Gate, Unhealthy);
    log.observe(noon + 2 * MIN, (PROD, 2), Gate, Healthy);
    let end = noon + 3 * MIN;
    let commits = [
        ("new", end - HOUR),
        ("future", end + 1),
        ("now", end),
        ("old", MONDAY - 2 * DAY),
        ("new", end - HOUR),
    ];
    log.finish(end, (PROD, 2), Live, &commits);
    // 3 is started and 4 overtakes it. 4 breaks off halfway: never applied, and stuck.
    log.start(MONDAY + 13 * HOUR, plan(PROD, 3));
    log.start(MONDAY + 13 * HOUR, plan(PROD, 4));
    log.finish(MONDAY + 14 * HOUR, (PROD, 4), Stuck, &[]);
    // 5 fails before its first effect. An incident for it is an error.
    log.start(MONDAY + 15 * HOUR, plan(PROD, 5));
    log.finish(MONDAY + 15 * HOUR, (PROD, 5), NotApplied, &[]);
    log.incident(MONDAY + 15 * HOUR, "INC-5", PROD, Some(5));
    log.incident(MONDAY + 15 * HOUR, "INC-0", PROD, None);
    // 6 repairs: 4 was stuck at 14:00 and is well at 16:00: 2 h.
    log.apply(MONDAY + 15 * HOUR, repair(PROD, 6, "INC-5"));
    log.finish(MONDAY + 16 * HOUR, (PROD, 6), Live, &[("six", MONDAY + 14 * HOUR)]);
    // Tuesday: the watch undoes 6, twice reported; 1 h after the start of the rollback. It ends
    // a second time, and is still one deployment. An unhealthy look by the watch is no failure.
    let tuesday = MONDAY + DAY;
    log.observe(tuesday, (PROD, 6), Watch, Unhealthy);
    log.incident(tuesday + MIN, "INC-6", PROD, Some(6));
    log.undo(tuesday + 11 * MIN, (PROD, 6), 2);
    log.finish(tuesday + 61 * MIN, (PROD, 6), RolledBack, &[]);
    // 7 is undone while the clock goes back by an hour.
    log.apply(tuesday + 5 * HOUR, plan(PROD, 7));
    log.observe(tuesday + 5 * HOUR, (PROD, 7), Bake, Unhealthy);
    log.undo(tuesday + 5 * HOUR, (PROD, 7), 2);
    log.finish(tuesday + 4 * HOUR, (PROD, 7), RolledBack, &[]);
    // 8 ends at the very end of the period, so after it; 3 is repaired in no way.
    log.apply(MONDAY + 6 * DAY, plan(PROD, 8));
    log.finish(MONDAY + 7 * DAY, (PROD, 8), RolledBack, &[]);
    // An incident after the period still points at 2, and nothing repairs it.
    log.incident(MONDAY + 8 * DAY, "INC-2", PROD, Some(2));
    log
}

/// Deployments that another one went back from, and some that only look like it.
pub(crate) fn undone() -> Log {
    let mut log = Log::default();
    let (ten, nine) = (10 * HOUR, 9 * HOUR);
    log.apply(MONDAY + ten, plan(PROD, 1));
    log.finish(MONDAY + ten + 5 * MIN, (PROD, 1), Live, &[]);
    // Another environment: nothing of it counts.
    log.apply(MONDAY + ten, plan("staging", 1));
    log.finish(MONDAY + ten, ("staging", 1), Live, &[]);
    log.apply(MONDAY + ten, back("staging", 2, 1));
    log.finish(MONDAY + ten, ("staging", 2), Live, &[]);
    // Tuesday: a watch sees 2 fall ill at 12:00; 3 goes back at 12:20: 20 min.
    let tuesday = MONDAY + DAY;
    log.apply(tuesday + nine, plan(PROD, 2));
    log.finish(tuesday + nine, (PROD, 2), Live, &[]);
    log.health(tuesday + 12 * HOUR, (PROD, 2), Unhealthy);
    log.apply(tuesday + 12 * HOUR + 10 * MIN, back(PROD, 3, 1));
    log.finish(tuesday + 12 * HOUR + 20 * MIN, (PROD, 3), Live, &[]);
    // Wednesday: nobody sees 4 fail but the person who plans 5 at 10:00; it is live at 10:07:
    // 7 min. The one bad look at its gate does not count, since it passed; nor does the incident
    // that is opened afterwards.
    let wednesday = MONDAY + 2 * DAY;
    log.apply(wednesday + nine, plan(PROD, 4));
    log.observe(wednesday + nine, (PROD, 4), Gate, Unhealthy);
    log.finish(wednesday + nine + MIN, (PROD, 4), Live, &[]);
    log.apply(wednesday + ten, back(PROD, 5, 1));
    log.finish(wednesday + ten + 7 * MIN, (PROD, 5), Live, &[]);
    log.incident(wednesday + 15 * HOUR, "INC-4", PROD, Some(4));
    // Thursday: an incident of 6 at 10:00; 7 goes back for it at 10:50: 50 min.
    let thursday = MONDAY + 3 * DAY;
    log.apply(thursday + nine, plan(PROD, 6));
    log.finish(thursday + nine, (PROD, 6), Live, &[]);
    log.incident(thursday + ten, "INC-6", PROD, Some(6));
    let incident = Some("INC-6".to_owned());
    log.apply(thursday + ten + 20 * MIN, DeployPlan { incident, ..back(PROD, 7, 1) });
    log.finish(thursday + ten + 50 * MIN, (PROD, 7), Live, &[]);
    // Friday: 8 would go back from 7 and fails at its gate: 9:01 to 9:04, 3 min. 9 changes
    // nothing. So 7 is live until 10 goes back from it: planned at 12:00, live at 12:10: 10 min.
    let friday = MONDAY + 4 * DAY;
    log.apply(friday + nine, back(PROD, 8, 1));
    log.observe(friday + nine + MIN, (PROD, 8), Gate, Unhealthy);
    log.undo(friday + nine + 2 * MIN, (PROD, 8), 7);
    log.finish(friday + nine + 4 * MIN, (PROD, 8), RolledBack, &[]);
    log.start(friday + ten, back(PROD, 9, 1));
    log.finish(friday + ten, (PROD, 9), NotApplied, &[]);
    log.apply(friday + 12 * HOUR, back(PROD, 10, 1));
    log.finish(friday + 12 * HOUR + 10 * MIN, (PROD, 10), Live, &[]);
    // Saturday: 11 is stuck at 9:00, so nothing is live that 12 could undo; 12 repairs it: 40 min.
    let saturday = MONDAY + 5 * DAY;
    log.apply(saturday + nine, plan(PROD, 11));
    log.finish(saturday + nine, (PROD, 11), Stuck, &[]);
    log.apply(saturday + nine + 30 * MIN, back(PROD, 12, 1));
    log.finish(saturday + nine + 40 * MIN, (PROD, 12), Live, &[]);
    // Sunday: 13 goes on from 12, which is no failure of 12. A watch saw 12 ill before, which is
    // none either.
    log.observe(saturday + ten, (PROD, 12), Watch, Unhealthy);
    log.health(saturday + ten, (PROD, 12), Unhealthy);
    log.apply(saturday + DAY, plan(PROD, 13));
    log.finish(saturday + DAY, (PROD, 13), Live, &[]);
    log
}

#[test]
fn the_log_of_undone_deployments_has_the_figures_that_were_calculated_by_hand() {
    let log = undone();
    let report = dora(&log.entries, week());
    // Frequency: 13 but 9 and 11; per weekday 1, 2, 2, 2, 2 (8 and 10 on Friday): the third is 2.
    // Changed: 13 but 9. Failed: 2, 4, 6, 7 were undone; 8 and 11.
    // Recovery: 3, 7, 10, 20, 40, 50 min: the third and the sixth (0.9 * 6 = 5.4).
    // Rework: 7.
    let expected = Figures {
        frequency: Some([11, 7 * DAY, 5, 2]),
        lead_time: [None, None, Some(0)],
        fail_rate: [6, 12],
        recovery: [Some(10 * MIN), Some(50 * MIN), Some(6)],
        rework: [1, 12],
    };
    assert_eq!(Figures::of(&report), expected);
    let of =
        |number| (number, report.recovery_time.samples.iter().find(|it| it.deployment == number));
    let lengths =
        [2, 4, 6, 7, 8, 11].map(of).map(|(number, it)| (number, it.map(|it| it.ms / MIN)));
    let by_hand = [(2, 20), (4, 7), (6, 50), (7, 10), (8, 3), (11, 40)];
    assert_eq!(lengths, by_hand.map(|(number, minutes)| (number, Some(minutes))));
    let sheet = report.sheet();
    let outcomes: Vec<_> = sheet.tables[0].rows.iter().map(|row| &*row.cells[2]).collect();
    assert_eq!(
        outcomes,
        [
            "live",
            "live, undone by #3",
            "live",
            "live, undone by #5",
            "live",
            "live, undone by #7",
            "live, undone by #10",
            "rolled-back",
            "not-applied",
            "live",
            "stuck",
            "live",
            "live"
        ]
    );
}

#[test]
fn the_happy_log_has_the_figures_that_were_calculated_by_hand() {
    let log = happy();
    let report = dora(&log.entries, week());
    // Frequency: 4 (three live, one undone) in 7 days; per weekday 2, 0, 1, 1, 0: sorted
    // 0 0 1 1 2, the third is 1.
    // Lead times: 10 min, 1 h, 2 h, 5 h: the second and the fourth (0.9 * 4 = 3.6).
    // Failed: 3 and 2 of 4. Recovery: 3 min and 30 min: the first and the second.
    // Rework: 4 of 4.
    let expected = Figures {
        frequency: Some([4, 7 * DAY, 5, 1]),
        lead_time: [Some(HOUR), Some(5 * HOUR), Some(4)],
        fail_rate: [2, 4],
        recovery: [Some(3 * MIN), Some(30 * MIN), Some(2)],
        rework: [1, 4],
    };
    assert_eq!(Figures::of(&report), expected);
    assert_eq!(report.excluded, []);
    let values: Vec<_> = report.sheet().facts.into_iter().map(|fact| fact.value).collect();
    assert_eq!(
        values,
        [
            "4.00 per week (4 deployments in 7 d), median 1 per weekday",
            "median 1 h, p90 5 h",
            "50.0 % (2 of 4)",
            "median 3 min, p90 30 min",
            "25.0 % (1 of 4)"
        ]
    );
}

#[test]
fn the_messy_log_has_the_figures_that_were_calculated_by_hand() {
    let log = messy();
    let report = dora(&log.entries, week());
    // Ended within: 2 live, 4 stuck, 5 not applied, 6 live and undone, 7 undone.
    // Frequency: 2, 6, 7 by their first end: Monday 2, Tuesday 1: 0 0 0 1 2: median 0.
    // Lead times: `new` 1 h and `six` 2 h.
    // Changed: 2, 4, 6, 7. Failed: 2 (by INC-2), 4, 6, 7.
    // Recovery: 4 in 2 h; 6 from INC-6 in 1 h; 7 went back in time; 2 never: two samples.
    // Rework: 6 of the four.
    let expected = Figures {
        frequency: Some([3, 7 * DAY, 5, 0]),
        lead_time: [Some(HOUR), Some(2 * HOUR), Some(2)],
        fail_rate: [4, 4],
        recovery: [Some(HOUR), Some(2 * HOUR), Some(2)],
        rework: [1, 4],
    };
    assert_eq!(Figures::of(&report), expected);
    let excluded: Vec<_> = report
        .excluded
        .iter()
        .map(|it| format!("{}: {}: {}", it.from, it.subject, it.reason))
        .collect();
    assert_eq!(
        excluded,
        [
            "All figures: deployment 3: it has not ended",
            "Deployment frequency: deployment 4: it was neither live nor undone",
            "Deployment frequency: deployment 5: it was neither live nor undone",
            "Change lead time: commit future: it is not older than its deployment",
            "Change lead time: commit now: it is not older than its deployment",
            "Change lead time: commit old: it was live before, with deployment 1",
            "Change lead time: commit new: it was live before, with deployment 2",
            "Change fail rate: incident INC-5: it names deployment 5, which changed nothing here",
            "Change fail rate: incident INC-0: it names no deployment",
            "Failed deployment recovery time: deployment 2: it has not recovered: nothing is live \
                after it, nor was it undone",
            "Change fail rate, Deployment rework rate: deployment 5: it changed nothing",
            "Failed deployment recovery time: deployment 7: the clock went back between its \
                failure and the recovery",
        ]
    );
}

#[test]
fn without_data_no_figure_is_a_number() {
    let asks = [
        week(),
        DoraAsk { until_ms: MONDAY, ..week() },
        DoraAsk { environment: "elsewhere".to_owned(), ..week() },
    ];
    let planned = {
        let mut log = Log::default();
        log.start(MONDAY + 30 * DAY, plan(PROD, 1));
        log
    };
    for (log, ask) in [Log::default(), planned, happy()].iter().zip(asks) {
        let report = dora(&log.entries, ask);
        let none = Figures {
            frequency: None,
            lead_time: [None, None, Some(0)],
            fail_rate: [0, 0],
            recovery: [None, None, Some(0)],
            rework: [0, 0],
        };
        assert_eq!(Figures::of(&report), none);
        for fact in report.sheet().facts {
            assert_eq!((fact.value.as_str(), fact.exact, fact.n), (NO_DATA, None, 0));
            assert!(fact.events.is_empty());
        }
    }
}
