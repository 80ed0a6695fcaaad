//! Properties of the Schedule over random graphs, completion orders, failures and cancellations.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One random run: a graph, and all choices that a run makes.
#[derive(Clone, Debug)]
struct Case {
    needs: Vec<Vec<usize>>,
    expected: Vec<Option<u64>>,
    /// How each step ends, if it is started.
    outcomes: Vec<Outcome>,
    on_failure: OnFailure,
    workers: usize,
    /// Which of the running steps ends next, taken in a circle.
    order: Vec<usize>,
    /// After how many completions the run is cancelled.
    cancel_after: Option<usize>,
}

/// What was seen while a case ran.
#[derive(Debug, Default)]
struct Seen {
    started: Vec<usize>,
    ended: Vec<(usize, Outcome)>,
    skipped: Vec<Skip>,
    most_running: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    (1..40_usize).prop_flat_map(|count| {
        let needs = (0..count)
            .map(|step| {
                vec(0..step.max(1), 0..4.min(step + 1)).prop_map(move |mut needs| {
                    needs.retain(|&need| need < step);
                    needs
                })
            })
            .collect::<Vec<_>>();
        let outcome = prop_oneof![
            8 => Just(Outcome::Passed),
            1 => Just(Outcome::Failed),
            1 => Just(Outcome::Errored),
        ];
        let on_failure = prop_oneof![Just(OnFailure::Stop), Just(OnFailure::KeepGoing)];
        let choices = (on_failure, 1..5_usize, vec(0..8_usize, 1..20));
        let cancel_after = prop_oneof![3 => Just(None), 1 => (0..count).prop_map(Some)];
        let expected = vec(proptest::option::of(0..1000_u64), count);
        (needs, expected, vec(outcome, count), choices, cancel_after).prop_map(
            |(needs, expected, outcomes, (on_failure, workers, order), cancel_after)| Case {
                needs,
                expected,
                outcomes,
                on_failure,
                workers,
                order,
                cancel_after,
            },
        )
    })
}

/// Plays a case to its end.
fn play(case: &Case) -> (Schedule, Seen) {
    let mut schedule = Schedule::new(&case.needs, &case.expected, case.on_failure);
    let mut seen = Seen::default();
    let mut running: Vec<usize> = Vec::new();
    let mut order = case.order.iter().cycle();
    loop {
        let cancelled = case.cancel_after.is_some_and(|after| seen.ended.len() >= after);
        if cancelled {
            seen.skipped.extend(schedule.cancel());
        }
        while running.len() < case.workers {
            let Some(step) = schedule.start_next() else { break };
            seen.started.push(step);
            running.push(step);
        }
        seen.most_running = seen.most_running.max(running.len());
        if running.is_empty() {
            return (schedule, seen);
        }
        let choice = order.next().expect("the circle is not empty") % running.len();
        let step = running.swap_remove(choice);
        let outcome = if cancelled { Outcome::Cancelled } else { case.outcomes[step] };
        seen.ended.push((step, outcome));
        seen.skipped.extend(schedule.finish(step, outcome));
    }
}

