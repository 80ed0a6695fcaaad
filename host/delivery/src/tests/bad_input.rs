//! What deviates, is stale, comes too early or twice: each with its outcome.

use belljar_model::delivery::{ApprovalPolicy, Decision, Freeze, Release};
use belljar_model::ledger::Outcome;
use belljar_model::{Blame, LedgerEvent};
use bytes::Bytes;

use super::code;
use crate::approvals::seal;
use crate::plan;
use crate::testing::{Behavior, PLACE, Stage, approver};
use crate::{fault, rules};

#[test]
fn a_plugin_that_does_what_it_did_not_preview_is_stopped_before_it_leaves() {
    belljar_cases::case!("I08");
    let check = |behavior: Behavior, expected: &belljar_model::Code, evil: &str| {
        let stage = Stage::new();
        let first = stage.live("one");
        let second = stage.release("two");
        let proposed = stage.plan(stage.ask(&second)).unwrap();
        stage.plugin.behave(behavior);
        let finished = stage.carry_out(&proposed).unwrap();
        let found = finished.fault.expect("the deviation is told");
        assert_eq!(found.code, *expected, "{behavior:?}: {found:?}");
        assert_eq!(found.blame, Blame::Plugin, "{behavior:?}");
        let sent = stage.world.state().sent.clone();
        assert!(!sent.iter().any(|sent| sent.contains(evil)), "{behavior:?}: {sent:?}");
        // It deviates while it goes back as well, so a person must look; what is live is known to
        // be one of the two.
        assert!(matches!(finished.outcome, Outcome::Stuck | Outcome::RolledBack), "{behavior:?}");
        let pointer = stage.world.pointer();
        assert!(pointer == Some(first.id.hex()) || pointer == Some(second.id.hex()));
    };
    check(Behavior::SendsElsewhere, &fault::DEVIATES, "evil");
    check(Behavior::SendsMore, &fault::DEVIATES, "evil");
    check(Behavior::ReadsElsewhere, &fault::DEVIATES, "evil");
    check(Behavior::DoesLess, &fault::INCOMPLETE, "evil");
}

#[test]
fn observing_never_writes_and_posts_only_what_was_planned() {
    let check = |behavior: Behavior, outcome: Outcome, pings: usize| {
        let stage = Stage::new();
        stage.plugin.behave(behavior);
        let finished = stage.deploy(&stage.release("one")).unwrap();
        assert_eq!(finished.outcome, outcome, "{behavior:?}");
        let sent = stage.world.state().sent.clone();
        assert_eq!(sent.iter().filter(|sent| sent.contains("ping")).count(), pings, "{behavior:?}");
    };
    check(Behavior::PostsWhenObserving, Outcome::Live, 5);
    check(Behavior::PostsSecretlyWhenObserving, Outcome::Stuck, 0);
    check(Behavior::WritesWhenObserving, Outcome::Stuck, 0);
}

#[test]
fn a_preview_changes_nothing_outside() {
    let stage = Stage::new();
    stage.live("one");
    let before = (stage.world.state().storage.clone(), stage.ledger.events().len());
    let sent = stage.world.state().sent.len();
    let proposed = stage.propose(stage.ask(&stage.release("two"))).unwrap();
    let shown: Vec<String> = proposed.plan.effects.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 4, "{shown:?}");
    assert_eq!(
        shown[1..],
        ["POST http://service/activate", "switch current", "write note (64 bytes)"]
    );
    assert_eq!(before, (stage.world.state().storage.clone(), stage.ledger.events().len()));
    assert_eq!(stage.world.state().sent.len(), sent);
}

#[test]
fn a_plan_that_is_made_again_is_the_same_and_keeps_its_approvals() {
    let stage = Stage::new();
    let release = stage.release("one");
    let first = stage.plan(stage.ask(&release)).unwrap();
    // Another run made the same artifacts, and somebody else asks.
    let again = Release::new(release.artifacts, release.revision, "another run".to_owned());
    let mut ask = stage.ask(&again);
    ask.requested_by = "someone else".to_owned();
    let second = stage.plan(ask).unwrap();
    assert!(second.is_pending);
    assert_eq!(first.plan.digest(), second.plan.digest());
    // A changed gate makes another plan, under another number.
    let mut ask = stage.ask(&again);
    ask.environment.gate.bake_ms += 1;
    let third = stage.plan(ask).unwrap();
    assert!(!third.is_pending && third.plan.number == 2);
    let refused = stage.carry_out(&first).unwrap_err();
    assert_eq!(code(&refused), "E0941", "{refused:?}");
}

