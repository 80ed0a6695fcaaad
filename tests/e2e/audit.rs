//! `audit` and `run --audit-only`: what was used comes from what the host has seen.

use serde_json::{Value, json};

use crate::examples::example;
use crate::harness::{TestWorkspace, guest};

/// A workspace with a step of the probe that reads a file and a variable, with too many grants.
fn probing() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([{ "op": "read", "path": "in/a.txt" }]));
    workspace.write("in/a.txt", "a").write("in/b.txt", "b");
    workspace
}

fn plugin<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let plugins = answer["plugins"].as_array().unwrap();
    plugins.iter().find(|plugin| plugin["plugin"] == name).unwrap()
}

#[test]
fn an_audit_tells_what_was_used_from_observations() {
    let workspace = probing();
    let environment = [("SEEN", "1"), ("OTHER", "1")];
    workspace.run_with(["run"], &environment).exits(0);
    let answer = workspace.run(["audit", "--json"]).exits(0).json();
    assert_eq!(answer["schema"], "belljar.audit/v1");
    let probe = plugin(&answer, "probe");
    assert_eq!(probe["comparison"], "unchanged");
    assert_eq!(probe["entry"]["label"], "probe@0.1.0");
    assert_eq!(probe["entry"]["sha256"].as_str().unwrap().len(), 64);
    let used = &probe["used"];
    assert_eq!((&used["known"], &used["files"]), (&json!(true), &json!(1)), "{used}");
    assert_eq!(used["files_by_pattern"], json!({ "in/**": 1 }), "one of two files was read");
    let text = workspace.run(["audit"]).exits(0).stdout;
    for words in ["imports, read from the binary", "belljar:step/inputs@0.1.0: ", "files read"] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
}

#[test]
fn grants_that_nothing_used_are_found_with_their_place() {
    let text = "[plugins]\nlint = \"builtin:lint\"\n\n[step.s]\nuses = \"lint\"\ninputs = [\"**\"]\n\
                grants.env = [\"HOME\"]\n";
    let workspace = TestWorkspace::with(text);
    workspace.write("a.md", "# A\n");
    // Before the first run nothing is known, so nothing is said to be unused.
    let before = workspace.run(["audit", "--json", "--fail-on", "unused-grant"]).exits(0).json();
    let rules = |answer: &Value| -> Vec<String> {
        let findings = answer["findings"].as_array().unwrap().iter();
        findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules(&before), ["unlocked", "broad-grant"]);
    workspace.run(["run"]).exits(0);
    let answer = workspace.run(["audit", "--json", "--report", "sarif=a.sarif"]).exits(0).json();
    assert_eq!(rules(&answer), ["unused-grant", "broad-grant"]);
    assert_eq!(answer["findings"][0]["at"]["start_line"], 7);
    assert_eq!(plugin(&answer, "lint")["unused_grants"], json!(["env HOME"]));
    let sarif: Value = serde_json::from_str(&workspace.read("a.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results[0]["ruleId"], "audit/unused-grant");
    let region = &results[0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 7);
    let failing = ["audit", "--fail-on", "unused-grant,broad-grant"];
    workspace.run(failing).exits(5).says(&["E0345", "unused-grant: belljar.toml:7", "env HOME"]);
    workspace.run(["audit", "--fail-on", "unlocked,not-accepted"]).exits(0);
}

#[test]
fn an_audit_shows_what_would_not_run() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    std::fs::copy(guest("does_nothing"), workspace.path("plugins/probe.wasm")).unwrap();
    let answer = workspace.run(["audit", "--json", "--fail-on", "not-accepted"]).exits(5);
    assert_eq!(plugin(&answer.json(), "probe")["comparison"], "swapped");
}

/// Runs the steps of an example with all that its file could give, and returns what each needs.
pub(crate) fn least(workspace: &TestWorkspace, environment: &[(&str, &str)]) -> Vec<Value> {
    let arguments = ["run", "--audit-only", "--json", "--progress", "none"];
    let answer = workspace.run_with(arguments, environment).exits(0).json();
    assert_eq!(answer["schema"], "belljar.least-grants/v1");
    answer["steps"].as_array().unwrap().clone()
}

#[test]
fn what_is_proposed_is_enough_and_nothing_of_it_stays() {
    for name in ["hello", "docs-site"] {
        let workspace = example(name);
        let steps = least(&workspace, &[]);
        assert!(steps.iter().all(|step| step["complete"] == true), "{name}: {steps:?}");
        for folder in ["dist", ".belljar/runs-v1"] {
            assert!(!workspace.path(folder).exists(), "{name}: {folder} was left");
        }
        // What is granted is what is needed, so the file as it is has just those.
        for step in &steps {
            assert_eq!(step["least"], step["granted"], "{name}: {step}");
        }
        let first = workspace.run(["run", "--locked"]).exits(0);
        assert!(!first.stderr.contains("HIT"), "no result was kept: {}", first.stderr);
    }
}

#[test]
fn a_step_passes_with_just_what_was_proposed() {
    let ops = json!([{ "op": "read", "path": "in/a.txt" }]);
    let workspace = TestWorkspace::probing(&ops);
    workspace.write("in/a.txt", "a");
    let environment = [("SEEN", "1"), ("OTHER", "2")];
    let steps = least(&workspace, &environment);
    let proposed = steps[0]["least"].clone();
    let answer = workspace.run_with(["run", "--audit-only"], &environment).exits(0);
    assert!(answer.stdout.contains("[step.s]"), "{}", answer.stdout);
    let names: Vec<&str> = match proposed["env"].as_array() {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    let text = workspace.read("belljar.toml");
    let less = text.replace("[\"SEEN\", \"OTHER\"]", &format!("{names:?}"));
    workspace.write("belljar.toml", less);
    workspace.run_with(["run"], &environment).exits(0).says(&["PASS"]);
}

#[test]
fn more_power_than_was_granted_is_refused_in_ci() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    for flag in ["--locked", "--frozen"] {
        workspace.run(["run", "--audit-only", flag]).exits(5).says(&["E0346"]);
    }
    workspace.run_with(["run", "--audit-only"], &[("CI", "1")]).exits(5).says(&["E0346"]);
}
