//! What each shard sees: no more than it may depend on.

use belljar_sdk_testing::{Ran, Run, ToolAnswer, ToolCall, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::RESULTS;
use crate::{Config, run};

type Seen = BTreeMap<String, Vec<String>>;

/// Runs the step, and returns which files each shard saw, by its label.
fn seen(run: Run<Config>, tool: &str, config: belljar_sdk::serde_json::Value) -> (Ran, Seen) {
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let into = Rc::clone(&seen);
    let answer = move |call: &ToolCall| {
        let files = call.files.keys().cloned().collect();
        into.borrow_mut().insert(call.command.label.clone(), files);
        let stdout = "running 1 test\ntest t ... ok\ntest result: ok\n\
            {\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n";
        let xml = "<testsuite><testcase name='t'/></testsuite>";
        ToolAnswer::exit(0).stdout(stdout).file(RESULTS, xml)
    };
    let ran = run.tool(tool, answer).config(config).execute();
    let seen = seen.borrow().clone();
    (ran, seen)
}

fn start() -> Run<Config> {
    Run::new(run as fn(Config, &mut _) -> _)
}

fn rust() -> Run<Config> {
    start()
        .input("Cargo.toml", "[workspace]\nmembers = [\"libs/*\", \"app\"]\n")
        .input("Cargo.lock", "")
        .input(".cargo/config.toml", "[source.v]\ndirectory = \"vendor\"\n")
        .input("vendor/x/lib.rs", "")
        .input("libs/a/Cargo.toml", "[package]\nname = \"a\"\n")
        .input("libs/a/src/lib.rs", "")
        .input("libs/b/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\na.path = \"../a\"\n")
        .input("libs/b/src/lib.rs", "")
        .input("libs/b/tests/it.rs", "")
        .input(
            "app/Cargo.toml",
            "[package]\nname = \"app\"\n[dev-dependencies]\nb.path = \"../libs/b\"\n",
        )
        .input("app/src/main.rs", "")
        .input("fixtures/f.txt", "")
        .input("README.md", "")
}

#[test]
fn a_package_shard_sees_its_package_what_that_needs_and_all_manifests() {
    let (ran, seen) =
        seen(rust(), "cargo", json!({ "runner": "cargo", "shard": { "by": "package" } }));
    assert_eq!(ran.outcome().summary, "3 passed in 3 shards");
    let always = [
        ".cargo/config.toml",
        ".scratch/cargo/Cargo.lock",
        ".scratch/cargo/Cargo.toml",
        ".scratch/cargo/app/Cargo.toml",
        ".scratch/cargo/libs/a/Cargo.toml",
        ".scratch/cargo/libs/b/Cargo.toml",
        "vendor/x/lib.rs",
    ];
    let check = |label: &str, own: &[&str]| {
        let found = seen[label].iter().filter(|file| !always.contains(&file.as_str()));
        let found: Vec<&str> =
            found.map(|file| file.strip_prefix(".scratch/cargo/").unwrap_or(file)).collect();
        assert_eq!(found, own, "{label}");
        assert_eq!(seen[label].len(), own.len() + always.len(), "{label}");
    };
    check("a", &["libs/a/src/lib.rs"]);
    check("b", &["libs/a/src/lib.rs", "libs/b/src/lib.rs", "libs/b/tests/it.rs"]);
    check(
        "app",
        &["app/src/main.rs", "libs/a/src/lib.rs", "libs/b/src/lib.rs", "libs/b/tests/it.rs"],
    );
    let command = &ran.commands()[0];
    assert_eq!((command.cwd.as_str(), command.label.as_str()), (".scratch/cargo", "app"));
    let target = ("CARGO_TARGET_DIR".to_owned(), "{workspace}/target".to_owned());
    assert_eq!(command.env, [target]);
}

#[test]
fn reads_add_to_what_a_package_shard_sees_and_packages_can_be_chosen() {
    let config = json!({ "runner": "cargo", "reads": ["fixtures/**"],
        "shard": { "by": "package", "packages": ["a"] } });
    let (ran, found) = seen(rust(), "cargo", config);
    assert_eq!(ran.outcome().summary, "1 passed");
    assert!(found["a"].contains(&".scratch/cargo/fixtures/f.txt".to_owned()), "{found:?}");
    let unknown =
        json!({ "runner": "cargo", "shard": { "by": "package", "packages": ["a", "x"] } });
    let (ran, _) = seen(rust(), "cargo", unknown);
    assert_eq!(ran.config_problems()[0].pointer, "/shard/packages/1");
    let (ran, _) =
        seen(start(), "cargo", json!({ "runner": "cargo", "shard": { "by": "package" } }));
    assert_eq!(ran.config_problems()[0].pointer, "/cwd");
}

#[test]
fn an_edit_changes_what_those_shards_see_that_depend_on_it() {
    let shards = |edit: &str| -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
        let seen: Rc<RefCell<BTreeMap<_, _>>> = Rc::default();
        let into = Rc::clone(&seen);
        let answer = move |call: &ToolCall| {
            let files = call.files.iter().map(|(path, file)| (path.clone(), file.bytes.clone()));
            into.borrow_mut().insert(call.command.label.clone(), files.collect());
            ToolAnswer::exit(0)
        };
        let config = json!({ "runner": "cargo", "shard": { "by": "package" } });
        rust().input(edit, "// new").tool("cargo", answer).config(config).execute();
        seen.take()
    };
    let before = shards("elsewhere");
    let check = |edit: &str, expected: &[&str]| {
        let after = shards(edit);
        let changed: Vec<&str> = before
            .keys()
            .filter(|label| before[*label] != after[*label])
            .map(String::as_str)
            .collect();
        assert_eq!(changed, expected, "{edit}");
    };
    check("README.md", &[]);
    check("app/src/main.rs", &["app"]);
    check("app/tests/new.rs", &["app"]);
    check("libs/b/src/lib.rs", &["app", "b"]);
    check("libs/a/src/lib.rs", &["a", "app", "b"]);
    check("Cargo.lock", &["a", "app", "b"]);
}

