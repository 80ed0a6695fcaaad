//! The cache over a graph: exactly the steps whose inputs changed run again.

use crate::harness::{TestWorkspace, guest};

/// `left` and `right` copy a file each, `join` joins what they made.
fn diamond() -> TestWorkspace {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("copy_all"));
    let step = |name: &str, needs: &str, from: &str, size: u32| {
        format!(
            "[step.{name}]\nuses = \"copy\"\nneeds = [{needs}]\ninputs = [{from}]\n\
             outputs = [\"made/{name}\"]\n\
             with = {{ from = [{from}], to = \"made/{name}\", size = {size} }}\n"
        )
    };
    let pipeline = format!(
        "[plugins]\ncopy = {{ path = {plugin:?} }}\n{}{}{}",
        step("left", "", "\"left.txt\"", 3),
        step("right", "", "\"right.txt\"", 3),
        step("join", "\"left\", \"right\"", "\"made/left\", \"made/right\"", 100),
    );
    workspace.write("belljar.toml", pipeline);
    workspace.write("left.txt", "left").write("right.txt", "right");
    workspace
}

/// The steps that were executed, sorted.
fn executed(workspace: &TestWorkspace) -> Vec<String> {
    let reports = workspace.reports(&[]);
    let mut names: Vec<_> = reports
        .iter()
        .filter(|report| report["source"] == "executed")
        .map(|report| report["step"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_second_run_executes_nothing() {
    let workspace = diamond();
    assert_eq!(executed(&workspace), ["join", "left", "right"]);
    assert_eq!(workspace.read("made/join"), "lefrig");
    assert_eq!(executed(&workspace), [""; 0]);
}

#[test]
fn a_change_runs_its_step_and_what_follows() {
    let workspace = diamond();
    executed(&workspace);
    workspace.write("right.txt", "RIGHT");
    assert_eq!(executed(&workspace), ["join", "right"]);
    assert_eq!(workspace.read("made/join"), "lefRIG");
}

#[test]
fn a_change_that_makes_no_other_output_stops_there() {
    let workspace = diamond();
    executed(&workspace);
    workspace.write("right.txt", "rights are cut");
    assert_eq!(executed(&workspace), ["right"]);
}

#[test]
fn what_another_step_makes_is_not_taken_from_the_workspace() {
    let workspace = diamond();
    executed(&workspace);
    workspace.write("made/left", "forged");
    assert_eq!(executed(&workspace), [""; 0]);
    assert_eq!(workspace.read("made/left"), "lef", "it was put right");
    assert_eq!(workspace.read("made/join"), "lefrig");
}

#[test]
fn a_step_with_another_name_and_the_same_logic_is_a_hit() {
    let workspace = diamond();
    executed(&workspace);
    let pipeline = workspace.read("belljar.toml");
    let renamed = pipeline
        .replace("[step.left]", "[step.west]")
        .replace("needs = [\"left\"", "needs = [\"west\"");
    workspace.write("belljar.toml", renamed);
    assert_eq!(executed(&workspace), [""; 0]);
}

#[test]
fn a_failure_is_cached_and_shown_again() {
    let workspace = TestWorkspace::probing(&serde_json::json!([{ "op": "fail" }]));
    let first = workspace.report(&[]);
    assert_eq!((&first["status"], &first["source"]), (&"failed".into(), &"executed".into()));
    let again = workspace.report(&[]);
    assert_eq!((&again["status"], &again["source"]), (&"failed".into(), &"exact-hit".into()));
    workspace.run(["run"]).exits(1).says(&["was asked to fail"]);
}

#[test]
fn a_failure_skips_what_needs_it_and_nothing_else() {
    let workspace = diamond();
    let pipeline = workspace.read("belljar.toml");
    workspace
        .write("belljar.toml", pipeline.replace("from = [\"left.txt\"]", "from = [\"gone.txt\"]"));
    let reports = workspace.reports(&[]);
    let status = |name: &str| {
        let report = reports.iter().find(|report| report["step"] == name).unwrap();
        report["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status("right"), "passed");
    assert_eq!(status("join"), "skipped");
    assert_ne!(status("left"), "passed");
}
