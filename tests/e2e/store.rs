//! The store: damaged blobs are found and rebuilt, several processes share it, it stays bounded.

use serde_json::json;

use crate::harness::TestWorkspace;

fn probing() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([{ "op": "read", "path": "in/a.txt" }]));
    workspace.write("in/a.txt", "one");
    workspace
}

/// The blob that holds the output of the probe.
fn output_blob(workspace: &TestWorkspace) -> std::path::PathBuf {
    let report = workspace.report(&[]);
    let digest = report["outputs"][0]["digest"].as_str().unwrap().to_owned();
    let hex = digest.split(':').nth(1).unwrap().to_owned();
    workspace.store_path(&format!("blobs-v1/{}/{}", &hex[..2], &hex[2..]))
}

#[track_caller]
fn check_damage(damage: impl Fn(&std::path::Path)) {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    let blob = output_blob(&workspace);
    assert!(blob.is_file(), "{} is a blob", blob.display());
    std::fs::remove_file(workspace.path("out.txt")).unwrap();
    damage(&blob);
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.read("out.txt"), "one", "the output was rebuilt");
    workspace.assert_store_is_clean();
}

#[test]
fn a_deleted_blob_is_rebuilt() {
    belljar_cases::case!("H04");
    check_damage(|blob| std::fs::remove_file(blob).unwrap());
}

#[test]
fn a_changed_blob_is_found_and_rebuilt() {
    belljar_cases::case!("H02");
    check_damage(|blob| {
        std::fs::remove_file(blob).unwrap();
        std::fs::write(blob, "two").unwrap();
    });
}

#[test]
fn a_truncated_blob_is_found_and_rebuilt() {
    belljar_cases::case!("H02");
    check_damage(|blob| {
        std::fs::remove_file(blob).unwrap();
        std::fs::write(blob, "").unwrap();
    });
}

#[test]
fn verify_finds_a_flipped_bit_and_the_next_run_mends_it() {
    belljar_cases::case!("H02");
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    let blob = output_blob(&workspace);
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, "onf").unwrap();
    workspace.run(["cache", "verify"]).exits(3);
    std::fs::remove_file(workspace.path("out.txt")).unwrap();
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.read("out.txt"), "one");
    workspace.assert_store_is_clean();
}

#[test]
fn an_output_that_was_deleted_or_edited_is_restored_without_execution() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    std::fs::remove_file(workspace.path("out.txt")).unwrap();
    assert_eq!(workspace.report(&[])["source"], "exact-hit");
    assert_eq!(workspace.read("out.txt"), "one");
    workspace.write("out.txt", "edited by hand");
    assert_eq!(workspace.report(&[])["source"], "exact-hit");
    assert_eq!(workspace.read("out.txt"), "one");
}

#[test]
fn garbage_collection_keeps_what_fits_and_what_it_removes_is_rebuilt() {
    let workspace = probing();
    workspace.run(["run"]).exits(0);
    workspace.run(["cache", "gc", "--max-size", "10GiB"]).exits(0);
    assert_eq!(workspace.report(&[])["source"], "exact-hit", "it fits");
    let dry = workspace.run(["cache", "gc", "--max-size", "0B", "--dry-run", "--json"]).exits(0);
    assert!(dry.json()["removed_actions"].as_u64().unwrap() >= 1, "{}", dry.stdout);
    assert_eq!(workspace.report(&[])["source"], "exact-hit", "a dry run removes nothing");
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    let report = workspace.report(&[]);
    assert_eq!(report["source"], "executed", "{report}");
    workspace.assert_store_is_clean();
}

#[test]
fn several_processes_share_one_store() {
    let workspaces: Vec<_> = (0..4).map(|_| probing()).collect();
    let store = workspaces[0].store_path("").display().to_string();
    let children: Vec<_> = workspaces
        .iter()
        .map(|workspace| {
            let mut command = workspace.command();
            command.args(["run", "--force"]).env("BELLJAR_STORE", &store).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for workspace in &workspaces {
        assert_eq!(workspace.read("out.txt"), "one");
    }
    workspaces[0].assert_store_is_clean();
}

#[test]
fn a_killed_run_leaves_a_clean_store() {
    for delay in [1, 5, 20, 60] {
        let workspace = probing();
        let mut child = workspace.command().args(["run", "--force"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        workspace.assert_store_is_clean();
        workspace.run(["run"]).exits(0);
        assert_eq!(workspace.read("out.txt"), "one");
    }
}
