//! A deployment line by line.

use belljar_model::ledger::Entry;
use insta::assert_snapshot;

use super::*;
use crate::delivery::testing::{COLOR, NOW, WIDE, commit, deploy_plan, digest};
use crate::testing::{CI, HOSTILE, assert_harmless, without_colors};

const ENVIRONMENT: &str = "production";

fn started() -> LedgerEvent {
    let plan = deploy_plan().digest();
    LedgerEvent::Started {
        environment: ENVIRONMENT.into(),
        deployment: 42,
        plan,
        token: 7,
        resumed: false,
    }
}

/// Whose effects.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    There,
    Back,
}

/// The two events of an effect.
fn effect(way: Way, index: u32, effect: Effect, answer: EffectAnswer) -> [LedgerEvent; 2] {
    let (environment, deployment) = (ENVIRONMENT.to_owned(), 42);
    let rollback = way == Way::Back;
    [
        LedgerEvent::EffectIntended {
            environment: environment.clone(),
            deployment,
            token: 7,
            rollback,
            index,
            effect,
        },
        LedgerEvent::EffectDone { environment, deployment, rollback, index, answer },
    ]
}

fn observed(by: ObservedBy, condition: Condition, detail: &str) -> LedgerEvent {
    LedgerEvent::Observed {
        environment: ENVIRONMENT.into(),
        deployment: 42,
        by,
        condition,
        release: None,
        detail: detail.into(),
    }
}

fn finished(outcome: Outcome, reason: &str) -> LedgerEvent {
    LedgerEvent::Finished {
        environment: ENVIRONMENT.into(),
        deployment: 42,
        outcome,
        reason: reason.into(),
        live: matches!(outcome, Outcome::RolledBack).then(|| digest("release 41")),
        commits: if outcome == Outcome::Live { vec![commit(1), commit(2)] } else { vec![] },
    }
}

fn applied() -> LedgerEvent {
    LedgerEvent::Applied { environment: ENVIRONMENT.into(), deployment: 42 }
}

fn rollback_started(reason: &str) -> LedgerEvent {
    LedgerEvent::RollbackStarted {
        environment: ENVIRONMENT.into(),
        deployment: 42,
        to: 41,
        reason: reason.into(),
        effects: deploy_plan().effects[2..3].to_vec(),
        reads: vec![],
        changes: vec![],
    }
}

/// All lines of the events, one event every 700 ms.
fn lines(events: impl IntoIterator<Item = LedgerEvent>, style: Style) -> String {
    let mut progress = Progress::new(&deploy_plan(), style);
    let entry = |(place, event): (u64, LedgerEvent)| Entry {
        seq: 100 + place,
        at: NOW + place * 700,
        actor: "Ana".into(),
        host: "here".into(),
        event,
    };
    (0..).zip(events).map(entry).filter_map(|entry| progress.read(&entry)).collect()
}

fn answer(status: u16) -> EffectAnswer {
    EffectAnswer::Http { status, headers: vec![], body: digest("") }
}

fn exit(code: i32) -> EffectAnswer {
    EffectAnswer::Tool { code, stdout: digest(""), stderr: digest("") }
}

/// A deployment that goes well.
fn good() -> Vec<LedgerEvent> {
    let effects = deploy_plan().effects;
    let answers =
        [EffectAnswer::Done, EffectAnswer::Done, EffectAnswer::Done, answer(201), exit(0)];
    let mut events = vec![started()];
    for ((index, one), answer) in (0..).zip(effects).zip(answers) {
        events.extend(effect(Way::There, index, one, answer));
    }
    events.push(applied());
    events.push(observed(ObservedBy::Gate, Condition::Unknown, "the connection was refused"));
    events.push(observed(ObservedBy::Gate, Condition::Healthy, "200 in 41 ms"));
    events.push(observed(ObservedBy::Gate, Condition::Unhealthy, "503"));
    events.push(observed(ObservedBy::Gate, Condition::Healthy, ""));
    events.push(LedgerEvent::GatePassed { environment: ENVIRONMENT.into(), deployment: 42 });
    for condition in [Condition::Healthy, Condition::Healthy, Condition::Unhealthy] {
        events.push(observed(ObservedBy::Bake, condition, ""));
    }
    events.push(finished(Outcome::Live, ""));
    events
}

/// One whose release is ill.
fn bad() -> Vec<LedgerEvent> {
    let swap = deploy_plan().effects[2].clone();
    let mut resumed = started();
    if let LedgerEvent::Started { resumed, .. } = &mut resumed {
        *resumed = true;
    }
    let mut events = vec![resumed, applied()];
    events.push(observed(ObservedBy::Gate, Condition::Unhealthy, "503"));
    events.push(rollback_started("2 of 2 observations were unhealthy, 1 may be"));
    events.extend(effect(Way::Back, 0, swap, EffectAnswer::Done));
    events.push(LedgerEvent::RollbackApplied { environment: ENVIRONMENT.into(), deployment: 42 });
    events.push(observed(ObservedBy::Rollback, Condition::Healthy, "200"));
    events.push(finished(Outcome::RolledBack, "2 of 2 observations were unhealthy, 1 may be"));
    events
}

