//! What was read is told once, of each step, and completely or not at all.

use belljar_model::StepName;
use belljar_model::event::Source;
use belljar_pipeline::Step;
use serde_json::json;

use super::*;
use crate::ForceMode;
use crate::testing::{World, path, plan, plugin, scripted};

/// A plugin whose steps have effects.
const EFFECT: &str = "effect";

fn world() -> World {
    World::new(&[("src/a", "1"), ("src/b", "1"), ("src/unread", "1")])
}

/// A file of the workspace that `step` read.
fn read(at: &str, content: &str, step: &str) -> FileRead {
    let (path, digest) = (path(at), Digest::of(content.as_bytes()));
    FileRead { path, digest, step: StepName::new(step) }
}

/// `a` reads a file, `b` reads another and what `a` made.
fn chain() -> Plan {
    plan([
        scripted("a", &[], &json!([["read", "src/a"], ["write-parity", "gen/a"]])),
        scripted("b", &["a"], &json!([["read", "src/b"], ["read", "gen/a"], ["write", "gen/b"]])),
    ])
}

#[test]
fn exactly_the_files_of_which_a_step_was_told_the_content_are_listed() {
    let check = |script: serde_json::Value, expected: &[(&str, &str)]| {
        let (world, plan) = (world(), plan([scripted("s", &[], &script)]));
        let expected: Vec<_> = expected.iter().map(|(at, text)| read(at, text, "s")).collect();
        assert_eq!(world.evidence(&plan, &world.run(&plan)), Ok(expected), "{script}");
    };
    check(json!([["read", "src/a"], ["write", "gen/x"]]), &[("src/a", "1")]);
    check(json!([["read", "src/b"], ["read", "src/a"]]), &[("src/a", "1"), ("src/b", "1")]);
    check(json!([["read", "src/a"], ["read", "src/a"]]), &[("src/a", "1")]);
    check(json!([["glob", "src/[ab]"]]), &[("src/a", "1"), ("src/b", "1")]);
    check(json!([]), &[]);
    check(json!([["write", "gen/x"]]), &[]);
    check(json!([["read", "src/absent"]]), &[]);
    check(json!([["either", "src/absent", "src/a"]]), &[("src/a", "1")]);
    check(json!([["read", "src"]]), &[]);
    check(json!([["stat", "src/a"], ["list", "src"], ["declared", "src/b"]]), &[]);
    check(json!([["env", "CI"]]), &[]);
}

#[test]
fn outputs_of_needed_steps_are_listed_by_who_read_them() {
    let (world, plan) = (world(), chain());
    let summary = world.run(&plan);
    let made = summary.reports[0].outputs[0].digest;
    let between = FileRead { path: path("gen/a"), digest: made, step: StepName::new("b") };
    let expected = vec![between, read("src/a", "1", "a"), read("src/b", "1", "b")];
    assert_eq!(world.evidence(&plan, &summary), Ok(expected));
}

#[test]
fn the_evidence_is_the_same_however_the_results_were_found() {
    let (mut world, plan) = (world(), chain());
    let executed = world.run(&plan);
    let expected = world.evidence(&plan, &executed);
    assert_eq!(expected.as_ref().map(Vec::len), Ok(3));
    let check = |world: &World, source: Source| {
        let summary = world.run(&plan);
        let sources: Vec<_> = summary.reports.iter().map(|report| report.source).collect();
        assert_eq!(sources, [Some(source); 2]);
        assert_eq!(world.evidence(&plan, &summary), expected, "{source:?}");
    };
    check(&world, Source::ExactHit);
    world.write("src/unread", "2");
    check(&world, Source::ObservedHit);
    check(&world, Source::ExactHit); // its Trace is kept by the record of the first run
    world.options.force = ForceMode::All;
    check(&world, Source::Executed);
}

#[test]
fn the_content_is_the_one_of_this_run_and_not_of_an_earlier_one() {
    let (world, plan) = (world(), plan([scripted("s", &[], &json!([["read", "src/a"]]))]));
    for content in ["1", "2", "1", "3"] {
        world.write("src/a", content);
        let expected = vec![read("src/a", content, "s")];
        assert_eq!(world.evidence(&plan, &world.run(&plan)), Ok(expected));
    }
}

#[test]
fn steps_of_one_family_do_not_answer_for_each_other() {
    let script = json!([["read", "src/a"], ["read", "src/b"]]);
    let one = |name: &str, input: &str| {
        let inputs = belljar_model::Patterns::parse(&[input]).unwrap();
        Step { inputs, ..scripted(name, &[], &script) }
    };
    let plan = plan([one("x", "src/a"), one("y", "src/b"), one("z", "src/a")]);
    let world = world();
    let expected = vec![read("src/a", "1", "x"), read("src/a", "1", "z"), read("src/b", "1", "y")];
    for _ in 0..2 {
        assert_eq!(world.evidence(&plan, &world.run(&plan)), Ok(expected.clone()));
    }
}

