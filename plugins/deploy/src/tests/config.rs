//! Configurations that are refused, and where.

use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::json;

use super::environment;

fn check(config: &Value, expected: &[(&str, &str)]) {
    let ready = environment(config.clone()).ready();
    let previewed = ready.preview();
    let problems: Vec<(&str, &str)> = previewed
        .config_problems()
        .iter()
        .map(|problem| (problem.pointer.as_str(), problem.message.as_str()))
        .collect();
    assert_eq!(problems, expected, "{config}");
    assert!(previewed.lines().is_empty());
    assert_eq!(ready.observe().config_problems(), previewed.config_problems());
}

fn http(http: &Value) -> Value {
    json!({ "strategies": [{ "directory": {} }, { "http": http }] })
}

#[test]
fn there_is_a_strategy_and_one_that_looks() {
    check(&json!({ "strategies": [] }), &[("/strategies", "names no strategy")]);
    let none = "names no strategy: give `directory`, `http` or `tool`";
    let several = "names several strategies: give each its own table, so that their order shows";
    check(
        &json!({ "strategies": [{}, { "directory": {}, "tool": {} }] }),
        &[
            ("/strategies/0", none),
            ("/strategies/1", several),
            ("/strategies/1/tool", "does nothing: give `apply` or `observe`"),
        ],
    );
    let blind = "none of them tells whether the release is healthy: add a `health` to `http` or an \
                 `observe` to `tool`";
    let tool = json!({ "tool": { "apply": [{ "command": ["a"] }] } });
    check(&json!({ "strategies": [tool] }), &[("/strategies", blind)]);
    let idle = "does nothing: give `upload`, `activate` or `health`";
    check(&http(&json!({})), &[("/strategies/1/http", idle)]);
    let idle = "does nothing: give `apply` or `observe`";
    let tool = json!({ "strategies": [{ "directory": {} }, { "tool": {} }] });
    check(&tool, &[("/strategies/1/tool", idle)]);
}

#[test]
fn folders_are_relative_and_apart() {
    let directories = |one: &str, two: &str| json!({ "strategies": [{ "directory": { "to": one } }, { "directory": { "to": two } }] });
    let overlaps = "overlaps the folder of another `directory`";
    for (one, two) in [("", ""), ("a", "a/"), ("a", "a/b"), ("a/b", "a"), ("", "a")] {
        check(&directories(one, two), &[("/strategies/1/directory/to", overlaps)]);
    }
    let absolute = "must be relative, without a leading `/`";
    check(&directories("a", "/b"), &[("/strategies/1/directory/to", absolute)]);
    let directory = json!({ "files": [], "except": ["../x"], "keep": 0 });
    check(
        &json!({ "strategies": [{ "directory": directory }] }),
        &[
            ("/strategies/0/directory/files", "names no files"),
            ("/strategies/0/directory/except/0", "must not have empty, `.` or `..` segments"),
            ("/strategies/0/directory/keep", "must be at least 1: the live release stays"),
        ],
    );
}

#[test]
fn addresses_are_whole_and_name_what_is_known() {
    let health = |url: &str, message: &str| {
        let place = "/strategies/1/http/health/url";
        check(&http(&json!({ "health": { "url": url } })), &[(place, message)]);
    };
    health("ftp://a.example", "must begin with `https://` or `http://`");
    health("https://", "names no host");
    health("https://:80/", "names no host");
    health("https://me:pw@a.example", "must not hold a user or password: use `secret-headers`");
    health("https://a.example/#top", "must not have a fragment");
    health("https://a.example/a b", "holds a letter that must be percent-encoded");
    let unknown = "`{path}` is not known here; there are `{release}`, `{environment}`";
    health("https://a.example/{path}", unknown);
}

#[test]
fn headers_and_statuses_are_what_a_request_can_carry() {
    let upload = json!({
        "url": "https://a.example/{path}",
        "headers": { "a b": "x", "Host": "x", "x": "a\nb", "y": "1" },
        "secret-headers": [{ "name": "Y", "secret": "" }],
        "expect": [200, 100], "time-limit-ms": 0,
    });
    let at = |rest: &str| format!("/strategies/1/http/upload/{rest}");
    let expected = [
        (at("headers/Host"), "is set by Belljar"),
        (at("headers/a b"), "is not the name of a header"),
        (at("headers/x"), "holds a control character"),
        (at("secret-headers/0/name"), "is set twice"),
        (at("secret-headers/0/secret"), "must be the name of a secret"),
        (at("expect/1"), "is not a status code between 200 and 599"),
        (at("time-limit-ms"), "must be at least 1"),
    ];
    let expected: Vec<(&str, &str)> =
        expected.iter().map(|(pointer, message)| (pointer.as_str(), *message)).collect();
    check(&http(&json!({ "upload": upload })), &expected);
    let health = json!({ "url": "https://a.example", "expect": [], "json": { "a/b": 1 },
        "release": "id" });
    let no_pointer = "is not a JSON pointer: it begins with `/`";
    check(
        &http(&json!({ "health": health })),
        &[
            ("/strategies/1/http/health/expect", "must name at least one status code"),
            ("/strategies/1/http/health/json/a~1b", no_pointer),
            ("/strategies/1/http/health/release", no_pointer),
        ],
    );
}

#[test]
fn commands_name_a_tool_and_variables() {
    let command = json!({ "command": [], "env": { "A=B": "", "C": "" }, "expect": [],
        "secret-env": [{ "name": "C", "secret": "s" }], "cwd": "a//b" });
    let config = json!({ "strategies": [{ "tool": { "observe": command } }] });
    check(
        &config,
        &[
            ("/strategies/0/tool/observe/command", "must begin with the name of a tool"),
            ("/strategies/0/tool/observe/cwd", "must not have empty, `.` or `..` segments"),
            ("/strategies/0/tool/observe/expect", "must name at least one exit code"),
            ("/strategies/0/tool/observe/env/A=B", "is not the name of an environment variable"),
            ("/strategies/0/tool/observe/secret-env/0/name", "is set twice"),
        ],
    );
}

#[test]
fn unknown_keys_are_refused() {
    let config = json!({ "strategies": [{ "directory": { "kep": 2 } }] });
    let previewed = environment(config).preview();
    let [problem] = previewed.config_problems() else { panic!("{:?}", previewed.result()) };
    assert!(problem.message.contains("unknown field `kep`"), "{}", problem.message);
}
