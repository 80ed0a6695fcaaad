//! Every example runs twice: the second run is all hits with the same digests. Then one file
//! changes, and exactly the expected steps run, for the expected reason. So does the project.

use std::path::Path;

use serde_json::Value;

use crate::harness::{TestWorkspace, copy_folder};

/// One edit of an example, and what follows.
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    pub(crate) append: &'static str,
    /// The steps that run, sorted, each with the start of its first reason.
    pub(crate) runs: &'static [(&'static str, &'static str)],
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the project")
}

fn outputs(reports: &[Value]) -> Vec<String> {
    let mut outputs: Vec<_> = reports
        .iter()
        .flat_map(|report| report["outputs"].as_array().unwrap())
        .map(|output| format!("{} {}", output["path"], output["digest"]))
        .collect();
    outputs.sort();
    outputs
}

fn executed(reports: &[Value]) -> Vec<(String, String)> {
    let mut executed: Vec<_> = reports
        .iter()
        .filter(|report| report["source"] == "executed")
        .map(|report| {
            let cause = &report["miss"][0];
            let place = [&cause["path"], &cause["gained"][0]];
            let place = place.iter().find_map(|place| place.as_str()).unwrap_or_default();
            let step = report["step"].as_str().unwrap();
            (step.to_owned(), format!("{} {place}", cause["cause"].as_str().unwrap()))
        })
        .collect();
    executed.sort();
    executed
}

#[track_caller]
fn check(workspace: &TestWorkspace, edit: &Edit) {
    check_all(workspace, &[], std::slice::from_ref(edit));
}

/// Runs twice, then once for each edit, which is undone before the next.
#[track_caller]
pub(crate) fn check_all(workspace: &TestWorkspace, environment: &[(&str, &str)], edits: &[Edit]) {
    let first = workspace.reports(environment);
    for report in &first {
        assert_eq!(report["status"], "passed", "{report}");
    }
    let second = workspace.reports(environment);
    assert_eq!(executed(&second), [], "the second run is all hits");
    assert_eq!(outputs(&first), outputs(&second));
    for Edit { file, append, runs } in edits {
        let old = workspace.read(file);
        workspace.write(file, format!("{old}{append}"));
        let third = executed(&workspace.reports(environment));
        let expected: Vec<_> =
            runs.iter().map(|(step, why)| ((*step).to_owned(), (*why).to_owned())).collect();
        assert_eq!(third, expected, "after an edit of {file}");
        workspace.write(file, old);
        let fourth = executed(&workspace.reports(environment));
        assert_eq!(fourth, [], "the old state is still in the cache");
    }
}

/// A copy of an example.
pub(crate) fn example(name: &str) -> TestWorkspace {
    let workspace = TestWorkspace::new();
    copy_folder(&project().join("examples").join(name), &workspace.path(""));
    workspace
}

#[test]
fn hello() {
    let edit = Edit {
        file: "hello.md",
        append: "\nMore words.\n",
        runs: &[("hello", "file-changed hello.md")],
    };
    check(&example("hello"), &edit);
}

#[test]
fn docs_site() {
    let page = "content/guide/week.md";
    let edit = Edit {
        file: page,
        append: "\nMore words.\n",
        runs: &[
            ("bundle[tar.gz]", "file-changed content/guide/week.md"),
            ("bundle[zip]", "file-changed content/guide/week.md"),
            ("guide:prose", "file-changed content/guide/week.md"),
            ("image", "file-changed content/guide/week.md"),
        ],
    };
    check(&example("docs-site"), &edit);
}

/// The steps of the project that run no tool. The others build and test the project, this test
/// included.
#[test]
fn the_project_itself() {
    let mut workspace = TestWorkspace::new();
    workspace.asked = &["sources", "wit", "docs"];
    copy_sources(project(), &workspace.path(""));
    let edit = Edit {
        file: "wit/README.md",
        append: "\nMore words.\n",
        runs: &[("sources", "file-changed wit/README.md"), ("wit", "file-changed wit/README.md")],
    };
    check(&workspace, &edit);
}

/// Copies the project without what was built.
fn copy_sources(from: &Path, to: &Path) {
    const MADE: [&str; 6] = ["target", "dist", ".git", ".belljar", "node_modules", ".venv"];
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_sources(&entry.path(), &to.join(name));
        } else {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[test]
fn every_example_is_here() {
    let this = concat!(
        include_str!("examples.rs"),
        include_str!("native_examples.rs"),
        include_str!("delivery_example/mod.rs")
    );
    for entry in std::fs::read_dir(project().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(this.contains(&format!("example(\"{name}\")")), "`{name}` is not tested");
    }
}
