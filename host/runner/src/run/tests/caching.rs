//! What is executed again, and what is not.

use std::sync::Arc;

use belljar_model::event::{Source, Status, Totals};
use belljar_model::ports::BlobStore as _;
use belljar_model::{Class, Event, MissReason, StepName};
use belljar_pipeline::Plan;
use serde_json::json;

use super::{scripted, sources, statuses, three};
use crate::testing::{World, granted, path, plan, plugin};
use crate::{ForceMode, Settled, Would};

fn world() -> World {
    World::new(&[("src/a", "1"), ("src/c", "1"), ("src/unread", "1")])
}

#[test]
fn a_second_run_is_all_hits_and_changes_nothing() {
    let (world, plan) = (world(), three());
    assert_eq!(world.executed(&plan), ["a", "b", "c"]);
    let made = world.made();
    assert_eq!(made.len(), 3);
    let again = world.run(&plan);
    assert_eq!(sources(&again), [Some(Source::ExactHit); 3]);
    assert_eq!((again.totals.cached, again.totals.saved_us, again.exit_code), (3, 3000, 0));
    assert_eq!(world.made(), made);
}

#[test]
fn a_changed_file_runs_the_steps_that_read_it_and_those_below() {
    let (world, plan) = (world(), three());
    world.run(&plan);
    world.write("src/a", "2");
    assert_eq!(world.executed(&plan), ["a", "b"]);
    world.write("src/c", "2");
    assert_eq!(world.executed(&plan), ["c"]);
    world.write("src/c", "1");
    assert_eq!(world.executed(&plan), [""; 0], "the older result is still there");
}

#[test]
fn a_changed_file_that_nobody_read_runs_nothing() {
    let (world, plan) = (world(), three());
    world.run(&plan);
    world.write("src/unread", "2");
    world.write("src/new", "1");
    assert_eq!(sources(&world.run(&plan)), [Some(Source::ObservedHit); 3]);
    assert_eq!(sources(&world.run(&plan)), [Some(Source::ExactHit); 3], "it was recorded");
}

#[test]
fn a_step_that_makes_the_same_again_runs_nothing_below() {
    let script = json!([["read", "src/a"], ["write-parity", "gen/a"]]);
    let below = json!([["read", "gen/a"], ["write", "gen/b"]]);
    let plan = plan([scripted("a", &[], &script), scripted("b", &["a"], &below)]);
    let world = world();
    world.run(&plan);
    world.write("src/a", "2");
    assert_eq!(world.executed(&plan), ["a"]);
}

#[test]
fn a_part_of_a_plan_goes_on_from_what_the_rest_has_made() {
    let (mut world, whole) = (world(), three());
    let before = world.run(&whole);
    let only_b = Plan { steps: vec![Arc::clone(&whole.steps[1])], needs: vec![vec![]] };
    let alone = world.run(&only_b);
    assert_ne!(alone.reports[0].action, before.reports[1].action, "it lacks what `a` has made");
    world.events();
    world.options.settled = Some(Settled {
        since: "before".to_owned(),
        outputs: [(StepName::new("a"), before.reports[0].outputs.clone().into())].into(),
        totals: Totals { steps: 2, passed: 2, cached: 2, saved_us: 5, ..Totals::default() },
    });
    let part = world.run(&only_b);
    assert_eq!(part.reports[0].action, before.reports[1].action);
    assert_eq!(sources(&part), [Some(Source::ExactHit)]);
    let expected = Totals { steps: 3, passed: 3, cached: 3, saved_us: 1005, ..Totals::default() };
    assert_eq!(part.totals, expected);
    let events = world.events();
    assert_eq!(events[2], Event::Unchanged { since: "before".to_owned() });
    assert!(matches!(&events[3..], [Event::StepFinished { .. }, Event::RunFinished { totals, .. }]
        if *totals == expected));
}

#[test]
fn an_output_that_is_gone_from_the_store_is_made_again() {
    belljar_cases::case!("H04");
    let (world, plan) = (world(), three());
    let first = world.run(&plan);
    let output = first.reports[2].outputs[0].digest;
    world.blobs.lose(&output);
    let again = world.run(&plan);
    assert_eq!(again.reports[2].miss, [MissReason::BlobMissing { path: path("gen/c") }]);
    assert_eq!(sources(&again)[..2], [Some(Source::ExactHit); 2]);
    assert!(world.blobs.contains(&output));
}