#[test]
fn sources_that_are_vendored_in_a_package_are_not_laid_out_again() {
    let run = start()
        .input("Cargo.toml", "[package]\nname = \"r\"\n")
        .input(".cargo/config.toml", "[source.v]\ndirectory = \"vendor\"\n")
        .input("src/lib.rs", "")
        .input("vendor/x/lib.rs", "");
    let (_, seen) = seen(run, "cargo", json!({ "runner": "cargo", "shard": { "by": "package" } }));
    let laid_out = [".scratch/cargo/Cargo.toml", ".scratch/cargo/src/lib.rs"];
    assert_eq!(seen["r"], [".cargo/config.toml", laid_out[0], laid_out[1], "vendor/x/lib.rs"]);
}

#[test]
fn a_project_below_the_root_keeps_its_settings_and_its_needs_beside_it() {
    let run = start()
        .input("api/Cargo.toml", "[package]\nname = \"api\"\n[dependencies]\nl.path = \"../l\"\n")
        .input("api/.cargo/config.toml", "[source.v]\ndirectory = \"vendor\"\n")
        .input("api/src/lib.rs", "")
        .input("api/vendor/x/lib.rs", "")
        .input("l/Cargo.toml", "[package]\nname = \"l\"\n")
        .input("l/src/lib.rs", "");
    let config = json!({ "runner": "cargo", "cwd": "api", "shard": { "by": "package" } });
    let (ran, seen) = seen(run, "cargo", config);
    assert_eq!(ran.commands()[0].cwd, ".scratch/cargo/api");
    let files = &seen["api"];
    for file in ["api/.cargo/config.toml", "api/src/lib.rs", "l/Cargo.toml", "l/src/lib.rs"] {
        assert!(files.contains(&format!(".scratch/cargo/{file}")), "{file} in {files:?}");
    }
    assert!(files.contains(&"api/vendor/x/lib.rs".to_owned()), "{files:?}");
}

#[test]
fn a_go_shard_sees_the_packages_that_it_imports() {
    let run = start()
        .input("go.mod", "module example.org/m\n")
        .input("go.sum", "")
        .input("a/a.go", "package a\nimport \"fmt\"\n")
        .input("a/a_test.go", "package a\n")
        .input("b/b.go", "package b\nimport (\n\t\"example.org/m/a\"\n)\n")
        .input("b/b_test.go", "package b\n")
        .input("b/testdata/in.txt", "")
        .input("c/c.go", "package c\n");
    let (ran, seen) = seen(run, "go", json!({ "runner": "go", "shard": { "by": "package" } }));
    assert_eq!(ran.outcome().summary, "2 passed in 2 shards");
    assert_eq!(seen["./a"], ["a/a.go", "a/a_test.go", "go.mod", "go.sum"]);
    let b =
        ["a/a.go", "a/a_test.go", "b/b.go", "b/b_test.go", "b/testdata/in.txt", "go.mod", "go.sum"];
    assert_eq!(seen["./b"], b);
}

#[test]
fn a_file_shard_sees_its_own_test_file_and_all_that_is_none() {
    let run = start()
        .input("conftest.py", "")
        .input("lib.py", "")
        .input("tests/conftest.py", "")
        .input("tests/test_[a].py", "")
        .input("tests/test_b.py", "")
        .input(".venv/lib/site-packages/x/test_x.py", "");
    let config = json!({ "runner": "pytest", "shard": { "by": "file" } });
    let (ran, seen) = seen(run, "pytest", config);
    assert_eq!(ran.outcome().summary, "2 passed in 2 shards");
    let always =
        [".venv/lib/site-packages/x/test_x.py", "conftest.py", "lib.py", "tests/conftest.py"];
    for own in ["tests/test_[a].py", "tests/test_b.py"] {
        let files: Vec<&str> = seen[own].iter().map(String::as_str).collect();
        assert_eq!(files[..4], always, "{own}");
        assert_eq!(files[4..], [own]);
    }
}

#[test]
fn shards_by_count_hold_every_file_once() {
    let names: Vec<String> = (0..20).map(|at| format!("t{at}.test.js")).collect();
    let run = names.iter().fold(start(), |run, name| run.input(name, ""));
    let config = json!({ "runner": "node", "shard": { "by": "count", "count": 3 } });
    let (ran, seen) = seen(run, "node", config);
    assert_eq!(ran.commands().len(), 3);
    let mut files: Vec<String> = seen.values().flatten().cloned().collect();
    files.sort();
    let mut names = names;
    names.sort();
    assert_eq!(files, names);
}

#[test]
fn a_command_is_told_which_part_it_is() {
    let config = json!({ "runner": "command", "command": ["sh"], "results": RESULTS,
        "shard": { "by": "count", "count": 2 } });
    let (ran, _) = seen(start().input("a", ""), "sh", config);
    let second = &ran.commands()[1];
    assert_eq!(second.label, "2/2");
    assert_eq!(second.env[0], ("BELLJAR_SHARD".to_owned(), "2".to_owned()));
    assert_eq!(second.env[1], ("BELLJAR_SHARDS".to_owned(), "2".to_owned()));
}
