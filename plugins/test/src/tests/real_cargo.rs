//! The real cargo over what a shard sees: the layout of a workspace must be one that it loads.

use std::process::Command;

use belljar_sdk_testing::{Run, ToolAnswer, ToolCall, json};

use crate::{Config, run};

/// Puts the files of a call in place, and runs cargo as the host would.
fn cargo(call: &ToolCall) -> ToolAnswer {
    let folder = tempfile::tempdir().unwrap();
    for (path, file) in &call.files {
        let place = folder.path().join(path);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, &file.bytes).unwrap();
    }
    let workspace = folder.path().to_str().unwrap();
    let fill = |text: &String| text.replace("{workspace}", workspace);
    let mut command = Command::new(env!("CARGO"));
    command.args(call.command.args.iter().map(fill));
    command.current_dir(folder.path().join(&call.command.cwd));
    // What cargo and rustup set for this test must not reach the cargo that it starts.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
        if name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    command.env("CARGO_NET_OFFLINE", "true").env("RUST_BACKTRACE", "0");
    command.envs(call.command.env.iter().map(|(name, value)| (name, fill(value))));
    let output = command.output().unwrap();
    ToolAnswer::exit(output.status.code().unwrap()).stdout(output.stdout).stderr(output.stderr)
}

#[test]
fn cargo_tests_a_package_without_the_sources_of_what_it_does_not_need() {
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
    };
    let run = Run::new(run as fn(Config, &mut _) -> _)
        .input(
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\", \"only-bins\", \"gone\"]\n",
        )
        .input("a/Cargo.toml", manifest("a", ""))
        .input("a/src/lib.rs", "pub fn one() -> i32 { 1 }")
        .input("b/Cargo.toml", manifest("b", "[dependencies]\na = { path = \"../a\" }\n"))
        .input("b/src/lib.rs", "#[test]\nfn good() { assert_eq!(a::one(), 1) }\n")
        .input("b/tests/it.rs", "#[test]\nfn bad() {\n    assert_eq!(a::one(), 2, \"why\");\n}\n")
        .input(
            "only-bins/Cargo.toml",
            manifest(
                "only-bins",
                "default-run = \"more\"\n[[bin]]\nname = \"more\"\n[[test]]\nname = \"t\"\n",
            ),
        )
        .input("only-bins/src/main.rs", "fn main() {}")
        .input("only-bins/src/bin/more.rs", "fn main() {}")
        .input("only-bins/tests/t.rs", "this does not compile")
        .input("gone/Cargo.toml", manifest("gone", "links = \"z\"\n"))
        .input("gone/build.rs", "neither does this")
        .input("gone/src/main.rs", "nor this");
    let config = json!({ "runner": "cargo", "args": ["--offline"],
        "shard": { "by": "package", "packages": ["a", "b"] } });
    let ran = run.tool("cargo", cargo).config(config).execute();
    let problem = match ran.result() {
        Err(belljar_sdk::StepError::Failed(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem.message, "1 of 2 tests failed: bad");
    let cases: Vec<(&str, &str)> =
        ran.tests().iter().map(|case| (case.suite.as_str(), case.name.as_str())).collect();
    assert_eq!(cases, [("b", "good"), ("b::it", "bad")]);
    let bad = &ran.tests()[1];
    assert!(bad.message.contains("assertion `left == right` failed: why"), "{}", bad.message);
    let at = bad.at.as_ref().map(|at| (at.file.as_str(), at.start_line, at.start_col));
    assert_eq!(at, Some(("b/tests/it.rs", 3, 5)));
}
