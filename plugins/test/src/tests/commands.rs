//! The command line of each runner, and the results that it leaves.

use belljar_sdk::TestStatus::{Errored, Failed, Passed, Skipped};
use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::{Ran, Run, ToolAnswer, json};

use super::{RESULTS, message, statuses};
use crate::{Config, run};

/// Runs the step with one tool of this name, and a project of all languages.
fn with(tool: &str, config: Value, answer: ToolAnswer) -> Ran {
    let run = Run::new(run as fn(Config, &mut _) -> _);
    let run = run.input("test_a.py", "").input("a.test.js", "").input("go.mod", "module m\n");
    let run = run.input("web/b.test.ts", "").input("a_test.go", "package m\n");
    run.tool(tool, move |_| answer.clone()).config(config).execute()
}

#[test]
fn each_runner_is_started_as_it_wants_to_be() {
    let check = |tool: &str, config: Value, expected: &str| {
        let ran = with(tool, config, ToolAnswer::exit(1));
        let lines: Vec<String> =
            ran.commands().iter().map(|command| command.args.join(" ")).collect();
        assert_eq!(lines, [expected], "{:?}", ran.result());
    };
    check("cargo", json!({ "runner": "cargo" }), "test --no-fail-fast");
    check(
        "cargo",
        json!({ "runner": "cargo", "args": ["--workspace", "--", "--skip", "slow"],
            "shard": { "packages": ["a"] } }),
        "test --no-fail-fast -p a --workspace -- --skip slow",
    );
    check(
        "cargo",
        json!({ "runner": "nextest", "retries": 2 }),
        "nextest run --tool-config-file belljar:{workspace}/.scratch/belljar-nextest.toml \
         --profile belljar --no-fail-fast --no-tests=pass --retries=2",
    );
    let pytest = "-p no:cacheprovider -o junit_family=xunit1 \
        --junitxml={workspace}/.belljar-results.xml";
    check("pytest", json!({ "runner": "pytest", "args": ["-q"] }), &format!("{pytest} -q"));
    check("python3", json!({ "runner": "pytest" }), &format!("-m pytest {pytest}"));
    let py = json!({ "runner": "pytest", "tool": "py", "cwd": "web" });
    let below = pytest.replace("{workspace}", "{workspace}/web");
    check("py", py, &format!("-m pytest {below}"));
    check(
        "node",
        json!({ "runner": "node", "shard": { "by": "file" } }),
        "--test --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit \
         --test-reporter-destination={workspace}/.belljar-results.xml a.test.js",
    );
    check(
        "vitest",
        json!({ "runner": "vitest", "cwd": "web", "shard": { "by": "file" } }),
        "run --reporter=default --reporter=junit \
         --outputFile.junit={workspace}/web/.belljar-results.xml --passWithNoTests b.test.ts",
    );
    check("go", json!({ "runner": "go", "args": ["-race"] }), "test -json -race ./...");
    check("go", json!({ "runner": "go", "shard": { "by": "package" } }), "test -json .");
    check(
        "ctest",
        json!({ "runner": "ctest", "cwd": "build", "shard": { "by": "count", "count": 1 } }),
        "--output-junit {workspace}/build/.belljar-results.xml --output-on-failure -I 1,,1",
    );
    check(
        "sh",
        json!({ "runner": "command", "command": ["sh", "x", "{files}", "y"],
            "shard": { "files": ["*.py"] } }),
        "x test_a.py y",
    );
}

#[test]
fn nextest_is_told_where_its_results_go() {
    let text = include_str!("../../samples/nextest.xml");
    let run = Run::new(run as fn(Config, &mut _) -> _).input("Cargo.toml", "");
    let run = run.tool("cargo", move |call| {
        let settings = call.text(".scratch/belljar-nextest.toml");
        assert!(
            settings.ends_with("[profile.ci.junit]\npath = \"../../.belljar-results.xml\"\n"),
            "{settings}"
        );
        ToolAnswer::exit(100).file(RESULTS, text)
    });
    let ran = run.config(json!({ "runner": "nextest", "args": ["--profile=ci"] })).execute();
    assert_eq!(message(&ran), "2 of 5 tests failed: tests::bad, res");
    assert!(!ran.commands()[0].args.contains(&"belljar".to_owned()));
}