#[test]
fn a_good_deployment_is_followed_to_its_end() {
    assert_snapshot!(lines(good(), WIDE), @"
        Applying [  0.00s] production#42 5e076e8c: 5 effects
        Uploaded [  1.40s] (1/5) put releases/9f/bin/shop (8bf91441, 20 bytes)
        Uploaded [  2.80s] (2/5) put releases/9f/site/index.html (c2370a53, 27 bytes)
        Switched [  4.20s] (3/5) switch current
            Sent [  5.60s] (4/5) PUT https://api.example.org/purge (8 bytes) → 201
         Running [  6.30s] (5/5) run kubectl rollout status
             Ran [  7.00s] (5/5) run kubectl rollout status → exit 0
         Applied [  7.70s] all effects were done; the health gate begins
        Observed [  8.40s] 0/3 healthy, 1 unknown · unknown: the connection was refused
        Observed [  9.10s] 1/3 healthy, 1 unknown · healthy: 200 in 41 ms
        Observed [  9.80s] 1/3 healthy, 1 unhealthy, 1 unknown · unhealthy: 503
        Observed [ 10.50s] 2/3 healthy, 1 unhealthy, 1 unknown · healthy
         Healthy [ 11.20s] the gate has passed: 2/3 healthy, 1 unhealthy, 1 unknown; it is observed for 10m more
        Observed [ 11.90s] 1 healthy · healthy
        Observed [ 13.30s] 2 healthy, 1 unhealthy · unhealthy
            Live [ 14.00s] production#42 5e076e8c is live and healthy, with 2 new commits
            Look belljar history production
           Prove belljar ledger prove e120
        ");
}

#[test]
fn a_bad_deployment_is_followed_back() {
    assert_snapshot!(lines(bad(), Style::plain()), @"
            Resuming [  0.00s] production#42 5e076e8c: 5 effects; what was answered before does not leave again
             Applied [  0.70s] all effects were done; the health gate begins
            Observed [  1.40s] 0/3 healthy, 1 unhealthy - unhealthy: 503
        Rolling back [  2.10s] to #41, 1 effect: 2 of 2 observations were unhealthy, 1 may be
            Switched [  3.50s] (1/1) switch current
             Applied [  4.20s] #41 is in place again; it must be healthy
            Observed [  4.90s] 1 healthy - healthy: 200
         Rolled back [  5.60s] #41 78710773 is live and healthy again; production#42 5e076e8c failed: 2 of 2 observations were unhealthy, 1 may be
                Look belljar history production
               Prove belljar ledger prove e108
        ");
}

#[test]
fn answers_that_were_not_expected_are_said_in_words() {
    let effects = deploy_plan().effects;
    let failed =
        EffectAnswer::Failed { error: "unreachable".into(), detail: "no route to it".into() };
    let events = effect(Way::There, 3, effects[3].clone(), answer(500))
        .into_iter()
        .chain(effect(Way::There, 4, effects[4].clone(), exit(2)))
        .chain(effect(Way::There, 0, effects[0].clone(), failed));
    assert_snapshot!(lines(events, Style::plain()), @"
        Unexpected [  0.70s] (4/5) PUT https://api.example.org/purge (8 bytes) -> 500
           Running [  1.40s] (5/5) run kubectl rollout status
        Unexpected [  2.10s] (5/5) run kubectl rollout status -> exit 2
            Failed [  3.50s] (1/5) put releases/9f/bin/shop (8bf91441, 20 bytes) -> unreachable: no route to it
        ");
}

#[test]
fn each_end_says_what_is_live_and_where_to_look() {
    let end = |outcome| lines([finished(outcome, "it was refused")], Style::plain());
    assert_snapshot!(end(Outcome::NotApplied) + &end(Outcome::Stuck), @"
        Not applied [  0.00s] production#42 5e076e8c failed before anything was changed: it was refused
               Look belljar history production
              Prove belljar ledger prove e100
              Stuck [  0.00s] production#42 5e076e8c failed; nobody knows what is live, a person must look: it was refused
               Look belljar status production
               Look belljar history production
              Prove belljar ledger prove e100
        ");
}

#[test]
fn color_says_no_more_than_words() {
    for events in [good(), bad()] {
        let color = lines(events.clone(), COLOR);
        assert_eq!(without_colors(&color), lines(events, WIDE));
        assert_ne!(color, without_colors(&color));
    }
}

#[test]
fn other_deployments_and_other_events_are_not_shown() {
    let other = LedgerEvent::Applied { environment: "staging".into(), deployment: 42 };
    let earlier = LedgerEvent::Applied { environment: ENVIRONMENT.into(), deployment: 41 };
    let watch = observed(ObservedBy::Watch, Condition::Unhealthy, "503");
    let lifted = LedgerEvent::Unfrozen { environment: ENVIRONMENT.into(), reason: "over".into() };
    assert_eq!(lines([other, earlier, watch, lifted], WIDE), "");
}

#[test]
fn an_effect_without_its_intention_is_still_counted() {
    let [_, done] = effect(Way::There, 1, deploy_plan().effects[0].clone(), EffectAnswer::Done);
    assert_eq!(lines([done], Style::plain()), "        Done [  0.00s] (2/5)\n");
}

#[test]
fn hostile_text_is_harmless() {
    let text = HOSTILE.to_owned();
    let failed = EffectAnswer::Failed { error: text.clone(), detail: text.clone() };
    let url = crate::delivery::testing::request(HOSTILE);
    let mut events = vec![
        LedgerEvent::BreakGlass {
            environment: ENVIRONMENT.into(),
            deployment: 42,
            reason: text.clone(),
            skipped: vec![text],
        },
        observed(ObservedBy::Gate, Condition::Healthy, HOSTILE),
        rollback_started(HOSTILE),
    ];
    events.extend(effect(Way::There, 0, url, failed));
    for outcome in [Outcome::Live, Outcome::RolledBack, Outcome::NotApplied, Outcome::Stuck] {
        events.push(finished(outcome, HOSTILE));
    }
    let text = lines(events, CI);
    assert_harmless(&text);
    assert_eq!(text.lines().count(), 4 + 4 + 2 * 4 + 1, "no line comes from outside: {text}");
}
