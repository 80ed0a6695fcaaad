//! The plugin as a whole, with closures in place of tools.

use belljar_sdk::prelude::*;
use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::{Run, ToolAnswer, ToolCall, json};

use crate::config::Config;
use crate::{describe, last_lines, run};

fn with(config: Value) -> Run<Config> {
    Run::new(run).config(config)
}

fn passes(_: &ToolCall) -> ToolAnswer {
    ToolAnswer::exit(0)
}

#[test]
fn it_asks_for_any_tool_that_the_user_grants() {
    let tools = describe().tools;
    assert_eq!(tools.iter().map(|need| need.name.as_str()).collect::<Vec<_>>(), ["*"]);
}

#[test]
fn a_list_is_a_tool_with_its_arguments_and_sees_all_inputs() {
    let cc = |call: &ToolCall| {
        ToolAnswer::exit(0).stdout("noise").file("dist/a.o", call.text("a.c")).file("junk", "")
    };
    let config = json!({
        "run": ["cc", "-c", "a.c"], "writes": ["dist/**"], "env": { "LANG": "C" },
        "cwd": "src", "stdin": "text", "cpus": 2,
    });
    let ran = with(config).input("a.c", "int x;").tool("cc", cc).execute();
    assert_eq!(ran.outcome().summary, "`cc -c a.c` made 1 file");
    assert_eq!(ran.output_text("dist/a.o"), "int x;");
    assert_eq!(ran.outputs().len(), 1);
    assert!(ran.log().is_empty(), "the host shows what a tool prints: {:?}", ran.log());
    let command = Command::new("cc").args(["-c", "a.c"]).env("LANG", "C").cwd("src");
    let command = command.read(["**"]).write(["dist/**"]).stdin("text").cpus(2);
    assert_eq!(ran.commands(), [command.as_wire().clone()]);
}

#[test]
fn a_text_is_run_by_the_shell_and_stops_at_its_first_failure() {
    let ran = with(json!({ "run": "make\nmake check" })).tool("sh", passes).execute();
    assert_eq!(ran.outcome().summary, "`make…` passed");
    assert_eq!(ran.commands()[0].args, ["-e", "-c", "make\nmake check"]);
}

#[test]
fn a_tool_that_is_not_granted_is_told_with_the_line_to_add() {
    let check = |config: Value, pointer: &str, expected: &str| {
        let ran = with(config).tool("cc", passes).execute();
        let [problem] = ran.config_problems() else { panic!("{:?}", ran.result()) };
        assert_eq!(problem.pointer, pointer);
        assert!(problem.message.contains(expected), "{}", problem.message);
        assert!(ran.commands().is_empty(), "nothing may have run");
    };
    let line = r#"`grants.tools = ["cc", "sh"]`"#;
    check(json!({ "run": "make" }), "/run", line);
    check(json!({ "run": "make" }), "/run", "a text is run by the tool `sh`");
    check(json!({ "run": ["sh", "x"] }), "/run/0", line);
    check(json!({ "commands": [["cc"], "make"] }), "/commands/1", line);
}

#[test]
fn what_the_schema_cannot_say_is_checked_before_anything_runs() {
    let check = |mut config: Value, pointer: &str| {
        if pointer.starts_with('/') && config.get("commands").is_none() {
            let run = config["run"].take();
            config["run"] = if run.is_null() { json!(["cc"]) } else { run };
        }
        let ran = with(config).tool("cc", passes).tool("sh", passes).execute();
        let found: Vec<_> = ran.config_problems().iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(found, [pointer], "{:?}", ran.result());
        assert!(ran.commands().is_empty(), "nothing may have run");
    };
    check(json!({}), "");
    check(json!({ "run": ["cc"], "commands": [["cc"]] }), "/commands");
    check(json!({ "commands": [] }), "/commands");
    check(json!({ "run": [] }), "/run");
    check(json!({ "run": " \n" }), "/run");
    check(json!({ "commands": [["cc"], [""]] }), "/commands/1/0");
    check(json!({ "reads": ["a", "../b"] }), "/reads/1");
    check(json!({ "writes": ["/b"] }), "/writes/0");
    check(json!({ "writes": ["!"] }), "/writes/0");
    check(json!({ "env": { "A/B=": "" } }), "/env/A~1B=");
    check(json!({ "cwd": "../x" }), "/cwd");
    check(json!({ "cwd": "/x" }), "/cwd");
    check(json!({ "success-codes": [] }), "/success-codes");
}

#[test]
fn a_code_that_is_no_success_fails_the_step_with_the_last_lines() {
    let check = |answer: ToolAnswer, message: &str| {
        let run = with(json!({ "run": ["cc", "a.c"] })).tool("cc", move |_| answer.clone());
        let ran = run.execute();
        let expected = StepError::failed("exit-3", message).attr("tool", "cc");
        assert_eq!(ran.result(), &Err(expected));
    };
    let exit = || ToolAnswer::exit(3);
    check(exit(), "`cc a.c` ended with code 3");
    check(exit().stdout("a\n\n b \n"), "`cc a.c` ended with code 3: a / b");
    check(exit().stdout("out").stderr("1\n2\n3\n4\n"), "`cc a.c` ended with code 3: 2 / 3 / 4");
}

