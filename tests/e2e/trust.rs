//! Whose records are used, and what finds a step that is not deterministic.

use serde_json::{Value, json};

use crate::harness::{Run, TestWorkspace, keys};

/// What a run says of its step `s`: where the result is from, and why it was not in the cache.
fn told(report: &Value) -> (String, Value) {
    (report["source"].as_str().unwrap_or("none").to_owned(), report["miss"][0].clone())
}

fn reading() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([{ "op": "read", "path": "in/a" }]));
    workspace.write("in/a", "text");
    workspace
}

#[test]
fn a_protected_build_sees_nothing_of_an_untrusted_one_on_the_same_machine_and_store() {
    belljar_cases::case!("H03");
    let workspace = reading();
    let untrusted = [("BELLJAR_TRUST", "untrusted")];
    let protected = [("BELLJAR_TRUST", "protected")];
    assert_eq!(told(&workspace.report(&untrusted)).0, "executed");
    let (source, miss) = told(&workspace.report(&protected));
    assert_eq!(source, "executed", "the record of the untrusted build has the same key");
    let refusal = json!({ "why": "too-low", "level": "untrusted", "least": "protected" });
    assert_eq!(miss["refusal"], refusal);
    assert_eq!(told(&workspace.report(&protected)).0, "exact-hit");
    assert_eq!(told(&workspace.report(&untrusted)).0, "exact-hit", "good records are for all");
    let stat = workspace.run(["cache", "stat"]).exits(0);
    for level in ["protected 1 by this machine", "untrusted 1 by this machine"] {
        assert!(stat.stdout.contains(level), "{}", stat.stdout);
    }
    workspace.assert_store_is_clean();
}

#[test]
fn records_of_another_machine_are_used_once_it_is_known_and_no_longer() {
    belljar_cases::case!("H01");
    let workspace = reading();
    let other = tempfile::tempdir().unwrap();
    let place = other.path().display().to_string();
    let here = [("BELLJAR_KEYS", place.as_str())];
    assert_eq!(told(&workspace.report(&[])).0, "executed");
    let (source, miss) = told(&workspace.report(&here));
    assert_eq!(source, "executed");
    assert_eq!(miss["refusal"]["why"], "unknown-writer");
    let why = workspace.run_with(["why", "s"], &here).exits(0);
    assert!(why.stdout.contains("needs no execution"), "now it has a record of its own");

    workspace.write("in/a", "other text");
    assert_eq!(told(&workspace.report(&[])).0, "executed");
    let shown = workspace.run(["key", "show", "--json"]).exits(0).json();
    let key = shown["machine"].as_str().expect("the machine has a key").to_owned();
    let add = ["cache", "trust", "add", "farm", &key, "--level", "ci"];
    workspace.run_with(add, &here).exits(0);
    let report = workspace.report(&here);
    assert_eq!(report["source"], "exact-hit");
    assert_eq!(report["origin"]["name"], "farm");
    assert_eq!(report["origin"]["level"], "developer");

    workspace.write("in/a", "a third text");
    assert_eq!(told(&workspace.report(&[])).0, "executed");
    workspace.run_with(["cache", "trust", "remove", "farm"], &here).exits(0);
    assert_eq!(told(&workspace.report(&here)).0, "executed");
}

