//! Going back: by hand, by policy, and whether it could be done at all.

use belljar_model::LedgerEvent;
use belljar_model::ledger::Outcome;
use bytes::Bytes;

use super::code;
use crate::plan::{self, Why};
use crate::testing::{PLACE, Stage, environment};
use crate::watch::{self, Watching};

#[test]
fn a_way_back_that_is_not_whole_refuses_the_plan() {
    belljar_cases::case!("I06");
    let stage = Stage::new();
    let first = stage.live("one");
    stage.world.state().blobs.remove(&first.artifacts[0].digest);
    let refused = stage.propose(stage.ask(&stage.release("two"))).unwrap_err();
    assert_eq!(code(&refused), "E0948", "{refused:?}");
    assert!(refused.message.contains("dist/service"), "{}", refused.message);
}

#[test]
fn a_way_back_that_lost_its_grants_refuses_the_plan() {
    let stage = Stage::new();
    let mut ask = stage.ask(&stage.release("one"));
    ask.environment.tools.push("kubectl".to_owned());
    ask.environment.secrets.push("TOKEN".to_owned());
    let proposed = stage.plan(ask.clone()).unwrap();
    assert_eq!(stage.carry_out(&proposed).unwrap().outcome, Outcome::Live);
    let check = |tools: &[&str], secrets: &[&str], missing: Option<&str>| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut ask = stage.ask(&stage.release("two"));
        (ask.environment.tools, ask.environment.secrets) = (owned(tools), owned(secrets));
        let refused =
            stage.propose(ask).err().map(|fault| (code(&fault).to_owned(), fault.message));
        assert_eq!(refused.is_some(), missing.is_some(), "{refused:?}");
        if let (Some((code, message)), Some(missing)) = (refused, missing) {
            assert!(code == "E0949" && message.contains(missing), "{code}: {message}");
        }
    };
    check(&["kubectl"], &["TOKEN", "OTHER"], None);
    check(&[], &["TOKEN"], Some("`kubectl`"));
    check(&["kubectl"], &[], Some("`TOKEN`"));
}

#[test]
fn a_person_goes_back_to_the_release_before() {
    let stage = Stage::new();
    let (first, second) = (stage.live("one"), stage.live("two"));
    let ask =
        plan::back_to(&stage.standing(), (&environment(), &[]), None, "rita".to_owned()).unwrap();
    assert_eq!(ask.release.id, first.id);
    assert_eq!(ask.why, Why { rollback_to: Some(1), ..Why::default() });
    let proposed = stage.plan(ask).unwrap();
    assert_eq!(stage.carry_out(&proposed).unwrap().outcome, Outcome::Live);
    assert_eq!(stage.world.pointer(), Some(first.id.hex()));
    assert!(stage.standing().is_undone(2), "{}", second.short());
    // There is nothing before that.
    let again = plan::back_to(&stage.standing(), (&environment(), &[]), None, String::new());
    assert_eq!(code(&again.unwrap_err()), "E0949");
    let never = plan::back_to(&stage.standing(), (&environment(), &[]), Some(9), String::new());
    assert_eq!(code(&never.unwrap_err()), "E0949");
}

#[test]
fn going_back_reaches_no_place_that_only_the_file_knows() {
    let stage = Stage::new();
    stage.live("one");
    let mut ask = stage.ask(&stage.release("two"));
    ask.environment.hosts.push("new:80".to_owned());
    let proposed = stage.plan(ask).unwrap();
    stage.carry_out(&proposed).unwrap();
    // Since then somebody changed the file, and nobody approved that.
    let mut today = environment();
    today.storage = Some("fs:/elsewhere".to_owned());
    today.hosts = vec!["evil:80".to_owned()];
    today.secrets = vec!["root-password".to_owned()];
    today.tools = vec!["rm".to_owned()];
    today.approvals.count = 2;
    let ask = plan::back_to(&stage.standing(), (&today, &[]), None, "rita".to_owned()).unwrap();
    let live = &proposed.plan.environment;
    let places = |environment: &belljar_model::delivery::Environment| {
        let belljar_model::delivery::Environment { storage, hosts, secrets, tools, .. } =
            environment.clone();
        (storage, hosts, secrets, tools)
    };
    assert_eq!(places(&ask.environment), places(live));
    assert_eq!(ask.environment.approvals, today.approvals);
}

#[test]
fn a_watcher_writes_down_what_changed_and_asks_to_go_back_as_the_policy_says() {
    let stage = Stage::new();
    stage.live("one");
    let mut ask = stage.ask(&stage.release("two"));
    ask.environment.monitor.on_illness = belljar_model::delivery::OnIllness::Rollback;
    ask.environment.monitor.after = 2;
    let proposed = stage.plan(ask).unwrap();
    stage.carry_out(&proposed).unwrap();
    let mut watching = Watching::default();
    let before = stage.ledger.events().len();
    let mut look = || watch::look(&stage.ports, PLACE, &mut watching).unwrap().unwrap();
    assert!(!look().go_back);
    assert_eq!(stage.ledger.events().len(), before, "nothing changed");
    stage.world.state().ill.insert(proposed.plan.release.id.hex());
    assert!(!look().go_back);
    assert!(look().go_back);
    assert_eq!(stage.ledger.events().len(), before + 1, "the change is written once");
    stage.world.state().storage.insert("current".to_owned(), Bytes::from("by hand"));
    assert_eq!(look().drift.as_deref(), Some("by hand"));
    let last = stage.ledger.events().pop();
    assert!(matches!(last, Some(LedgerEvent::DriftFound { .. })), "{last:?}");
}
