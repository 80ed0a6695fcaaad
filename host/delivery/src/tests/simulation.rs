//! The process dies at each of its calls to the outside, and another one goes on.

use std::collections::BTreeMap;

use belljar_model::delivery::{Condition, Release};
use belljar_model::ledger::Outcome;
use belljar_model::{Digest, LedgerEvent};

use crate::standing::Phase;
use crate::testing::{Behavior, Moment, Stage};

/// More calls than any deployment of these tests makes.
const CALLS: usize = 80;

/// What a deployment of the second release meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Case {
    Good,
    Ill,
    FailsHalfway,
    FailsAtOnce,
}

impl Case {
    fn outcome(self) -> Outcome {
        match self {
            Self::Good => Outcome::Live,
            Self::Ill | Self::FailsHalfway => Outcome::RolledBack,
            Self::FailsAtOnce => Outcome::NotApplied,
        }
    }

    /// A first release is live, and the second one meets this case.
    fn stage(self) -> (Stage, Release, Release) {
        let stage = Stage::new();
        let first = stage.live("one");
        let second = stage.release("two");
        match self {
            Self::Good => {}
            Self::Ill => drop(stage.world.state().ill.insert(second.id.hex())),
            Self::FailsHalfway => stage.plugin.behave(Behavior::FailsHalfway),
            Self::FailsAtOnce => stage.plugin.behave(Behavior::FailsAtOnce),
        }
        (stage, first, second)
    }
}

/// Goes on until the deployment has ended, as another process would.
fn go_on(stage: &Stage, case: Case) -> Outcome {
    if matches!(case, Case::FailsHalfway | Case::FailsAtOnce) && stage.standing().live.is_some() {
        let going_back = stage.standing().going_on().is_some_and(|now| now.rollback.is_some());
        stage.plugin.behave(if going_back { Behavior::Honest } else { case.behavior() });
    }
    let standing = stage.standing();
    let last = standing.deployments.values().next_back().unwrap();
    if let Phase::Ended(outcome) = last.phase {
        return outcome;
    }
    let finished = crate::carry_out(&stage.ports, "production", (last.number, last.digest));
    finished.unwrap().outcome
}

impl Case {
    const fn behavior(self) -> Behavior {
        match self {
            Self::FailsHalfway => Behavior::FailsHalfway,
            Self::FailsAtOnce => Behavior::FailsAtOnce,
            Self::Good | Self::Ill => Behavior::Honest,
        }
    }
}

/// What must hold whenever a deployment has ended.
fn check(stage: &Stage, (live, deaths): (Option<&Release>, usize), context: &str) {
    let standing = stage.standing();
    assert!(standing.going_on().is_none(), "{context}: something goes on");
    let says = standing.live_deployment().map(|live| live.plan.release.id.hex());
    assert_eq!(says, live.map(|live| live.id.hex()), "{context}: what the ledger says");
    assert_eq!(stage.world.pointer(), says, "{context}: what is live");
    // Every effect that left was announced, and sent again only if it was in the air.
    let mut intended: BTreeMap<(u64, bool, u32), usize> = BTreeMap::new();
    for event in stage.ledger.events() {
        if let LedgerEvent::EffectIntended { deployment, rollback, index, .. } = event {
            *intended.entry((deployment, rollback, index)).or_default() += 1;
        }
    }
    assert!(intended.values().all(|count| *count <= 1 + deaths), "{context}: {intended:?}");
}

#[test]
fn a_process_that_dies_at_any_call_leaves_what_the_next_one_ends() {
    belljar_cases::case!("I04");
    for case in [Case::Good, Case::Ill] {
        for moment in [Moment::Before, Moment::After] {
            let mut deaths = 0;
            for call in 1..=CALLS {
                let context = format!("{case:?}, dies {moment:?} call {call}");
                let (stage, first, second) = case.stage();
                stage.life.end_at(call, moment);
                let died = stage.deploy(&second).is_err();
                assert_eq!(stage.life.begin_again(), died, "{context}");
                deaths += usize::from(died);
                if stage.standing().deployments.len() == 1 {
                    // It died before its plan was written down.
                    check(&stage, (Some(&first), 1), &context);
                    continue;
                }
                let outcome = go_on(&stage, case);
                assert_eq!(outcome, case.outcome(), "{context}");
                let live = if outcome == Outcome::Live { &second } else { &first };
                check(&stage, (Some(live), 1), &context);
            }
            assert!((15..CALLS).contains(&deaths), "{deaths} deaths: the loop covers the whole");
        }
    }
}

