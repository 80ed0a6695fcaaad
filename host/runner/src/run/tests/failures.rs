//! What a failure, a fault, a panic or a cancellation does to the rest.

use belljar_model::event::Status;
use belljar_model::fault::Blame;
use belljar_model::{Code, Event, Fault, MissReason, StepName};
use serde_json::{Value, json};

use super::{scripted, statuses, three};
use crate::OnFailure;
use crate::testing::{World, plan};

fn world() -> World {
    World::new(&[("src/a", "1"), ("src/c", "1"), ("src/unread", "1"), ("other/x", "1")])
}

/// Runs `bad` beside a step that passes, and returns its report.
#[track_caller]
fn report_of(bad: &Value, expected: (Status, u8)) -> belljar_model::event::StepReport {
    let good = json!([["read", "src/a"], ["write", "gen/good"]]);
    let plan = plan([
        scripted("bad", &[], bad),
        scripted("below", &["bad"], &json!([])),
        scripted("good", &[], &good),
    ]);
    let world = world();
    let summary = world.run(&plan);
    assert_eq!(statuses(&summary), [expected.0, Status::Skipped, Status::Passed]);
    assert_eq!(summary.exit_code, expected.1);
    assert_eq!(world.made().len(), 1, "the other result is kept, and only it");
    summary.reports.into_iter().next().unwrap()
}

#[test]
fn a_fault_of_one_step_leaves_the_others_alone() {
    belljar_cases::case!("A09");
    let write = json!(["write", "gen/bad"]);
    report_of(&json!([write, ["fail-with", "src/a"]]), (Status::Failed, 1));
    report_of(&json!([write, ["trap", 9]]), (Status::Errored, 3));
    report_of(&json!([write, ["denied"]]), (Status::Errored, 5));
    let report = report_of(&json!([write, ["panic"]]), (Status::Errored, 3));
    let fault = report.fault.unwrap();
    assert_eq!(fault.blame, Blame::Infrastructure);
    assert!(fault.message.contains("a port with a defect"), "{fault}");
}

#[test]
fn a_plugin_that_was_not_loaded_is_the_fault_of_the_steps_that_use_it() {
    let mut world = world();
    let fault = Fault::new(Blame::Plugin, Code::new("E0301"), "it is no component");
    world.options.plugins.insert("broken".to_owned(), Err(fault.clone()));
    let mut uses_broken = scripted("x", &[], &json!([]));
    uses_broken.uses = "broken".to_owned();
    let mut uses_none = scripted("y", &[], &json!([]));
    uses_none.uses = "none".to_owned();
    let summary = world.run(&plan([uses_broken, uses_none, scripted("z", &[], &json!([]))]));
    assert_eq!(statuses(&summary), [Status::Errored, Status::Errored, Status::Passed]);
    assert_eq!(summary.reports[0].fault, Some(fault));
}

#[test]
fn a_workspace_that_panics_is_caught_too() {
    let mut world = world();
    world.tree.cursed.insert("cursed".to_owned());
    let cursed = crate::testing::step("cursed", &["cursed"], &[]);
    let summary = world.run(&plan([cursed, scripted("z", &[], &json!([]))]));
    assert_eq!(statuses(&summary), [Status::Errored, Status::Passed]);
}

#[test]
fn a_fault_is_tried_again_as_often_as_the_step_says() {
    #[track_caller]
    fn check(script: &Value, retries: u32, expected: (Status, u32)) {
        let mut step = scripted("a", &[], script);
        step.retries = retries;
        let world = world();
        let summary = world.run(&plan([step]));
        let report = &summary.reports[0];
        assert_eq!((report.status, report.attempts), expected);
        let started = |event: &Event| match event {
            Event::StepStarted { attempt, .. } => Some(*attempt),
            _ => None,
        };
        let attempts: Vec<_> = world.events().iter().filter_map(started).collect();
        assert_eq!(attempts, (1..=expected.1).collect::<Vec<_>>());
    }
    check(&json!([["trap", 2]]), 2, (Status::Passed, 3));
    check(&json!([["trap", 2]]), 1, (Status::Errored, 2));
    check(&json!([["trap", 2]]), 0, (Status::Errored, 1));
    check(&json!([["fail-with", "src/a"]]), 3, (Status::Failed, 1));
    check(&json!([["denied"]]), 3, (Status::Errored, 1));
}

#[test]
fn a_fault_is_never_recorded_and_the_next_run_says_so() {
    let plan = plan([scripted("a", &[], &json!([["read", "src/a"], ["trap", 1]]))]);
    let world = world();
    world.run(&plan);
    assert!(world.cache.results.lock().unwrap().is_empty());
    let again = world.run(&plan);
    let ended = "ended without a result (E0401)".to_owned();
    assert_eq!(again.reports[0].miss, [MissReason::NotRecorded { ended }]);
    assert_eq!(again.reports[0].status, Status::Passed, "it traps only once");
}

