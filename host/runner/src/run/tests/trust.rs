//! Records that are not used, and records that are contradicted.

use belljar_model::event::Status;
use belljar_model::{Blame, Event, MissReason, Refusal};
use serde_json::json;

use super::{statuses, three};
use crate::testing::{World, plan, scripted};
use crate::{ForceMode, OnDispute};

#[test]
fn a_record_that_is_not_trusted_is_a_miss_that_says_so() {
    let (world, plan) = (World::new(&[]), three());
    let first = world.run(&plan);
    let action = first.reports[2].action.unwrap();
    world.cache.refused.lock().unwrap().insert(action, Refusal::Disputed);
    assert_eq!(world.executed(&plan), ["c"]);
    let refusal = Refusal::Disputed;
    assert_eq!(world.run(&plan).reports[2].miss, [MissReason::NotTrusted { refusal }]);
}

#[test]
fn a_forced_step_that_contradicts_its_record_raises_an_alarm() {
    belljar_cases::case!("H03");
    let mut world = World::new(&[]);
    let plan = plan([scripted("s", &[], &json!([["write-attempt", "gen/a"]]))]);
    world.run(&plan);
    world.options.force = ForceMode::All;
    world.events();
    let summary = world.run(&plan);
    assert_eq!((statuses(&summary), summary.exit_code), (vec![Status::Passed], 0));
    let alarms = world.events().into_iter().filter_map(|event| match event {
        Event::RecordDisputed { step, dispute } => Some((step, dispute.contradictions.len())),
        _ => None,
    });
    assert_eq!(alarms.collect::<Vec<_>>(), [(belljar_model::StepName::new("s"), 1)]);

    world.options.on_dispute = OnDispute::Refuse;
    let summary = world.run(&plan);
    assert_eq!((statuses(&summary), summary.exit_code), (vec![Status::Errored], 5));
    let fault = summary.reports[0].fault.clone().unwrap();
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Policy, "E0630"));
}