#[test]
fn a_process_that_dies_twice_is_no_worse() {
    belljar_cases::case!("I04");
    for first_death in 1..30 {
        for second_death in 1..12 {
            let (stage, first, second) = Case::Ill.stage();
            stage.life.end_at(first_death, Moment::After);
            let died = stage.deploy(&second).is_err();
            stage.life.begin_again();
            if !died || stage.standing().deployments.len() == 1 {
                continue;
            }
            let last = stage.standing().deployments[&2].clone();
            stage.life.end_at(second_death, Moment::Before);
            let _died_again = crate::carry_out(&stage.ports, "production", (2, last.digest));
            stage.life.begin_again();
            let context = format!("dies at {first_death}, then at {second_death}");
            assert_eq!(go_on(&stage, Case::Ill), Outcome::RolledBack, "{context}");
            check(&stage, (Some(&first), 2), &context);
        }
    }
}

#[test]
fn a_plugin_that_fails_is_gone_back_from_unless_nothing_has_left() {
    for case in [Case::FailsHalfway, Case::FailsAtOnce] {
        let (stage, first, second) = case.stage();
        // Going back calls the same plugin, which is well then.
        let proposed = stage.plan(stage.ask(&second)).unwrap();
        let finished = stage.carry_out(&proposed).unwrap();
        let expected = match case {
            // The plugin fails again while it goes back, so a person must look.
            Case::FailsHalfway => Outcome::Stuck,
            _ => Outcome::NotApplied,
        };
        assert_eq!(finished.outcome, expected, "{case:?}");
        assert_eq!(stage.world.pointer(), Some(first.id.hex()), "{case:?}");
    }
}

#[test]
fn the_release_before_is_live_again_when_the_new_one_is_ill() {
    let (stage, first, second) = Case::Ill.stage();
    let finished = stage.deploy(&second).unwrap();
    assert_eq!(finished.outcome, Outcome::RolledBack);
    assert!(finished.reason.contains("2 of 2 observations were unhealthy"), "{}", finished.reason);
    check(&stage, (Some(&first), 0), "after a rollback");
    // And a third one can be deployed.
    let third = stage.live("three");
    check(&stage, (Some(&third), 0), "after it");
}

#[test]
fn a_first_release_that_is_ill_has_no_way_back() {
    let stage = Stage::new();
    let release = stage.release("one");
    stage.world.state().ill.insert(release.id.hex());
    let finished = stage.deploy(&release).unwrap();
    assert_eq!(finished.outcome, Outcome::Stuck);
    assert!(finished.reason.contains("no way back"), "{}", finished.reason);
    assert_eq!(stage.standing().live, None);
}

#[test]
fn a_service_that_vanishes_is_never_healthy() {
    belljar_cases::case!("I03");
    let (stage, _, second) = Case::Good.stage();
    stage.world.state().vanished = true;
    let finished = stage.deploy(&second).unwrap();
    // What was live before cannot be seen either.
    assert_eq!(finished.outcome, Outcome::Stuck);
    let conditions = stage.ledger.events().into_iter().filter_map(|event| match event {
        LedgerEvent::Observed { condition, deployment: 2, .. } => Some(condition),
        _ => None,
    });
    assert!(conditions.into_iter().all(|condition| condition == Condition::Unknown));
}

#[test]
fn what_may_be_gone_back_to_is_kept_and_the_rest_is_not() {
    let stage = Stage::new();
    for number in 0..9 {
        stage.live(&format!("release {number}"));
    }
    let owners: Vec<String> = stage.world.state().pins.keys().cloned().collect();
    let expected: Vec<String> = (5..=9).map(|n| format!("delivery/production/{n}")).collect();
    assert_eq!(owners, expected);
    let kept: Vec<Digest> = stage.world.state().pins["delivery/production/9"].clone();
    let live = stage.standing().live_deployment().unwrap().plan.clone();
    assert!(kept.contains(&live.release.artifacts[0].digest) && kept.contains(&live.plugin_digest));
}
