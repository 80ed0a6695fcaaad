//! A run in which nothing changed is answered by a look at what the last one saw; any change is
//! seen.

use serde_json::json;

use crate::harness::{Run, TestWorkspace};

const SAYS: &str = "unchanged since run ";

/// A workspace that was run until nothing is left to be done.
fn settled() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([
        { "op": "say", "text": "hello from the guest" },
        { "op": "read", "path": "in/a.txt" },
        { "op": "list", "path": "in/deep" },
        { "op": "exists", "path": "link" },
        { "op": "env", "name": "SEEN" },
    ]));
    workspace.write("in/a.txt", "one").write("in/deep/b.txt", "two");
    settle(&workspace);
    workspace
}

/// Runs until nothing is left to be done. What had only just been written when the first run saw
/// it is looked at once more.
#[track_caller]
fn settle(workspace: &TestWorkspace) {
    for _ in 0..2 {
        workspace.run(["run"]).exits(0);
    }
    let again = workspace.run(["run"]).exits(0);
    assert!(is_answered(&again), "{}", again.stderr);
}

fn is_answered(run: &Run) -> bool {
    run.stderr.contains(SAYS) && !run.stderr.contains("HIT") && !run.stderr.contains("PASS")
}

#[test]
fn nothing_to_do_is_said_and_recorded() {
    let workspace = settled();
    let run = workspace.run(["run"]).exits(0).says(&["1 step: 1 ok (1 cached), nothing to do"]);
    assert!(is_answered(&run), "{}", run.stderr);
    // The recording tells of the steps, as hits.
    let shown = workspace.run(["runs", "latest"]).exits(0);
    assert!(shown.stdout.contains("HIT") && shown.stdout.contains(SAYS), "{}", shown.stdout);
    let listed = workspace.run(["runs"]).exits(0);
    assert!(listed.stdout.lines().count() >= 4, "{}", listed.stdout);
    let logs = workspace.run(["logs", "s"]).exits(0);
    assert!(logs.stdout.contains("hello from the guest"), "{}", logs.stdout);
    workspace.run(["verify", "latest"]).exits(0);
    // Whoever wants to be told of each step is.
    let told = workspace.run(["run", "--json", "--progress", "none"]).exits(0);
    assert!(told.stdout.contains("step-finished"), "{}", told.stdout);
}

/// Something that happens to a workspace.
type Change<'a> = &'a dyn Fn(&TestWorkspace);

#[test]
fn every_change_is_seen() {
    let pipeline = |workspace: &TestWorkspace| workspace.read("belljar.toml");
    let changes: [(&str, Change<'_>, &str); 9] = [
        ("content", &|workspace| write(workspace, "in/a.txt", "eno"), "PASS"),
        ("a new file", &|workspace| write(workspace, "in/deep/c.txt", "three"), "PASS"),
        ("a file less", &|workspace| remove(workspace, "in/deep/b.txt"), "PASS"),
        ("what was not there", &|workspace| write(workspace, "link", "now"), "PASS"),
        ("an output by hand", &|workspace| write(workspace, "out.txt", "mine"), "HIT"),
        ("an output less", &|workspace| remove(workspace, "out.txt"), "HIT"),
        ("the plugin", &|workspace| remove(workspace, "plugins/probe.wasm"), "E0312"),
        (
            "the pipeline",
            &|workspace| write(workspace, "belljar.toml", &(pipeline(workspace) + "\n# more\n")),
            "HIT",
        ),
        ("the lock file", &|workspace| remove(workspace, "belljar.lock"), "HIT"),
    ];
    for (what, change, expected) in changes {
        let workspace = settled();
        change(&workspace);
        let run = workspace.run(["run"]);
        assert!(!is_answered(&run) && run.stderr.contains(expected), "{what}: {}", run.stderr);
        if what.starts_with("an output") {
            assert_eq!(workspace.read("out.txt"), settled().read("out.txt"), "{what}");
        }
    }
}

fn write(workspace: &TestWorkspace, path: &str, text: &str) {
    workspace.write(path, text);
}

fn remove(workspace: &TestWorkspace, path: &str) {
    std::fs::remove_file(workspace.path(path)).unwrap();
}

#[test]
fn another_environment_another_command_line_or_another_store_is_another_run() {
    let workspace = settled();
    let with = |name, value| workspace.run_with(["run"], &[(name, value)]);
    for (name, value) in
        [("SEEN", "now it is"), ("BELLJAR_JOBS", "1"), ("BELLJAR_TRUST", "ci"), ("CI", "true")]
    {
        let run = with(name, value);
        assert!(!is_answered(&run), "{name}: {}", run.stderr);
        settle(&workspace);
    }
    assert!(is_answered(&with("UNHEARD", "of")));
    for arguments in [&["run", "--force"][..], &["run", "--verify"], &["run", "s"]] {
        let run = workspace.run(arguments).exits(0);
        assert!(!is_answered(&run), "{arguments:?}: {}", run.stderr);
    }
    settle(&workspace);
    let elsewhere = TestWorkspace::new();
    let store = elsewhere.store_path("");
    let run = workspace.run_with(["run"], &[("BELLJAR_STORE", store.to_str().unwrap())]);
    assert!(!is_answered(&run), "{}", run.stderr);
}

#[test]
fn a_note_that_was_made_by_hand_is_none() {
    belljar_cases::case!("H12");
    let workspace = settled();
    let notes = workspace.store_path("notes-v1");
    let note = std::fs::read_dir(&notes).unwrap().next().unwrap().unwrap().path();
    let honest = std::fs::read(&note).unwrap();
    // The run that it answers is one that failed, as the attacker would have it.
    workspace.write("in/a.txt", "bad");
    for forged in [&honest[1..], &[&[0; 32], &honest[32..]].concat(), &[0; 64], b""] {
        std::fs::write(&note, forged).unwrap();
        let run = workspace.run(["run"]).exits(0);
        assert!(!is_answered(&run), "{}", run.stderr);
    }
    // The honest one of another machine, by its key.
    let workspace = settled();
    let keys = TestWorkspace::empty();
    let run =
        workspace.run_with(["run"], &[("BELLJAR_KEYS", keys.store_path("").to_str().unwrap())]);
    assert!(!is_answered(&run), "{}", run.stderr);
}

#[test]
fn a_run_that_failed_or_found_something_is_looked_at_again() {
    let failing = TestWorkspace::probing(&json!([{ "op": "fail" }]));
    for _ in 0..3 {
        let run = failing.run(["run"]).exits(1);
        assert!(run.stderr.contains("FAIL") && !run.stderr.contains(SAYS), "{}", run.stderr);
    }
    let workspace = settled();
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    let run = workspace.run(["run"]).exits(0);
    assert!(!is_answered(&run), "what the store forgot is made again: {}", run.stderr);
}