/// The steps below `failed`, itself not included.
fn below(needs: &[Vec<usize>], failed: usize) -> BTreeSet<usize> {
    let mut below = BTreeSet::from([failed]);
    for (step, needs) in needs.iter().enumerate().skip(failed + 1) {
        if needs.iter().any(|need| below.contains(need)) {
            below.insert(step);
        }
    }
    below.remove(&failed);
    below
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_step_settles_exactly_once(case in cases()) {
        let (schedule, seen) = play(&case);
        prop_assert!(schedule.is_settled());
        let mut settled: Vec<_> = seen.skipped.iter().map(|skip| skip.step).collect();
        settled.extend(seen.ended.iter().map(|(step, _)| step));
        settled.sort_unstable();
        prop_assert_eq!(settled, (0..case.needs.len()).collect::<Vec<_>>());
        for step in 0..case.needs.len() {
            prop_assert!(schedule.state(step).is_settled());
        }
    }

    #[test]
    fn no_step_starts_before_its_needs_have_passed(case in cases()) {
        let mut schedule = Schedule::new(&case.needs, &case.expected, case.on_failure);
        let mut passed = BTreeSet::new();
        while let Some(step) = schedule.start_next() {
            prop_assert!(case.needs[step].iter().all(|need| passed.contains(need)));
            if case.outcomes[step] == Outcome::Passed {
                passed.insert(step);
            }
            schedule.finish(step, case.outcomes[step]);
        }
    }

    #[test]
    fn a_step_is_skipped_for_the_first_step_above_it_that_did_not_pass(mut case in cases()) {
        case.cancel_after = None;
        case.on_failure = OnFailure::KeepGoing;
        let (_, seen) = play(&case);
        let failures: Vec<_> = seen.ended.iter().filter(|end| end.1 != Outcome::Passed).collect();
        for skip in &seen.skipped {
            let first = failures.iter().find(|end| below(&case.needs, end.0).contains(&skip.step));
            prop_assert_eq!(skip.because, first.map(|end| end.0));
        }
    }

    #[test]
    fn keep_going_runs_all_that_no_failure_is_above(mut case in cases()) {
        case.cancel_after = None;
        case.on_failure = OnFailure::KeepGoing;
        let (_, seen) = play(&case);
        let mut expected: BTreeSet<_> = (0..case.needs.len()).collect();
        for (step, outcome) in &seen.ended {
            if *outcome != Outcome::Passed {
                let below = below(&case.needs, *step);
                expected.retain(|step| !below.contains(step));
            }
        }
        prop_assert_eq!(seen.started.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn after_a_failure_fail_fast_starts_nothing(mut case in cases()) {
        case.cancel_after = None;
        case.on_failure = OnFailure::Stop;
        let (_, seen) = play(&case);
        if let Some(first) = seen.ended.iter().position(|end| end.1 != Outcome::Passed) {
            let running_then = case.workers - 1;
            prop_assert!(seen.started.len() <= first + 1 + running_then);
            prop_assert!(seen.skipped.iter().all(|skip| skip.because == Some(seen.ended[first].0)));
        } else {
            prop_assert!(seen.skipped.is_empty());
        }
    }

    #[test]
    fn after_a_cancellation_nothing_starts(case in cases()) {
        let (_, seen) = play(&case);
        if let Some(after) = case.cancel_after {
            let started_by_then = after + case.workers;
            prop_assert!(seen.started.len() <= started_by_then);
        }
        prop_assert!(seen.most_running <= case.workers);
    }

    #[test]
    fn one_worker_always_takes_the_longest_path(case in cases()) {
        let mut schedule = Schedule::new(&case.needs, &case.expected, case.on_failure);
        let states = |schedule: &Schedule, wanted| {
            let all = 0..case.needs.len();
            all.filter(|&step| schedule.state(step) == wanted).collect::<Vec<_>>()
        };
        loop {
            let ready = states(&schedule, StepState::Ready);
            prop_assert_eq!(ready.len(), schedule.ready());
            let Some(step) = schedule.start_next() else { break };
            let longest = ready.iter().map(|&step| schedule.priority(step)).max();
            prop_assert_eq!(Some(schedule.priority(step)), longest);
            schedule.finish(step, case.outcomes[step]);
        }
    }
}

#[test]
fn a_need_that_is_named_twice_is_waited_for_once() {
    let mut schedule = Schedule::new(&[vec![], vec![0, 0]], &[None; 2], OnFailure::Stop);
    assert_eq!(schedule.start_next(), Some(0));
    assert_eq!(schedule.start_next(), None);
    schedule.finish(0, Outcome::Passed);
    assert_eq!(schedule.start_next(), Some(1));
}

#[test]
fn ten_thousand_steps_above_one_that_fails_are_skipped_in_one_pass() {
    let needs: Vec<_> = (0..10_000).map(|step| (0..step).rev().take(10).collect()).collect();
    let mut schedule = Schedule::new(&needs, &vec![None; 10_000], OnFailure::KeepGoing);
    let first = schedule.start_next().expect("the first needs nothing");
    assert_eq!(schedule.finish(first, Outcome::Failed).len(), 9_999);
    assert!(schedule.is_settled());
}