#[test]
fn an_environment_that_changed_since_the_plan_voids_it() {
    belljar_cases::case!("I02");
    let stage = Stage::new();
    stage.live("one");
    let proposed = stage.plan(stage.ask(&stage.release("two"))).unwrap();
    stage.world.state().storage.insert("current".to_owned(), Bytes::from("by hand"));
    let refused = stage.carry_out(&proposed).unwrap_err();
    assert_eq!(code(&refused), "E0941", "{refused:?}");
    assert_eq!(stage.world.pointer().as_deref(), Some("by hand"), "nothing was touched");
    assert!(stage.standing().pending().is_none());
}

#[test]
fn who_may_and_when_is_asked_while_nobody_else_can_append() {
    let stage = Stage::new();
    let release = stage.release("one");
    let mut ask = stage.ask(&release);
    ask.environment.approvals = ApprovalPolicy { count: 1, ..ApprovalPolicy::default() };
    ask.approvers = vec![approver("ana", 1, &[])];
    let proposed = stage.plan(ask).unwrap();
    let refused = stage.carry_out(&proposed).unwrap_err();
    assert_eq!(code(&refused), "E0942");
    assert_eq!(refused.blame, Blame::Policy);
    approve(&stage, 1, Decision::Approve);
    assert_eq!(stage.carry_out(&proposed).unwrap().outcome, Outcome::Live);
    // The same approval is worth nothing for the next deployment of the same release.
    let envelope = stage.standing().deployments[&1].approvals[0].envelope.clone();
    let mut ask = stage.ask(&release);
    ask.environment.approvals = ApprovalPolicy { count: 1, ..ApprovalPolicy::default() };
    ask.approvers = vec![approver("ana", 1, &[])];
    let second = stage.plan(ask).unwrap();
    record(&stage, 2, envelope);
    let refused = stage.carry_out(&second).unwrap_err();
    assert!(refused.notes.iter().any(|note| note.contains("another plan")), "{refused:?}");
}

fn approve(stage: &Stage, number: u64, decision: Decision) {
    let at_ms = stage.ports.clock.now_ms();
    let approval = belljar_model::delivery::Approval {
        plan: stage.standing().deployments[&number].digest,
        environment: PLACE.to_owned(),
        decision,
        reason: "no".to_owned(),
        at_ms,
        expires_ms: at_ms + 1_000_000,
    };
    record(stage, number, seal(&approval, &[1; 32]));
}

fn record(stage: &Stage, number: u64, envelope: belljar_model::delivery::Envelope) {
    let plan = stage.standing().deployments[&number].digest;
    let event = LedgerEvent::Approval {
        environment: PLACE.to_owned(),
        deployment: number,
        plan,
        approver: "ana".to_owned(),
        envelope,
    };
    stage.ports.ledger.append(vec![event]).unwrap();
}