#[test]
fn fail_fast_starts_nothing_after_a_failure() {
    let mut world = world();
    world.options.jobs = 1;
    world.options.on_failure = OnFailure::Stop;
    let fails = json!([["fail-with", "src/a"]]);
    let plan = plan([scripted("a", &[], &fails), scripted("b", &[], &json!([]))]);
    let summary = world.run(&plan);
    assert_eq!(statuses(&summary), [Status::Failed, Status::Skipped]);
    assert_eq!(summary.reports[1].skipped_for, Some(StepName::new("a")));
    assert_eq!(summary.exit_code, 1);
}

#[test]
fn a_cancelled_run_writes_no_output_of_the_cancelled_step_and_starts_no_other() {
    let mut world = world();
    world.options.jobs = 1;
    let plan = plan([
        scripted("first", &[], &json!([["read", "src/c"], ["write", "gen/first"]])),
        scripted("stopped", &["first"], &json!([["write", "gen/stopped"], ["cancel"]])),
        scripted("below", &["stopped"], &json!([])),
        scripted("beside", &["first"], &json!([["write", "gen/beside"]])),
    ]);
    let summary = world.run(&plan);
    let (passed, skipped) = (Status::Passed, Status::Skipped);
    assert_eq!(statuses(&summary), [passed, Status::Cancelled, skipped, skipped]);
    assert_eq!(summary.exit_code, 130);
    assert_eq!(world.made().len(), 1, "what had passed before is kept");
    let finished =
        world.events().into_iter().filter(|event| matches!(event, Event::StepFinished { .. }));
    assert_eq!(finished.count(), 4, "every step has its end in the stream");
}

#[test]
fn a_run_that_is_cancelled_before_it_starts_skips_everything() {
    let world = world();
    world.options.cancel.ask();
    let summary = world.run(&three());
    assert_eq!(statuses(&summary), [Status::Skipped; 3]);
    assert_eq!(summary.exit_code, 130);
}

#[test]
fn a_failed_step_is_told_which_file_it_missed_for_want_of_a_declaration() {
    let script = json!([["stat", "other/x"], ["stat", "other/none"], ["fail-with", "src/a"]]);
    let (world, plan) = (world(), plan([scripted("a", &[], &script)]));
    let edits = [("executed", "1"), ("exact", "1"), ("observed", "2"), ("exact after that", "2")];
    for (attempt, unread) in edits {
        world.write("src/unread", unread);
        let fault = world.run(&plan).reports[0].fault.clone().unwrap();
        let note = "it looked for `other/x`, which exists but is not among its inputs";
        assert_eq!(fault.notes.last().unwrap(), note, "{attempt}");
        let help = r#"declare it: `inputs = ["src", "gen", "other/x"]`"#;
        assert_eq!(fault.help.as_deref(), Some(help), "{attempt}");
    }
}

#[test]
fn a_log_is_streamed_and_kept_as_a_blob_of_json_lines() {
    let (world, plan) = (world(), plan([scripted("a", &[], &json!([["say", "hello"]]))]));
    let log = world.run(&plan).reports[0].log.unwrap();
    let blob = world.blobs.all()[&log].clone();
    assert_eq!(blob, "{\"level\":\"info\",\"text\":\"hello\"}\n");
    let is_log = |event: &Event| matches!(event, Event::StepLog { .. });
    assert_eq!(world.events().iter().filter(|event| is_log(event)).count(), 1);
    assert_eq!(world.run(&plan).reports[0].log, Some(log), "a hit has the log of then");
}

#[test]
fn as_many_steps_run_at_once_as_are_allowed_and_no_more() {
    let mut world = world();
    world.options.jobs = 3;
    // Each waits until three run at once, so fewer than three would never end.
    let steps = (0..9).map(|n| scripted(&format!("s{n}"), &[], &json!([["meet", 3], ["say", n]])));
    let summary = world.run(&plan(steps));
    assert_eq!(summary.totals.passed, 9);
    assert_eq!(world.executor.most_at_once(), 3);
}

#[test]
fn the_stream_begins_and_ends_with_the_run() {
    let (world, plan) = (world(), three());
    let summary = world.run(&plan);
    let events = world.events();
    assert!(matches!(&events[0], Event::RunStarted { run, .. } if run == "run"));
    let Event::Planned { steps } = &events[1] else { panic!("{:?}", events[1]) };
    assert_eq!(steps[1].needs, [StepName::new("a")]);
    let Event::RunFinished { totals, exit_code, .. } = &events[events.len() - 1] else { panic!() };
    assert_eq!((*totals, *exit_code), (summary.totals, 0));
}