#[test]
fn the_samples_of_all_runners_come_out_as_cases() {
    let check = |tool: &str, config: Value, answer: ToolAnswer, expected: &[(&str, &str, _)]| {
        let ran = with(tool, config, answer);
        let found = ran.tests().iter().map(|case| (&*case.suite, &*case.name, case.status));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{:?}", ran.result());
    };
    let file = |text: &str| ToolAnswer::exit(1).file(RESULTS, text);
    check(
        "ctest",
        json!({ "runner": "ctest" }),
        file(include_str!("../../samples/ctest.xml")),
        &[
            ("ctest", "good", Passed),
            ("ctest", "dis", Skipped),
            ("ctest", "bad", Failed),
            ("ctest", "nothere", Errored),
        ],
    );
    check(
        "node",
        json!({ "runner": "node", "shard": { "by": "file" } }),
        file(include_str!("../../samples/node.xml")),
        &[
            ("a.test.js", "ok", Passed),
            ("a.test.js", "skipped", Skipped),
            ("a.test.js", "todo", Skipped),
            ("a.test.js > group", "inner ok", Passed),
            ("a.test.js > with sub", "sub", Passed),
            ("a.test.js", "bad", Failed),
            ("a.test.js > group", "inner bad", Failed),
        ],
    );
    let command = json!({ "runner": "command", "command": ["sh", "t"], "format": "tap" });
    check(
        "sh",
        command,
        ToolAnswer::exit(1).stdout("1..2\nok 1 - a\nnot ok 2 - b\n"),
        &[("", "a", Passed), ("", "b", Failed)],
    );
    let command = json!({ "runner": "command", "command": ["sh"], "format": "libtest" });
    let lines = "running 1 test\ntest a::b ... ok\n\ntest result: ok. 1 passed;\n";
    check("sh", command, ToolAnswer::exit(0).stdout(lines), &[("", "a::b", Passed)]);
    let command = json!({ "runner": "command", "command": ["sh"], "results": "out/r.xml" });
    let xml = "<testsuite name='s'><testcase name='t'/></testsuite>";
    check("sh", command, ToolAnswer::exit(0).file("out/r.xml", xml), &[("s", "t", Passed)]);
}

#[test]
fn a_bail_out_is_a_failure_even_if_the_exit_code_is_good() {
    let config = json!({ "runner": "command", "command": ["sh"], "format": "tap" });
    let ran = with("sh", config, ToolAnswer::exit(0).stdout("ok 1\nBail out! no disk\n"));
    assert!(message(&ran).contains("the run bailed out: no disk"), "{}", message(&ran));
}

#[test]
fn failed_tests_are_chosen_again_where_the_runner_can() {
    let check = |tool: &str, config: Value, answer: ToolAnswer, expected: &str| {
        let mut config = config;
        config["retries"] = json!(1);
        let ran = with(tool, config, answer);
        let last = ran.commands().last().unwrap().args.join(" ");
        assert!(last.ends_with(expected), "{last}");
    };
    let stdout = include_str!("../../samples/cargo.stdout");
    let stderr = include_str!("../../samples/cargo.stderr");
    let cargo = ToolAnswer::exit(101).stdout(stdout).stderr(stderr);
    check("cargo", json!({ "runner": "cargo" }), cargo, "-- --exact tests::bad");
    let go = ToolAnswer::exit(1).stdout(
        "{\"Action\":\"fail\",\"Package\":\"m/a\",\"Test\":\"T/x y\"}\n\
         {\"Action\":\"fail\",\"Package\":\"m/b\",\"Test\":\"U\"}\n",
    );
    check("go", json!({ "runner": "go" }), go, "-run=^(T|U)$ m/a m/b");
    let go = ToolAnswer::exit(1).stdout(include_str!("../../samples/go.json"));
    check("go", json!({ "runner": "go" }), go, "test -json ./...");
    let ctest = ToolAnswer::exit(8).file(RESULTS, include_str!("../../samples/ctest.xml"));
    check("ctest", json!({ "runner": "ctest" }), ctest, "-R ^(bad|nothere)$");
    let vitest = ToolAnswer::exit(1).file(RESULTS, include_str!("../../samples/vitest.xml"));
    check("vitest", json!({ "runner": "vitest" }), vitest, "--passWithNoTests a.test.ts");
    let node =
        "<testsuites><testcase name='a (b)' classname='test'><failure/></testcase></testsuites>";
    let node = ToolAnswer::exit(1).file(RESULTS, node);
    check("node", json!({ "runner": "node" }), node, "--test-name-pattern=^a \\(b\\)$");
    let node = ToolAnswer::exit(1).file(RESULTS, include_str!("../../samples/node.xml"));
    let by_file = json!({ "runner": "node", "shard": { "by": "file" } });
    check("node", by_file.clone(), node, ".xml a.test.js");
    let syntax = "<testsuites><testcase name='/w/a.test.js'><failure/></testcase></testsuites>";
    let ran = with("node", by_file.clone(), ToolAnswer::exit(1).file(RESULTS, syntax));
    assert_eq!((&*ran.tests()[0].suite, &*ran.tests()[0].name), ("a.test.js", "a.test.js"));
    check("node", by_file, ToolAnswer::exit(1).file(RESULTS, syntax), ".xml a.test.js");
}

#[test]
fn a_test_binary_that_died_is_a_case_with_the_reason() {
    let stdout = "running 2 tests\ntest a ... ok\n";
    let stderr = "     Running unittests src/lib.rs (target/debug/deps/p-0a)\n\
        error: test failed, to rerun pass `-p p --lib`\n\nCaused by:\n  \
        process didn't exit successfully: `p-0a` (signal: 6, SIGABRT: process abort signal)\n";
    let answer = ToolAnswer::exit(101).stdout(stdout).stderr(stderr);
    let ran = with("cargo", json!({ "runner": "cargo" }), answer);
    assert_eq!(message(&ran), "1 of 2 tests failed: (binary)");
    let died = &ran.tests()[1];
    assert_eq!(died.suite, "-p p --lib");
    assert!(died.message.contains("SIGABRT"), "{}", died.message);
    assert_eq!(statuses(&ran)[0].0, "a");
    assert_eq!(ran.log()[0].message, "a test binary of `p` did not finish");
}