#[test]
fn a_rejection_a_freeze_and_a_wrong_order_refuse_and_can_be_set_aside_only_by_name() {
    let check = |prepare: &dyn Fn(&Stage, &mut plan::Ask), expected: &str, rule: &str| {
        let stage = Stage::new();
        let mut ask = stage.ask(&stage.release("one"));
        prepare(&stage, &mut ask);
        let proposed = stage.plan(ask).unwrap();
        if expected == "E0943" {
            approve(&stage, 1, Decision::Reject);
        }
        let refused = stage.carry_out(&proposed).unwrap_err();
        assert_eq!(code(&refused), expected, "{refused:?}");
        let glass = |skipped: &str| LedgerEvent::BreakGlass {
            environment: PLACE.to_owned(),
            deployment: 1,
            reason: "the house burns".to_owned(),
            skipped: vec![skipped.to_owned()],
        };
        stage.ports.ledger.append(vec![glass("nothing")]).unwrap();
        assert!(stage.carry_out(&proposed).is_err());
        assert!(rules::RULES.contains(&rule));
        stage.ports.ledger.append(vec![glass(rule)]).unwrap();
        assert_eq!(stage.carry_out(&proposed).unwrap().outcome, Outcome::Live, "{rule}");
    };
    let people = |ask: &mut plan::Ask| ask.approvers = vec![approver("ana", 1, &[])];
    check(&|_, ask| people(ask), "E0943", "approvals");
    check(&|_, ask| ask.environment.needs.push("staging".to_owned()), "E0945", "order");
    let forever = Freeze { from_ms: 0, until_ms: None, reason: "holidays".to_owned() };
    check(&|_, ask| ask.environment.freezes.push(forever.clone()), "E0944", "freeze");
    let by_hand = |stage: &Stage| {
        let (environment, reason) = (PLACE.to_owned(), "audit".to_owned());
        let frozen = LedgerEvent::Frozen { environment, until: None, reason };
        stage.ports.ledger.append(vec![frozen]).unwrap();
    };
    check(&|stage, _| by_hand(stage), "E0944", "freeze");
}

#[test]
fn who_says_no_after_the_glass_was_broken_is_heard() {
    let stage = Stage::new();
    let mut ask = stage.ask(&stage.release("one"));
    ask.approvers = vec![approver("ana", 1, &[])];
    ask.environment.approvals.count = 1;
    let proposed = stage.plan(ask).unwrap();
    let glass = || LedgerEvent::BreakGlass {
        environment: PLACE.to_owned(),
        deployment: 1,
        reason: "the house burns".to_owned(),
        skipped: vec!["approvals".to_owned()],
    };
    stage.ports.ledger.append(vec![glass()]).unwrap();
    approve(&stage, 1, Decision::Reject);
    assert_eq!(code(&stage.carry_out(&proposed).unwrap_err()), "E0943");
    assert!(stage.world.state().sent.is_empty());
    // Whoever has read that may still decide otherwise, and is on record with it.
    stage.ports.ledger.append(vec![glass()]).unwrap();
    assert_eq!(stage.carry_out(&proposed).unwrap().outcome, Outcome::Live);
}

#[test]
fn a_plan_under_the_digest_of_another_is_never_begun() {
    belljar_cases::case!("H10");
    let stage = Stage::new();
    let mut ask = stage.ask(&stage.release("one"));
    ask.approvers = vec![approver("ana", 1, &[])];
    ask.environment.approvals.count = 1;
    let shown = stage.propose(ask).unwrap().plan;
    let other = belljar_model::PlanDigest(crate::testing::digest("a plan that nobody was shown"));
    let forged = LedgerEvent::Planned { plan_digest: other, plan: Box::new(shown) };
    stage.ports.ledger.append(vec![forged]).unwrap();
    assert!(!stage.standing().deployments[&1].is_as_signed());
    approve(&stage, 1, Decision::Approve);
    let refused = crate::carry_out(&stage.ports, PLACE, (1, other)).unwrap_err();
    assert_eq!(code(&refused), "E0941", "{refused:?}");
    assert!(stage.world.state().sent.is_empty());
}

#[test]
fn who_plans_late_takes_no_plan_away_that_has_begun() {
    let stage = Stage::new();
    stage.live("one");
    let first = stage.plan(stage.ask(&stage.release("two"))).unwrap();
    // Somebody plans anew, and is slow; meanwhile the first plan begins, and its process dies.
    let late = stage.standing();
    let other = plan::propose(&stage.ports, &late, stage.ask(&stage.release("three"))).unwrap();
    stage.life.end_at(4, crate::testing::Moment::After);
    stage.carry_out(&first).unwrap_err();
    stage.life.begin_again();
    let refused = plan::record(&stage.ports, &late, &other).unwrap_err();
    assert_eq!(code(&refused), "E0941", "{refused:?}");
    let going_on = stage.standing().going_on().map(|going_on| going_on.number);
    assert_eq!(going_on, Some(first.plan.number), "what began is carried to its end");
    // Nor does one who has an old version of this rule.
    let event = LedgerEvent::PlanVoided {
        environment: PLACE.to_owned(),
        deployment: first.plan.number,
        reason: "planned anew".to_owned(),
    };
    stage.ports.ledger.append(vec![event]).unwrap();
    assert_eq!(stage.standing().going_on().map(|going_on| going_on.number), going_on);
    assert_eq!(stage.carry_out(&first).unwrap().outcome, Outcome::Live);
}

