//! Tests of verifying, with scripts that depend on what they must not.

use std::collections::BTreeSet;

use belljar_model::Event;
use belljar_model::trust::{Cause, Verification};
use serde_json::{Value, json};

use crate::Afterwards;
use crate::testing::{World, path, plan, scripted};

/// What verifying says of a step with a script, and the exit code of the run.
fn verified(script: &Value) -> (Verification, u8) {
    let mut world = World::new(&[]);
    world.options.afterwards = Afterwards::Verify;
    let plan = plan([scripted("s", &[], script)]);
    let summary = world.run(&plan);
    let found = world.events().into_iter().find_map(|event| match event {
        Event::StepVerified { verification, .. } => Some(*verification),
        _ => None,
    });
    (found.expect("the step was looked at"), summary.exit_code)
}

#[test]
fn what_a_step_must_not_depend_on_is_named_with_the_first_byte() {
    for (what, cause) in
        [("clock", Cause::Clock), ("seed", Cause::Seed), ("listing", Cause::Listing)]
    {
        let (found, code) = verified(&json!([["write-varied", "gen/a", what]]));
        let Verification::Differs(difference) = found else { panic!("{what}: {found:?}") };
        assert_eq!(difference.causes, [cause]);
        let (of, byte) = difference.first_byte.unwrap();
        assert_eq!((of, byte), (path("gen/a"), "told ".len() as u64), "{what}");
        assert_eq!(code, 1);
    }
}

#[test]
fn a_step_that_depends_on_its_inputs_only_is_verified() {
    let (found, code) = verified(&json!([["read", "src/a"], ["write", "gen/a"]]));
    assert_eq!((found, code), (Verification::Same, 0));
    let (found, code) = verified(&json!([["read", "src/a"], ["fail-with", "src/a"]]));
    assert!(matches!(found, Verification::Same), "{found:?}: a failure is verified, too");
    assert_eq!(code, 0, "there is no such file");
}

#[test]
fn a_record_that_is_not_what_the_step_makes_is_found() {
    let mut world = World::new(&[]);
    let plan = plan([scripted("s", &[], &json!([["write-attempt", "gen/a"]]))]);
    world.run(&plan);
    world.events();
    world.options.afterwards = Afterwards::Verify;
    let summary = world.run(&plan); // a hit
    assert_eq!(summary.exit_code, 1);
    let events = world.events();
    let causes = events.iter().find_map(|event| match event {
        Event::StepVerified { verification, .. } => match &**verification {
            Verification::Differs(difference) => Some(difference.causes.clone()),
            Verification::Same | Verification::NotPossible { .. } => None,
        },
        _ => None,
    });
    assert_eq!(causes, Some(vec![Cause::Record]));
    assert!(events.iter().any(|event| matches!(event, Event::RecordDisputed { .. })));
}

#[test]
fn a_step_whose_inputs_changed_is_not_verified_and_says_so() {
    let world = World::new(&[]);
    world.write("src/a", "1");
    let plan = plan([scripted("s", &[], &json!([["read", "src/a"]]))]);
    let summary = world.run(&plan);
    world.write("src/a", "2");
    let chosen = BTreeSet::from([belljar_model::StepName::new("s")]);
    let found = world.verify(&plan, &summary, &chosen);
    let [(_, Verification::NotPossible { why })] = &found[..] else { panic!("{found:?}") };
    assert_eq!(why, "its inputs are others now than when it ran");
}
