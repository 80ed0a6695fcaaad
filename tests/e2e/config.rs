//! Mistakes in the pipeline file: all at once, each with its place and what was meant.

use crate::harness::{TestWorkspace, guest};

#[test]
fn all_mistakes_are_reported_at_once() {
    let workspace = TestWorkspace::with(
        "[plugins]\nlint = \"builtin:lint\"\n\n[step.one]\nuses = \"lnt\"\nneeds = [\"tow\"]\n\n\
         [step.two]\nuses = \"lint\"\ninputs = [\"../secret\"]\ncolour = \"red\"\n",
    );
    let run = workspace.run(["check"]).exits(2).says(&[
        "belljar.toml:5:",
        "`lnt`",
        "belljar.toml:6:",
        "`tow`",
        "`two`",
        "belljar.toml:10:",
        "../secret",
        "belljar.toml:11:",
        "colour",
    ]);
    assert!(run.stderr.contains("4 errors"), "{}", run.stderr);
}

#[test]
fn a_wrong_key_of_with_is_shown_where_it_is_written() {
    let workspace = TestWorkspace::with(
        "[plugins]\nlint = \"builtin:lint\"\n\n[step.s]\nuses = \"lint\"\ninputs = [\"**\"]\n\
         with.rulez = { spelling = \"off\" }\n",
    );
    workspace.run(["check"]).exits(2).says(&["belljar.toml:7:", "rulez", "rules"]);
}

#[test]
fn a_cycle_is_shown_as_a_path() {
    belljar_cases::case!("B11");
    let plugin = "[plugins]\nlint = \"builtin:lint\"\n";
    let workspace = TestWorkspace::with(&format!(
        "{plugin}[step.a]\nuses = \"lint\"\nneeds = [\"b\"]\n[step.b]\nuses = \"lint\"\n\
         needs = [\"a\"]\n"
    ));
    workspace.run(["run"]).exits(2).says(&["a", "->", "b"]);
}

#[test]
fn an_output_of_two_steps_is_refused() {
    let workspace = TestWorkspace::with(
        "[plugins]\nlint = \"builtin:lint\"\n[step.a]\nuses = \"lint\"\noutputs = [\"x/y\"]\n\
         [step.b]\nuses = \"lint\"\noutputs = [\"x\"]\n",
    );
    workspace.run(["run"]).exits(2).says(&["`a`", "`b`", "x/y"]);
}

#[test]
fn an_output_outside_the_workspace_is_refused() {
    belljar_cases::case!("C04");
    for output in ["../x", "/etc/x", "a/../../x"] {
        let workspace = TestWorkspace::with(&format!(
            "[plugins]\nlint = \"builtin:lint\"\n[step.a]\nuses = \"lint\"\noutputs = [{output:?}]\n"
        ));
        workspace.run(["run"]).exits(2).says(&[output, "belljar.toml:5:"]);
    }
}

#[test]
fn an_unknown_step_names_a_similar_one() {
    let workspace = TestWorkspace::with(
        "[plugins]\nlint = \"builtin:lint\"\n[step.lint-all]\nuses = \"lint\"\n",
    );
    workspace.run(["run", "lint-al"]).exits(2).says(&["lint-al", "lint-all"]);
}

#[test]
fn a_link_that_leads_out_of_the_workspace_is_not_written_through() {
    belljar_cases::case!("C05");
    let outside = tempfile::tempdir().unwrap();
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("copy_all"));
    workspace.write("in.txt", "in").write(
        "belljar.toml",
        format!(
            "[plugins]\nc = {{ path = {plugin:?} }}\n[step.s]\nuses = \"c\"\n\
             inputs = [\"in.txt\"]\noutputs = [\"dir/out.txt\"]\n\
             with = {{ from = [\"in.txt\"], to = \"dir/out.txt\" }}\n"
        ),
    );
    std::os::unix::fs::symlink(outside.path(), workspace.path("dir")).unwrap();
    let run = workspace.run(["run"]);
    assert_ne!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("E0701"), "{}", run.stderr);
    assert!(!outside.path().join("out.txt").exists());
}

#[test]
fn the_schema_types_with_per_plugin() {
    let workspace =
        TestWorkspace::with("[plugins]\nlint = \"builtin:lint\"\n[step.s]\nuses = \"lint\"\n");
    let schema = workspace.run(["schema"]).exits(0).json();
    let text = schema.to_string();
    assert!(text.contains("\"spelling\"") && text.contains("\"uses\""), "{text}");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
}
