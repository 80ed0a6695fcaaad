//! Tests of the whole step: what it reads, reports and returns.

use belljar_sdk_testing::{Observation, Run, json};

use crate::run;

#[test]
fn a_clean_tree_passes_with_a_count() {
    let ran = Run::new(run).input("a.json", "{}\n").input("b/c.md", "Hello\n").execute();
    assert_eq!(ran.outcome().summary, "2 files");
    assert_eq!(ran.findings(), []);
}

#[test]
fn an_error_fails_the_step_and_a_warning_does_not() {
    let step = || Run::new(run).input("a.json", "{").input("b.md", "teh\n");
    let ran = step().execute();
    assert_eq!(ran.failure_code(), Some("lint-errors"));
    let relaxed = json!({"rules": {"json-syntax": "note"}});
    let ran = step().config(relaxed).execute();
    assert_eq!(ran.outcome().summary, "2 files, 1 warning, 1 note");
}

#[test]
fn a_finding_has_a_place_a_fix_and_a_help() {
    let ran = Run::new(run).input("é.md", "1\né teh\n").input("a.json", "[").execute();
    let [unfinished, spelling] = ran.findings() else { panic!("{:?}", ran.findings()) };
    assert_eq!(unfinished.attrs[0].key, "help");
    let at = spelling.at.as_ref().expect("a misspelling has a place");
    assert_eq!((at.start_line, at.start_col, at.end_line, at.end_col), (2, 3, 2, 6));
    assert_eq!(spelling.fixes[0].at, *at);
    assert_eq!(spelling.fixes[0].replacement, "the");
}

#[test]
fn files_and_exceptions_choose_what_is_checked() {
    let config = json!({"files": ["src/**"], "except": ["src/bad/**"],
        "spelling": {"except": ["src/fr.md"]}});
    let ran = Run::new(run)
        .input("a.json", "{")
        .input("src/bad/a.json", "{")
        .input("src/fr.md", "teh\n")
        .input("src/a.json", "{}")
        .config(config)
        .execute();
    assert_eq!(ran.outcome().summary, "2 files");
}

#[test]
fn a_large_file_is_found_by_its_size_alone() {
    let config = json!({"max-size": 3});
    let ran = Run::new(run).input("a.png", "1234").config(config).execute();
    assert_eq!(ran.outcome().summary, "1 file, 1 warning");
    let read = ran.observations().iter().any(|it| matches!(it, Observation::Read { .. }));
    assert!(!read, "{:?}", ran.observations());
}

#[test]
fn a_rule_that_is_off_observes_nothing() {
    let off = json!({"rules": {"spelling": "off", "conflict-marker": "off", "credential": "off",
        "line-endings": "off", "text-encoding": "off", "file-size": "off"}});
    let ran = Run::new(run).input("a.md", "teh").config(off).execute();
    assert_eq!(ran.observations().len(), 1, "{:?}", ran.observations());
}

#[test]
fn a_link_is_checked_under_the_name_of_its_target() {
    let ran = Run::new(run).input("a.md", "teh\n").link("b.md", "a.md").execute();
    assert_eq!(ran.outcome().summary, "1 file, 1 warning");
}

#[test]
fn a_cancelled_step_stops_between_files() {
    let ran = Run::new(run).input("a.md", "teh\n").input("b.md", "teh\n").cancel_after(2).execute();
    assert_eq!(ran.result(), &Err(belljar_sdk::StepError::Cancelled));
    let ran = Run::new(run).input("a.md", "teh\n").cancel_after(1).execute();
    assert_eq!(ran.result(), &Err(belljar_sdk::StepError::Cancelled));
}

#[test]
fn the_descriptor_carries_the_manual_and_the_schema() {
    let described = crate::describe();
    assert_eq!(described.name, "lint");
    for rule in crate::rule::Rule::ALL {
        let row = format!("| `{}` |", rule.name());
        assert!(described.docs_md.contains(&row), "the manual has a row {row}");
    }
    assert!(described.config_schema.contains("\"max-size\""));
}
