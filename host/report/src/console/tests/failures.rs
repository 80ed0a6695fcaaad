//! What a person sees of runs in which something went wrong.

use super::*;

#[test]
fn a_failure_comes_last_with_what_to_do_next() {
    assert_snapshot!(show(&failing()), @r#"
             FAIL [  0.41s] (1/2) lint            1 file breaks a rule · 1 finding (1 error)
             SKIP [       ] (2/2) package[debug]  needs lint, which did not pass

        failed[E0400]: step `lint`: 1 file breaks a rule

        error: this breaks the rule trailing-comma (trailing-comma)
         --> a.json:1:8
          |
        1 | {"a": 1,}
          |        ^

          1 test did not pass
          - api > adds
            | 1 != 2
            | left: 1

          last 10 log lines, 2 earlier: belljar logs lint
          | line 2
          | line 3
          | line 4
          | line 5
          | line 6
          | line 7
          | line 8
          | line 9
          | line 10
          | line 11

          skipped because of it: package[debug]

          Summary [  0.64s] 2 steps: 1 failed, 1 skipped · run 0a41
             Look belljar logs lint
            Retry belljar run lint
        "#);
}

#[test]
fn a_trap_does_not_look_like_a_failure_of_the_project() {
    belljar_cases::case!("G03");
    let fault = Fault::new(Blame::Plugin, Code::new("E0406"), "plugin lint@1.2.0 trapped")
        .note("its last words\nthread panicked at src/lib.rs:3\nnote: run with more")
        .note("backtrace\n0: lint::check\n1: run");
    let events = run(&["lint"], [broken("lint", Status::Errored, fault)]);
    assert_snapshot!(show(&events), @"
              ERR [  0.41s] (1/1) lint  plugin fault[E0406]: plugin lint@1.2.0 trapped

        plugin fault[E0406]: step `lint`: plugin lint@1.2.0 trapped
         |
         = note: its last words
                 | thread panicked at src/lib.rs:3
                 | note: run with more
         = note: backtrace
                 | 0: lint::check
                 | 1: run

          Summary [  0.64s] 1 step: 1 errored · run 0a41
             Look belljar logs lint
          Explain belljar explain E0406
            Retry belljar run lint
        ");
}

#[test]
fn a_denial_and_a_wrong_configuration_say_who_must_act() {
    let denied = Fault::new(Blame::Policy, Code::new("E0304"), "env TOKEN is not granted")
        .help("to grant it: grants.env = [\"TOKEN\"]");
    let config = Fault::new(Blame::Configuration, Code::new("E0409"), "`max` is no number");
    let events =
        [broken("fetch", Status::Errored, denied), broken("lint", Status::Errored, config)];
    assert_snapshot!(show(&run(&["fetch", "lint"], events)), @r#"
              ERR [  0.41s] (1/2) fetch  denied[E0304]: env TOKEN is not granted
              ERR [  0.41s] (2/2) lint   error[E0409]: `max` is no number

        denied[E0304]: step `fetch`: env TOKEN is not granted
         |
         = help: to grant it: grants.env = ["TOKEN"]

        error[E0409]: step `lint`: `max` is no number

          Summary [  0.64s] 2 steps: 2 errored · run 0a41
             Look belljar logs fetch
          Explain belljar explain E0304
            Retry belljar run fetch lint
        "#);
}

#[test]
fn many_failed_steps_are_not_named_again() {
    let names: Vec<_> = (0..9).map(|number| format!("step-{number}")).collect();
    let failed = |name: &String| {
        let fault = Fault::new(Blame::Project, Code::new("E0400"), "it failed");
        broken(name, Status::Failed, fault)
    };
    let names_only: Vec<_> = names.iter().map(String::as_str).collect();
    let mut events = run(&names_only, names.iter().map(failed));
    let retry = |events: &[Event]| show(events).lines().last().unwrap().trim().to_owned();
    assert_eq!(retry(&events), "Retry belljar run");
    if let Event::RunStarted { asked, .. } = &mut events[0] {
        asked.push("some:all; rm".to_owned());
    }
    assert_eq!(retry(&events), "Retry belljar run 'some:all; rm'");
}

#[test]
fn a_cancelled_run_can_be_taken_up_again() {
    let fault = Fault::new(Blame::Cancelled, Code::new("E0408"), "the run was cancelled");
    let events =
        [broken("lint", Status::Cancelled, fault), finished(report("test", Status::Skipped, None))];
    assert_snapshot!(show(&run(&["lint", "test"], events)), @"
         CANCEL [  0.41s] (1/2) lint  the run was cancelled
           SKIP [       ] (2/2) test  the run stopped before it

        Summary [  0.64s] 2 steps: 1 skipped, 1 cancelled · run 0a41
          Retry belljar run lint
        ");
}

#[test]
fn a_failure_from_the_cache_says_so() {
    let mut failed = report("lint", Status::Failed, Some(Source::ExactHit));
    failed.fault = Some(Fault::new(Blame::Project, Code::new("E0400"), "1 file breaks a rule"));
    let text = show(&run(&["lint"], [finished(failed)]));
    let first = text.lines().next().unwrap();
    assert!(first.ends_with("lint  1 file breaks a rule · cached: same inputs"), "{first}");
}

#[test]
fn a_fault_points_into_the_pipeline_file() {
    let fault =
        Fault::new(Blame::Configuration, Code::new("E0409"), "the plugin does not accept it");
    let events = run(&["lint"], [broken("lint", Status::Errored, fault)]);
    let page = Page::default();
    let label = Label { file: "belljar.toml".into(), span: 0..4, text: "no such rule".into() };
    let mut console = Console::new(Box::new(page.clone()), STYLE, PLAIN)
        .with_source(|_| Some("deny = [\"x\"]\n".to_owned()))
        .with_places(move |step, _| if step == "lint" { vec![label.clone()] } else { vec![] });
    feed(&mut console, &events);
    assert_snapshot!(page.text().split("\n\n").nth(1).unwrap(), @r#"
        error[E0409]: step `lint`: the plugin does not accept it
         --> belljar.toml:1:1
          |
        1 | deny = ["x"]
          | ^^^^ no such rule
        "#);
}