#[test]
fn of_two_who_plan_at_once_the_second_takes_no_blobs_away() {
    let stage = Stage::new();
    let before = stage.standing();
    let propose = |content: &str| {
        let ask = stage.ask(&stage.release(content));
        plan::propose(&stage.ports, &before, ask).unwrap()
    };
    let (first, second) = (propose("one"), propose("two"));
    plan::record(&stage.ports, &before, &first).unwrap();
    let refused = plan::record(&stage.ports, &before, &second).unwrap_err();
    assert_eq!(code(&refused), "E0941", "{refused:?}");
    let pinned = stage.world.state().pins["delivery/production/1"].clone();
    assert!(pinned.contains(&first.plan.release.artifacts[0].digest), "{pinned:?}");
}

#[test]
fn two_deployments_at_once_are_one_too_many() {
    belljar_cases::case!("I05");
    let stage = Stage::new();
    stage.live("one");
    let going_on = stage.plan(stage.ask(&stage.release("two"))).unwrap();
    stage.life.end_at(4, crate::testing::Moment::After);
    stage.carry_out(&going_on).unwrap_err();
    stage.life.begin_again();
    assert!(stage.standing().going_on().is_some());
    let other = stage.plan(stage.ask(&stage.release("three"))).unwrap();
    let refused = stage.carry_out(&other).unwrap_err();
    assert_eq!((code(&refused), refused.blame), ("E0946", Blame::Policy), "{refused:?}");
}

#[test]
fn who_wakes_up_after_somebody_took_over_does_nothing_more() {
    belljar_cases::case!("I05");
    let stage = Stage::new();
    let fence = |token| crate::fence::Fence {
        ledger: stage.ledger.clone(),
        environment: PLACE.to_owned(),
        deployment: 1,
        token,
    };
    let started = |token| LedgerEvent::Started {
        environment: PLACE.to_owned(),
        deployment: 1,
        plan: belljar_model::PlanDigest(crate::testing::digest("plan")),
        token,
        resumed: false,
    };
    stage.ports.ledger.append(vec![started(1)]).unwrap();
    let applied = || LedgerEvent::Applied { environment: PLACE.to_owned(), deployment: 1 };
    fence(1).append(vec![applied()]).unwrap();
    stage.ports.ledger.append(vec![started(2)]).unwrap();
    let refused = fence(1).append(vec![applied()]).unwrap_err();
    assert_eq!(code(&refused), "E0947");
    fence(2).append(vec![applied()]).unwrap();
}

#[test]
fn nobody_approves_what_nobody_knows_the_author_of() {
    belljar_cases::case!("I01");
    let stage = Stage::new();
    let mut ask = stage.ask(&stage.release("one"));
    ask.environment.approvals.count = 1;
    ask.release.revision = None;
    assert_eq!(code(&stage.propose(ask.clone()).unwrap_err()), "E0950");
    ask.release.artifacts.clear();
    assert_eq!(code(&stage.propose(ask).unwrap_err()), "E0957");
}

#[test]
fn a_host_that_was_not_granted_is_refused_while_the_plan_is_made() {
    belljar_cases::case!("E06");
    let stage = Stage::new();
    stage.plugin.behave(Behavior::SendsElsewhere);
    stage.propose(stage.ask(&stage.release("one"))).unwrap();
    let outlet = crate::outlets::Recording::new(stage.world.clone(), stage.world.clone());
    let request = belljar_model::delivery::HttpRequest {
        method: "GET".to_owned(),
        url: "http://elsewhere/".to_owned(),
        headers: Vec::new(),
        secrets: Vec::new(),
        body: belljar_model::delivery::Body::Bytes(Bytes::new()),
        expect: vec![200],
        time_limit_ms: 1,
    };
    let refused = belljar_model::ports::Outlet::http(&outlet, &request);
    assert!(matches!(refused, Err(belljar_model::ports::OutletError::Stop(_))));
}