#[test]
fn other_codes_can_be_successes_and_a_summary_ones_own() {
    let config = json!({ "run": ["cc"], "success-codes": [0, 2], "summary": "2 is fine" });
    let run =
        |code: i32| with(config.clone()).tool("cc", move |_| ToolAnswer::exit(code)).execute();
    assert_eq!(run(2).outcome().summary, "2 is fine");
    assert_eq!(run(0).outcome().summary, "2 is fine");
    assert_eq!(run(1).failure_code(), Some("exit-1"));
}

/// A tool that makes what its arguments say, as `path=text`, after looking at what it sees.
fn maker(call: &ToolCall) -> ToolAnswer {
    let seen: Vec<&str> = call.files.keys().map(String::as_str).collect();
    let made = call.command.args.iter().filter_map(|arg| arg.split_once('='));
    made.fold(ToolAnswer::exit(0), |answer, (path, text)| {
        answer.file(path, text.replace("SEEN", &seen.join(",")))
    })
}

#[test]
fn a_later_command_sees_what_earlier_ones_left_at_outputs_and_in_scratch() {
    let config = json!({
        "commands": [["make", "dist/a=1", ".scratch/b=2", "c=3"], ["make", "dist/d=SEEN"]],
        "writes": ["dist/**"],
    });
    let run = with(config).declare_outputs(&["dist/**"]).input("in", "");
    let ran = run.tool("make", maker).execute();
    assert_eq!(ran.outcome().summary, "2 commands made 2 files");
    assert_eq!(ran.output_text("dist/d"), ".scratch/b,dist/a,in");
    let labels: Vec<&str> = ran.commands().iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["1 make", "2 make"]);
}

#[test]
fn the_first_command_that_fails_ends_the_step() {
    let config = json!({ "commands": [["no"], ["yes"]] });
    let ran = with(config).tool("no", |_| ToolAnswer::exit(1)).tool("yes", passes).execute();
    assert_eq!((ran.failure_code(), ran.commands().len()), (Some("exit-1"), 1));
}

#[test]
fn an_output_may_be_made_twice_but_not_changed() {
    let ran = |second: &str| {
        let config = json!({ "commands": [["make", "a=1"], ["make", second]], "writes": ["a"] });
        with(config).tool("make", maker).execute()
    };
    assert_eq!(ran("a=1").outcome().summary, "2 commands made 1 file");
    let changed = ran("a=2");
    let [problem] = changed.config_problems() else { panic!("{:?}", changed.result()) };
    assert_eq!(problem.pointer, "/commands/1");
    assert!(problem.message.starts_with("changes `a`"), "{}", problem.message);
}

#[test]
fn what_is_made_and_not_declared_is_dropped_with_a_line_of_the_log() {
    let make = |_: &ToolCall| {
        let answer = ToolAnswer::exit(0).file("dist/out", "").link("dist/link", "out");
        (1..=7).fold(answer, |answer, at| answer.file(&format!("dist/x{at}"), ""))
    };
    let run = with(json!({ "run": ["make"], "writes": ["dist/**"] })).tool("make", make);
    let ran = run.declare_outputs(&["dist/out"]).execute();
    assert_eq!(ran.outcome().summary, "`make` made 1 file");
    let lines: Vec<&str> = ran.log().iter().map(|line| line.message.as_str()).collect();
    let [first, second] = lines[..] else { panic!("{lines:?}") };
    assert!(first.starts_with("dropped: `dist/x1`, `dist/x2`"), "{first}");
    assert!(first.contains("`dist/x5`, 2 more match `writes`"), "{first}");
    assert!(second.starts_with("dropped: `dist/link` are symbolic links"), "{second}");
}

#[test]
fn the_last_lines_are_cut_at_the_front() {
    let long = last_lines(&format!("start{}", "é".repeat(300)));
    assert_eq!(long, format!("…{}", "é".repeat(300)));
    assert_eq!(last_lines(&"é".repeat(300)), "é".repeat(300));
    assert_eq!(last_lines(" \n\n"), "");
}

#[test]
fn a_secret_is_put_into_the_environment_of_each_command() {
    assert_eq!(describe().secrets, ["*"]);
    let curl = |call: &ToolCall| {
        let found = call.command.env.iter().find(|(name, _)| name == "TOKEN");
        assert_eq!(found.map(|(_, value)| value.as_str()), Some("hunter22"));
        ToolAnswer::exit(0)
    };
    let config = json!({ "run": ["curl"], "secrets": { "TOKEN": "npm" } });
    let ran = with(config).tool("curl", curl).secret("npm", "hunter22").execute();
    assert_eq!(ran.outcome().summary, "`curl` passed");
}

#[test]
fn a_secret_that_was_not_granted_is_a_mistake_of_the_configuration() {
    let config = json!({
        "run": ["curl"], "env": { "A": "1" }, "secrets": { "A": "npm", "B": "other", "C=": "npm" },
    });
    let ran = with(config).tool("curl", passes).secret("npm", "hunter22").execute();
    let pointers: Vec<_> =
        ran.config_problems().iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/secrets/A", "/secrets/B", "/secrets/C="]);
}