#[test]
fn every_step_of_a_large_plan_is_told_in_sorted_order() {
    const STEPS: usize = 200;
    let name = |number: usize| format!("s{number:03}");
    let world = world();
    let steps = (0..STEPS).map(|number| {
        world.write(&format!("src/{}", name(number)), "x");
        let (own, made) = (format!("src/{}", name(number)), format!("gen/{}", name(number)));
        let before = number.checked_sub(1).map(name);
        let needs: Vec<_> = before.as_deref().into_iter().collect();
        let below = format!("gen/{}", before.as_deref().unwrap_or("none"));
        let script = json!([["read", own], ["read", "src/a"], ["read", below], ["write", made]]);
        scripted(&name(number), &needs, &script)
    });
    let plan = plan(steps);
    let told = world.evidence(&plan, &world.run(&plan)).unwrap();
    assert!(told.is_sorted());
    assert_eq!(told.len(), 3 * STEPS - 1);
    let of_a = told.iter().filter(|file| file.path == path("src/a")).count();
    assert_eq!(of_a, STEPS);
}

#[test]
fn telling_executes_and_records_and_announces_nothing() {
    let (world, plan) = (world(), chain());
    let summary = world.run(&plan);
    world.events();
    let count = |world: &World| {
        let executed = world.executor.executed.lock().unwrap().len();
        (executed, world.cache.results.lock().unwrap().len(), world.made().len())
    };
    let before = count(&world);
    world.evidence(&plan, &summary).unwrap();
    assert_eq!(count(&world), before);
    assert_eq!(world.events(), []);
}

#[test]
fn what_is_not_known_of_one_step_is_a_fault_that_names_it() {
    let check = |spoil: &dyn Fn(&mut World, &mut RunSummary), blame: Blame, expected: &str| {
        let (mut world, plan) = (world(), chain());
        let mut summary = world.run(&plan);
        spoil(&mut world, &mut summary);
        let fault = world.evidence(&plan, &summary).unwrap_err();
        let told = (fault.blame, fault.code.as_str(), fault.message.as_str());
        assert_eq!(told, (blame, "E0610", expected));
        assert!(fault.help.is_some());
    };
    let gone = "it is not known what step `a` read: it has no record of its questions any more";
    check(&|world, _| world.cache.traces.lock().unwrap().clear(), Blame::Infrastructure, gone);
    let edited = "it is not known what step `b` read: it has other inputs now than when it ran";
    let narrow = |world: &mut World, _: &mut RunSummary| world.write("src/new", "1");
    check(&narrow, Blame::Project, &edited.replace("`b`", "`a`"));
    let other_output = |_: &mut World, summary: &mut RunSummary| {
        summary.reports[0].outputs[0].digest = Digest::of(b"other");
    };
    check(&other_output, Blame::Project, edited);
    let failed = "it is not known what step `b` read: it did not pass";
    check(&|_, summary| summary.reports[1].status = Status::Failed, Blame::Project, failed);
    check(&|_, summary| summary.reports.truncate(1), Blame::Project, failed);
}

#[test]
fn a_file_edited_back_to_what_an_earlier_run_knew_is_not_taken_for_what_was_read() {
    let (world, plan) = (world(), chain());
    world.run(&plan);
    world.write("src/a", "2");
    let summary = world.run(&plan);
    world.write("src/a", "1"); // the cache has an agreeing Trace for it, but not of this run
    let fault = world.evidence(&plan, &summary).unwrap_err();
    assert!(fault.message.contains("step `a`"), "{fault}");
}

#[test]
fn a_step_with_effects_leaves_no_evidence_and_is_named() {
    let (mut world, mut steps) = (world(), vec![scripted("a", &[], &json!([["read", "src/a"]]))]);
    steps.push(Step { uses: EFFECT.to_owned(), ..scripted("e", &["a"], &json!([])) });
    let effect = crate::Plugin { class: Class::Effect, ..plugin(EFFECT) };
    world.options.plugins.insert(EFFECT.to_owned(), Ok(effect));
    let plan = plan(steps);
    let summary = world.run(&plan);
    assert_eq!(summary.exit_code, 0);
    let fault = world.evidence(&plan, &summary).unwrap_err();
    assert_eq!(fault.blame, Blame::Configuration);
    assert!(fault.message.contains("step `e` read: it has effects"), "{fault}");
}

#[test]
fn a_plan_without_steps_read_nothing() {
    let (world, plan) = (world(), plan([]));
    assert_eq!(world.evidence(&plan, &world.run(&plan)), Ok(Vec::new()));
}
