//! Ctrl-C: first graceful, then now; nothing partial is left; exit code 130.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::{TestWorkspace, guest};

/// Starts a run of a guest that never stops by itself, and waits until it runs.
fn start() -> (TestWorkspace, Child, BufReader<std::process::ChildStderr>) {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("ignores_cancellation"));
    let pipeline = format!(
        "[plugins]\ng = {{ path = {plugin:?} }}\n[step.s]\nuses = \"g\"\noutputs = [\"out/**\"]\n\
         [step.after]\nuses = \"g\"\nneeds = [\"s\"]\noutputs = [\"later/**\"]\n"
    );
    workspace.write("belljar.toml", pipeline);
    let mut command: Command = workspace.command();
    command.args(["run", "--progress", "plain", "--logs", "all"]).stderr(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("running") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the step says that it runs");
    }
    (workspace, child, stderr)
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

#[track_caller]
fn check(workspace: &TestWorkspace, mut child: Child) {
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{status}");
    assert!(!workspace.path("out").exists(), "no partial output is left");
    assert!(!workspace.path("later").exists(), "no further step was started");
    workspace.assert_store_is_clean();
    let report = workspace.run(["ls", "runs", "--json"]).exits(0).json();
    assert_eq!(report["runs"][0]["exit_code"], 130);
}

#[test]
fn one_interrupt_ends_the_run_after_a_grace_period() {
    let (workspace, child, _stderr) = start();
    interrupt(&child);
    check(&workspace, child);
}

#[test]
fn a_second_interrupt_ends_it_now() {
    let (workspace, child, _stderr) = start();
    interrupt(&child);
    interrupt(&child);
    check(&workspace, child);
}

#[test]
fn what_was_cancelled_runs_again() {
    let (workspace, child, _stderr) = start();
    interrupt(&child);
    interrupt(&child);
    check(&workspace, child);
    let plugin = workspace.import(&guest("does_nothing"));
    let pipeline = format!("[plugins]\ng = {{ path = {plugin:?} }}\n[step.s]\nuses = \"g\"\n");
    workspace.write("belljar.toml", pipeline);
    workspace.run(["plugin", "update", "--accept"]).exits(0);
    workspace.run(["run"]).exits(0).says(&["PASS"]);
}