#[test]
fn a_record_that_was_changed_in_the_file_is_a_miss() {
    belljar_cases::case!("H01");
    let workspace = reading();
    workspace.report(&[]);
    let file = workspace.store_path("actions-v3.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let summary = b"1 answers";
    let at = bytes.windows(summary.len()).position(|window| window == summary);
    bytes[at.expect("the result is in the file")] = b'9';
    std::fs::write(&file, bytes).unwrap();
    let (source, miss) = told(&workspace.report(&[]));
    assert_eq!(source, "executed");
    assert_eq!(miss["refusal"]["why"], "not-authentic");
}

#[test]
fn the_key_of_a_machine_is_private_and_not_in_the_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let workspace = reading();
    workspace.report(&[]);
    let mode = std::fs::metadata(keys().join("machine.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names = std::fs::read_dir(workspace.store_path("")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("key")), "{names:?}");
}

#[test]
fn without_a_place_for_keys_a_run_works_and_says_what_is_lost() {
    let workspace = reading();
    let mut command = workspace.command();
    let output = command.arg("run").env_remove("BELLJAR_KEYS").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("no later run") && said.contains("BELLJAR_KEYS=DIR"), "{said}");
    assert_eq!(told(&workspace.report(&[])).0, "executed");
}

#[test]
fn a_setting_that_is_no_level_is_an_error_that_names_the_levels() {
    let workspace = reading();
    let run = workspace.run_with(["run"], &[("BELLJAR_TRUST", "high")]).exits(2);
    run.says(&["BELLJAR_TRUST=high", "untrusted, developer, ci or protected"]);
}

#[test]
fn a_step_that_depends_on_the_clock_on_chance_or_on_the_order_of_a_listing_is_found() {
    belljar_cases::case!("H03");
    for (op, cause) in [
        (json!({ "op": "wall" }), "the clock"),
        (json!({ "op": "random" }), "random numbers"),
        (json!({ "op": "list", "path": "in" }), "the order in which a folder is listed"),
    ] {
        let workspace = TestWorkspace::probing(&json!([op]));
        workspace.write("in/a", "1").write("in/b", "2");
        workspace.run(["run"]).exits(0);
        let run = workspace.run(["run", "--verify"]).exits(1);
        run.says(&["E0640", "step `s`", cause, "out.txt: the first byte that differs is"]);
        let report = workspace.report(&[]);
        assert_eq!(report["source"], "exact-hit", "a varied execution is not recorded");
    }
}

#[test]
fn a_step_that_depends_on_its_inputs_only_is_verified_now_and_later() {
    let workspace = reading();
    let run = workspace.run(["run", "--verify"]).exits(0);
    run.says(&["verified 1 step: 1 the same"]);
    let later = workspace.run(["verify", "latest", "--share", "100%", "--json"]).exits(0).json();
    assert_eq!((&later["same"], &later["differing"]), (&json!(1), &json!(0)));
    workspace.write("in/a", "changed");
    let later = workspace.run(["verify", "--share", "100%"]).exits(0);
    assert!(later.stdout.contains("its inputs are others now"), "{}", later.stdout);
}

/// What `run --verify` says at its end of a step that runs a script.
fn verified(script: &str, more: &str) -> (Run, Run) {
    let workspace = TestWorkspace::with(&format!(
        "[plugins]\ncommand = \"builtin:command\"\n[tools]\nsh = \"sh\"\n\
         [step.s]\nuses = \"command\"\noutputs = [\"out.txt\"]\n{more}\
         grants.tools = [\"sh\"]\nwith.run = '{script}'\nwith.writes = [\"out.txt\"]\n"
    ));
    let first = workspace.run(["run", "--verify", "--progress", "plain"]);
    let later = workspace.run(["verify", "latest"]);
    workspace.assert_store_is_clean();
    (first, later)
}

#[test]
fn tools_are_run_again_to_verify_what_they_made() {
    let (first, later) = verified("echo same > out.txt", "");
    for run in [first.exits(0), later.exits(0)] {
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains("verified 1 step: 1 the same"), "{all}");
    }
    let random = "read it < /proc/sys/kernel/random/uuid; echo \"not $it\" > out.txt";
    let (first, later) = verified(random, "");
    // From a record they would have been the same; and a tool need not make the same.
    let told = "`s` ran its tools again, and they made another `out.txt`, from byte ";
    for run in [first.exits(0), later.exits(0)] {
        let all = format!("{}{}", run.stdout, run.stderr);
        let (_, from) = all.split_once(told).unwrap_or_else(|| panic!("{all}"));
        assert!(all.contains("verified 0 steps"), "{all}");
        // Which of the random digits is the first that differs is chance; "not " is the same.
        let byte = from.split_once(' ').and_then(|(byte, _)| byte.parse::<u64>().ok());
        assert!(byte.is_some_and(|byte| byte >= 4), "{all}");
    }
    let (first, _) = verified("echo same > out.txt", "grants.state = { kept = \"st\" }\n");
    assert!(first.exits(0).stderr.contains("have state or the network"), "it is said why not");
}
