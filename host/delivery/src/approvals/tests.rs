//! Every way in which an approval does not count.

use belljar_model::delivery::{Approval, ApprovalPolicy, Decision, DeployPlan, Envelope};
use belljar_model::{PlanDigest, delivery::Approver};

use super::{Tally, open, seal, tally};
use crate::testing::{Stage, approver, commit};

const NOW: u64 = 50 * 3_600_000;
const DAY: u64 = 24 * 3_600_000;

/// A plan that needs two approvals, of ana, bob or the group `release`.
fn plan() -> DeployPlan {
    let stage = Stage::new();
    let release = stage.release("one");
    let mut plan = stage.propose(stage.ask(&release)).unwrap().plan;
    plan.environment.approvals = ApprovalPolicy {
        count: 2,
        from: vec!["ana".to_owned(), "bob".to_owned(), "group:release".to_owned()],
        expires_ms: DAY,
    };
    plan.approvers = people();
    plan
}

fn people() -> Vec<Approver> {
    vec![
        approver("ana", 1, &[]),
        approver("bob", 2, &[]),
        approver("cem", 3, &["release"]),
        approver("dora", 4, &["release"]),
        approver("eve", 5, &["interns"]),
        approver("rita", 6, &["release"]),
    ]
}

fn yes(plan: &DeployPlan) -> Approval {
    Approval {
        plan: plan.digest(),
        environment: "production".to_owned(),
        decision: Decision::Approve,
        reason: String::new(),
        at_ms: NOW - 1_000,
        expires_ms: NOW + DAY,
    }
}

fn count(plan: &DeployPlan, approvals: &[(&str, Envelope)], now_ms: u64) -> Tally {
    let recorded = approvals.iter().map(|(name, envelope)| (*name, envelope));
    tally((plan, plan.digest()), recorded, now_ms)
}

#[test]
fn two_who_may_are_enough() {
    let plan = plan();
    let of = |secret| seal(&yes(&plan), &[secret; 32]);
    let tally = count(&plan, &[("ana", of(1)), ("cem", of(3))], NOW);
    assert_eq!(tally.counting, ["ana", "cem"]);
    assert!(tally.is_enough());
    assert_eq!(tally.expires_ms, Some(NOW - 1_000 + DAY), "no longer than the policy says");
    assert!(!count(&plan, &[("ana", of(1))], NOW).is_enough());
}

#[test]
fn what_does_not_count_says_why() {
    belljar_cases::case!("I02");
    let plan = plan();
    let check = |secret: u8, change: &dyn Fn(&mut Approval), why: &str| {
        let mut approval = yes(&plan);
        change(&mut approval);
        let tally = count(&plan, &[("someone", seal(&approval, &[secret; 32]))], NOW);
        assert!(tally.counting.is_empty() && tally.rejected.is_empty(), "{why}");
        assert!(tally.refused[0].1.contains(why), "{:?} for {why}", tally.refused);
    };
    check(9, &|_| {}, "belongs to no approver");
    check(5, &|_| {}, "not among those who may approve");
    check(4, &|_| {}, "wrote c0ffee");
    check(6, &|_| {}, "has asked for this deployment");
    check(1, &|yes| yes.environment = "staging".to_owned(), "for the environment `staging`");
    let other = PlanDigest(crate::testing::digest("another plan"));
    check(1, &|yes| yes.plan = other, "for another plan");
    check(1, &|yes| yes.expires_ms = NOW, "has expired");
    check(1, &|yes| yes.at_ms = NOW - DAY, "has expired");
    check(1, &|yes| yes.at_ms = NOW + 3_600_000, "in the future");
}

#[test]
fn one_key_counts_once() {
    belljar_cases::case!("I01");
    let plan = plan();
    let ana = seal(&yes(&plan), &[1; 32]);
    let tally = count(&plan, &[("ana", ana.clone()), ("bob", ana)], NOW);
    assert_eq!(tally.counting, ["ana"]);
    assert!(tally.refused[0].1.contains("already"));
}

#[test]
fn one_who_may_and_says_no_is_enough_to_stop_it() {
    let plan = plan();
    let no = Approval { decision: Decision::Reject, reason: "wait".to_owned(), ..yes(&plan) };
    let of = |approval: &Approval, secret| seal(approval, &[secret; 32]);
    let all = [("ana", of(&yes(&plan), 1)), ("bob", of(&yes(&plan), 2)), ("cem", of(&no, 3))];
    let tally = count(&plan, &all, NOW);
    assert_eq!(tally.rejected, [("cem".to_owned(), "wait".to_owned())]);
    assert!(!tally.is_enough());
    // Who may not approve cannot stop it either.
    let all = [("ana", of(&yes(&plan), 1)), ("bob", of(&yes(&plan), 2)), ("eve", of(&no, 5))];
    assert!(count(&plan, &all, NOW).is_enough());
}

#[test]
fn a_no_is_heard_whatever_the_clocks_say() {
    let plan = plan();
    let check = |at_ms: u64, expires_ms: u64, now_ms: u64| {
        let no = Approval { decision: Decision::Reject, at_ms, expires_ms, ..yes(&plan) };
        let tally = count(&plan, &[("cem", seal(&no, &[3; 32]))], now_ms);
        assert_eq!(tally.rejected.len(), 1, "{at_ms} {expires_ms} {now_ms}: {tally:?}");
    };
    check(NOW, NOW + DAY, NOW);
    // Its time is over, and others approve it afterwards.
    check(NOW, NOW + DAY, NOW + 30 * DAY);
    check(NOW, NOW, NOW);
    // The clock of who signed it is ahead, or that of who counts is behind.
    check(NOW + DAY, NOW + 2 * DAY, NOW);
    check(u64::MAX, u64::MAX, 0);
}

