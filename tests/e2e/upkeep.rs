//! What lies in the store beside results is bounded: by itself once a day, and when it is asked for.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::harness::TestWorkspace;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What nobody used for 40 days, below the folder of the store.
const OLD: [&str; 4] = [
    "aot-v1/old.cwasm",
    "quarantine/old",
    "tools-v1/state/0123456789abcdef/cache.lock",
    "tools-v1/runs/run-dead-0/work/left",
];

fn probing() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([{ "op": "read", "path": "in/a.txt" }]));
    workspace.write("in/a.txt", "one");
    workspace
}

fn lay_out(workspace: &TestWorkspace) {
    for path in OLD {
        let path = workspace.store_path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - 40 * DAY).unwrap();
    }
    let state = workspace.store_path("tools-v1/state/0123456789abcdef/cache");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("large"), vec![0; 100_000]).unwrap();
}

/// Which of the old files are there.
fn left(workspace: &TestWorkspace) -> Vec<&'static str> {
    OLD.into_iter().filter(|path| workspace.store_path(path).exists()).collect()
}

/// How many files are in a folder of the store.
fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn what_nobody_uses_goes_once_a_day_and_what_a_run_uses_stays() {
    let workspace = probing();
    lay_out(&workspace);
    let stat = workspace.run(["cache", "stat", "--json"]).exits(0).json();
    assert_eq!((&stat["tool_states"], &stat["tool_state_bytes"]), (&json!(1), &json!(100_000)));
    assert_eq!((&stat["quarantined"], &stat["tool_runs"]), (&json!(1), &json!(1)), "{stat}");
    workspace.run(["run"]).exits(0);
    assert_eq!(left(&workspace), [""; 0], "the first run of the day tidies");
    let code = workspace.store_path("aot-v1");
    assert!(files(&code) > 0, "the plugins that were compiled are young");
    assert!(!workspace.store_path("tools-v1/state/0123456789abcdef").exists());
    lay_out(&workspace);
    workspace.run(["run", "--force"]).exits(0);
    assert_eq!(left(&workspace), OLD, "it was tidied today");
    let dry = workspace.run(["cache", "gc", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(dry["other"]["tool_states"]["removed_bytes"], 100_000, "{dry}");
    assert_eq!(left(&workspace), OLD, "a dry run removes nothing");
    workspace.run(["cache", "gc"]).exits(0);
    assert_eq!(left(&workspace), [""; 0]);
    assert_eq!(workspace.report(&[])["source"], "exact-hit", "results are another matter");
}

#[test]
fn machine_code_that_went_is_made_again() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    assert_eq!(files(&workspace.store_path("aot-v1")), 0);
    workspace.run(["run"]).exits(0).says(&["Compiling plugin `probe`"]);
    let code = workspace.store_path("aot-v1");
    assert!(files(&code) > 0);
    for file in std::fs::read_dir(code).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    workspace.run(["run", "--force"]).exits(0);
    workspace.assert_store_is_clean();
}
