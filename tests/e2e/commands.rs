//! The output contract: stdout is the answer, stderr the rest; `--json` on every verb that reads.

use serde_json::json;

use crate::harness::TestWorkspace;

fn probing() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([
        { "op": "read", "path": "in/a.txt" },
        { "op": "say", "text": "hello from the guest" },
    ]));
    workspace.write("in/a.txt", "one");
    workspace
}

#[test]
fn every_verb_that_reads_answers_in_json_on_stdout() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    for (arguments, schema) in [
        (vec!["plan"], "belljar.plan/v1"),
        (vec!["why", "s"], "belljar.why/v1"),
        (vec!["ls"], "belljar.steps/v1"),
        (vec!["ls", "plugins"], "belljar.plugins/v1"),
        (vec!["ls", "runs"], "belljar.runs/v1"),
        (vec!["check"], "belljar.check/v1"),
        (vec!["logs", "s"], "belljar.logs/v1"),
        (vec!["runs"], "belljar.runs/v1"),
        (vec!["cache", "stat"], "belljar.cache-stat/v1"),
        (vec!["cache", "verify"], "belljar.cache-verify/v1"),
        (vec!["plugin", "inspect", "probe"], "belljar.plugin/v1"),
        (vec!["explain", "E0201"], "belljar.explain/v1"),
        (vec!["graph"], "belljar.graph/v1"),
    ] {
        let mut arguments = arguments;
        arguments.push("--json");
        let answer = workspace.run(&arguments).exits(0).json();
        assert_eq!(answer["schema"], schema, "{arguments:?}");
    }
}

#[test]
fn answers_go_to_stdout_and_progress_to_stderr() {
    let workspace = probing();
    let run = workspace.run(["run"]).exits(0).says(&["PASS", "Summary"]);
    assert_eq!(run.stdout, "");
    let list = workspace.run(["ls"]).exits(0);
    assert!(list.stdout.contains("probe"), "{}", list.stdout);
    assert_eq!(list.stderr, "");
}

#[test]
fn the_event_stream_can_be_read_while_it_is_recorded() {
    let workspace = probing();
    let run = workspace.run(["run", "--json", "--progress", "none"]).exits(0);
    let first: serde_json::Value =
        serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["event"], &first["schema"]),
        (&"run-started".into(), &"belljar.events/v1".into())
    );
    let last = run.stdout.lines().last().unwrap();
    assert!(last.contains("run-finished"), "{last}");
    let again = workspace.run(["runs", "latest", "--json"]).exits(0);
    assert_eq!(again.stdout, run.stdout, "the recording is the stream");
}

#[test]
fn logs_show_what_a_step_said_even_after_a_hit() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    for _ in 0..2 {
        let logs = workspace.run(["logs", "s"]).exits(0);
        assert!(logs.stdout.contains("hello from the guest"), "{}", logs.stdout);
        workspace.run(["run"]).exits(0).says(&["1 cached"]);
    }
    workspace.run(["logs", "nobody"]).exits(2).says(&["nobody", "it has s"]);
}

#[test]
fn plan_tells_what_run_would_do_and_changes_nothing() {
    let workspace = probing();
    let plan = workspace.run(["plan"]).exits(0);
    assert!(plan.stdout.contains("RUN") && plan.stdout.contains("never run"), "{}", plan.stdout);
    assert!(!workspace.path("out.txt").exists());
    workspace.run(["plan", "--exit-code"]).exits(10);
    workspace.run(["run"]).exits(0);
    workspace.run(["plan", "--exit-code"]).exits(0);
    workspace.write("in/a.txt", "two");
    let plan = workspace.run(["plan"]).exits(0);
    assert!(plan.stdout.contains("in/a.txt changed"), "{}", plan.stdout);
}

#[test]
fn colors_follow_the_flag_and_the_environment() {
    let workspace = probing();
    let escape = |run: crate::harness::Run| run.stderr.contains('\u{1b}');
    assert!(!escape(workspace.run(["run"])), "stderr is no terminal");
    assert!(escape(workspace.run(["run", "--color", "always"])));
    assert!(escape(workspace.run_with(["run"], &[("CLICOLOR_FORCE", "1")])));
    let both = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    assert!(!escape(workspace.run_with(["run"], &both)), "NO_COLOR wins");
}

#[test]
fn every_error_code_has_a_page() {
    let workspace = TestWorkspace::new();
    let page = workspace.run(["explain", "e0201"]).exits(0);
    assert!(page.stdout.starts_with("# E0201"), "{}", page.stdout);
    workspace.run(["explain", "E9999"]).exits(2).says(&["E9999", "E0201"]);
}

#[test]
fn without_a_workspace_the_error_says_what_one_is() {
    TestWorkspace::new().run(["run"]).exits(2).says(&["belljar.toml", "directory above"]);
}

#[test]
fn an_empty_pipeline_runs_nothing_and_says_so() {
    TestWorkspace::with("schema = 1\n").run(["run"]).exits(4).says(&["no steps"]);
}

#[test]
fn a_report_is_sarif_with_the_findings() {
    let workspace = TestWorkspace::with(
        "[plugins]\nlint = \"builtin:lint\"\n[step.s]\nuses = \"lint\"\ninputs = [\"a.json\"]\n",
    );
    workspace.write("a.json", "{\"a\": }\n");
    workspace.run(["run", "--report", "sarif=out/r.sarif,junit=out/r.xml"]).exits(1);
    let sarif: serde_json::Value = serde_json::from_str(&workspace.read("out/r.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "lint/json-syntax", "{result}");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a.json");
    assert_eq!(place["region"]["startLine"], 1);
    assert!(workspace.read("out/r.xml").contains("<testsuite"), "{}", workspace.read("out/r.xml"));
}