#[test]
fn a_failure_is_remembered_too() {
    let plan = plan([
        scripted("a", &[], &json!([["fail-with", "src/a"]])),
        scripted("b", &["a"], &json!([])),
    ]);
    let world = world();
    for executed in [&["a"][..], &[]] {
        assert_eq!(world.executed(&plan), executed);
        let summary = world.run(&plan);
        assert_eq!(statuses(&summary), [Status::Failed, Status::Skipped]);
        assert_eq!(summary.reports[1].skipped_for, Some(StepName::new("a")));
        assert_eq!(summary.exit_code, 1);
        let fault = summary.reports[0].fault.as_ref().unwrap();
        assert_eq!((fault.code.as_str(), &*fault.message), ("E0400", "src/a is there"));
    }
    world.remove("src/a");
    assert_eq!(statuses(&world.run(&plan)), [Status::Passed; 2]);
}

#[test]
fn forced_steps_are_executed_and_say_so() {
    let (mut world, plan) = (world(), three());
    world.run(&plan);
    world.options.force = ForceMode::Steps([StepName::new("c")].into());
    assert_eq!(world.executed(&plan), ["c"]);
    assert_eq!(world.run(&plan).reports[2].miss, [MissReason::Forced]);
    world.options.force = ForceMode::All;
    assert_eq!(world.executed(&plan), ["a", "b", "c"]);
}

#[test]
fn a_step_with_effects_is_never_served_from_the_cache() {
    let (mut world, plan) = (world(), three());
    let effect = crate::Plugin { class: Class::Effect, ..plugin("p") };
    world.options.plugins.insert("p".to_owned(), Ok(effect));
    for _ in 0..2 {
        assert_eq!(world.executed(&plan), ["a", "b", "c"]);
    }
    assert!(world.cache.results.lock().unwrap().is_empty());
    assert_eq!(world.run(&plan).reports[0].miss, [MissReason::NotCacheable]);
}

#[test]
fn a_changed_variable_runs_only_who_was_granted_it_and_asked() {
    let script = json!([["env", "CI"], ["write", "gen/x"]]);
    let mut asks = scripted("asks", &[], &script);
    asks.grants = vec![granted("CI")];
    let mut silent = scripted("silent", &[], &json!([["read", "src/a"]]));
    silent.grants = vec![granted("CI")];
    let plan = plan([asks, silent, scripted("ungranted", &[], &script)]);
    let mut world = world();
    world.run(&plan);
    world.options.environment.insert("CI".to_owned(), "true".to_owned());
    assert_eq!(world.executed(&plan), ["asks"]);
}

#[test]
fn two_steps_with_one_action_execute_once() {
    let script = json!([["read", "src/a"], ["write", "gen/a"]]);
    let twins = (0..8).map(|number| scripted(&format!("twin{number}"), &[], &script));
    let plan = plan(twins);
    let mut world = world();
    world.options.jobs = 8;
    assert_eq!(world.executed(&plan).len(), 1);
}

#[test]
fn a_miss_names_its_cause_in_the_report_and_in_the_event() {
    let (world, plan) = (world(), three());
    let first = world.run(&plan);
    assert_eq!(first.reports[0].miss, [MissReason::NeverRun]);
    world.write("src/a", "2");
    world.events();
    let again = world.run(&plan);
    let [reason] = &again.reports[0].miss[..] else { panic!("{:?}", again.reports[0].miss) };
    assert!(matches!(reason, MissReason::FileChanged { path: of, .. } if *of == path("src/a")));
    let started = world.events().into_iter().find_map(|event| match event {
        Event::StepStarted { step, miss, .. } if step.as_str() == "a" => Some(miss),
        _ => None,
    });
    assert_eq!(started.as_ref(), Some(&again.reports[0].miss));
}

#[test]
fn a_preview_says_what_a_run_then_does_and_executes_nothing() {
    let (world, plan) = (world(), three());
    let preview = |world: &World| {
        world.preview(&plan).into_iter().map(|preview| preview.would).collect::<Vec<_>>()
    };
    let unknown = Would::Unknown(StepName::new("a"));
    let never = Would::Run(vec![MissReason::NeverRun]);
    assert_eq!(preview(&world), [never.clone(), unknown.clone(), never]);
    assert!(world.executor.executed.lock().unwrap().is_empty());
    world.run(&plan);
    world.write("src/unread", "2");
    let kept = world.cache.results.lock().unwrap().len();
    assert_eq!(preview(&world), vec![Would::Hit(Source::ObservedHit); 3]);
    assert_eq!(world.cache.results.lock().unwrap().len(), kept, "nothing is written");
    world.write("src/a", "2");
    let [Would::Run(reasons), waits, Would::Hit(_)] = &preview(&world)[..] else { panic!() };
    assert!(matches!(reasons[..], [MissReason::FileChanged { .. }]));
    assert_eq!(*waits, unknown);
}