#[test]
fn an_author_does_not_approve_under_a_second_name() {
    belljar_cases::case!("I01");
    let mut plan = plan();
    let again = Approver { authors: Vec::new(), ..approver("anybody", 4, &["release"]) };
    plan.approvers.insert(0, again);
    let tally = count(&plan, &[("anybody", seal(&yes(&plan), &[4; 32]))], NOW);
    assert!(tally.counting.is_empty(), "{tally:?}");
    assert!(tally.refused[0].1.contains("`dora` wrote c0ffee"), "{tally:?}");
}

#[test]
fn who_asked_does_not_approve_under_another_address() {
    belljar_cases::case!("I01");
    let check = |requested_by: &str, expected: bool| {
        let plan = DeployPlan { requested_by: requested_by.to_owned(), ..plan() };
        let tally = count(&plan, &[("ana", seal(&yes(&plan), &[1; 32]))], NOW);
        assert_eq!(tally.counting.is_empty(), expected, "{requested_by}: {tally:?}");
    };
    check("ana", true);
    check("Ana <ana@example.org>", true);
    check("A. Other <ana@example.org>", true);
    check("ana@example.org", true);
    check("Ana <private@elsewhere.example>", true);
    check("Anabel <anabel@example.org>", false);
}

#[test]
fn a_change_of_anything_voids_every_approval() {
    belljar_cases::case!("I02");
    let plan = plan();
    let signed = [("ana", seal(&yes(&plan), &[1; 32])), ("bob", seal(&yes(&plan), &[2; 32]))];
    let check = |change: &dyn Fn(&mut DeployPlan)| {
        let mut changed = plan.clone();
        change(&mut changed);
        assert!(count(&changed, &signed, NOW).counting.is_empty());
    };
    check(&|plan| plan.number += 1);
    check(&|plan| plan.environment.config = "{\"a\":1}".to_owned());
    check(&|plan| plan.environment.gate.failure_limit += 1);
    check(&|plan| plan.environment.approvals.count = 1);
    check(&|plan| plan.environment.hosts.push("evil:80".to_owned()));
    check(&|plan| plan.approvers.truncate(2));
    check(&|plan| {
        plan.bindings.insert("tool kubectl".to_owned(), crate::testing::digest("another"));
    });
    check(&|plan| plan.commits.push(commit("beef", "zoe@example.org")));
    check(&|plan| plan.plugin_digest = crate::testing::digest("another"));
    check(&|plan| drop(plan.effects.pop()));
    check(&|plan| plan.release.artifacts[0].executable = false);
    check(&|plan| {
        let release = crate::testing::digest("another");
        plan.rollback = Some(belljar_model::delivery::WayBack { number: 1, release });
    });
}

#[test]
fn an_envelope_is_taken_only_as_it_was_signed() {
    belljar_cases::case!("I02");
    let plan = plan();
    let good = seal(&yes(&plan), &[1; 32]);
    assert_eq!(open(&good).unwrap().0, yes(&plan));
    let check = |change: &dyn Fn(&mut Envelope)| {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(open(&bad).is_err(), "{bad:?}");
    };
    check(&|bad| bad.payload_type.push('x'));
    check(&|bad| bad.payload = seal(&Approval { at_ms: 0, ..yes(&plan) }, &[1; 32]).payload);
    check(&|bad| bad.payload = "?".to_owned());
    check(&|bad| bad.signatures.clear());
    check(&|bad| bad.signatures.push(good.signatures[0].clone()));
    check(&|bad| bad.signatures[0].keyid = approver("bob", 2, &[]).key);
    check(&|bad| bad.signatures[0].keyid = "ed25519:00".to_owned());
    check(&|bad| bad.signatures[0].sig = "AAAA".to_owned());
}

#[test]
fn the_page_on_approvals_names_every_field_that_is_signed() {
    const PAGE: &str = include_str!("../../../../docs/security/approvals.md");
    let named = |section: &str| -> Vec<String> {
        let (begin, end) = (format!("<!-- {section} -->\n"), format!("<!-- /{section} -->"));
        let (_, rows) = PAGE.split_once(&begin).unwrap();
        let (rows, _) = rows.split_once(&end).unwrap();
        let rows = rows.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next());
        rows.map(str::to_owned).collect()
    };
    let fields = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let mut plan = plan();
    plan.bindings.insert("tool kubectl".to_owned(), crate::testing::digest("a tool"));
    let payload = serde_json::to_value(yes(&plan)).unwrap();
    assert_eq!(sorted(named("payload")), sorted(fields(&payload)));
    let plan = serde_json::to_value(&plan).unwrap();
    assert_eq!(sorted(named("plan")), sorted(fields(&plan)));
    assert!(PAGE.contains(belljar_model::delivery::PAYLOAD_TYPE));
    let here = include_str!("tests.rs");
    let tests = PAGE.split('`').filter(|name| name.matches('_').count() > 2 && !name.contains(' '));
    let tests: Vec<_> =
        tests.filter(|name| name.chars().all(|one| one.is_lowercase() || one == '_')).collect();
    assert!(!tests.is_empty());
    for test in tests {
        assert!(here.contains(&format!("fn {test}()")), "{test}");
    }
}
