//! The strategy `tool`.

use belljar_sdk::deploy::{Condition, EffectToolCommand};
use belljar_sdk_testing::{Effect, ToolAnswer, json};

use super::environment;

fn config() -> belljar_sdk::serde_json::Value {
    json!({ "strategies": [{ "tool": {
        "apply": [
            { "command": ["kubectl", "apply", "-f", "{artifacts}/dist/{environment}.yaml"],
              "env": { "RELEASE": "{release}", "ATTEMPT": "{idempotency-key}" },
              "secret-env": [{ "name": "TOKEN", "secret": "cluster" }], "cwd": "dist/" },
            { "command": ["kubectl", "get", "-o", "jsonpath={.status}"], "expect": [0, 3] },
        ],
        "observe": { "command": ["kubectl", "rollout", "status"] },
    } }] })
}

#[test]
fn commands_run_in_order_with_their_names_filled_in() {
    let kubectl = |_: &EffectToolCommand| ToolAnswer::exit(0);
    let ready = environment(config()).tool("kubectl", kubectl).secret("cluster").ready();
    let (previewed, applied) = (ready.preview(), ready.apply());
    assert_eq!(previewed.effects(), applied.effects());
    assert_eq!(previewed.answer(), applied.answer());
    assert_eq!(
        applied.lines(),
        [
            "run kubectl apply -f {workspace}/dist/test.yaml",
            "run kubectl get -o jsonpath={.status}"
        ]
    );
    let Effect::Tool(first) = &applied.effects()[0] else { panic!("no run of a tool") };
    let digits = ready.release().split(':').nth(1).unwrap();
    let pairs = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(first.env, [pairs("ATTEMPT", "attempt-1"), pairs("RELEASE", digits)]);
    assert_eq!((first.secrets[0].secret.as_str(), first.cwd.as_str()), ("cluster", "dist"));
}

#[test]
fn a_command_that_fails_ends_the_deployment_with_what_it_said() {
    let kubectl = |command: &EffectToolCommand| match command.args[0].as_str() {
        "apply" => ToolAnswer::exit(2).stdout("created\n").stderr("no such host\n\n"),
        other => panic!("it went on with {other}"),
    };
    let applied = environment(config()).tool("kubectl", kubectl).secret("cluster").apply();
    let end = "ended with 2, expected 0: no such host";
    assert!(applied.message().ends_with(end), "{}", applied.message());
}

#[test]
fn the_exit_code_of_the_command_that_looks_is_the_answer() {
    let check = |code: i32, condition: Condition, detail: &str| {
        let kubectl = move |_: &EffectToolCommand| ToolAnswer::exit(code).stdout("2 of 3 ready\n");
        let seen = environment(config()).tool("kubectl", kubectl).secret("cluster").observe();
        let seen = seen.answer();
        assert_eq!((seen.condition, seen.detail.as_str()), (condition, detail));
    };
    let said = |code: &str| format!("`kubectl rollout status` ended with {code}: 2 of 3 ready");
    check(0, Condition::Healthy, &said("0"));
    check(1, Condition::Unhealthy, &said("1"));
    check(-1, Condition::Unhealthy, &said("-1"));
}
