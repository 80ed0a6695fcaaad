//! A plugin that deploys, seen through the test harness.

use std::time::Duration;

use belljar_sdk::deploy::{
    Condition, EffectCommand, HttpProblem, HttpRequest, RequestWire, StorageProblem,
};
use belljar_sdk::prelude::*;
use belljar_sdk_testing::{Deploy, Effect, HttpAnswer, ToolAnswer, json};

/// What to do.
#[belljar_sdk::config]
pub struct Config {
    /// One word for each thing to do, such as `put`.
    #[serde(default)]
    does: Vec<String>,
    /// The same, while it observes.
    #[serde(default)]
    looks: Vec<String>,
}

/// Does what it is told.
struct Told;

/// Does what it is told.
///
/// And nothing else.
#[belljar_sdk::deployment(
    name = "told",
    tools = [("ctl", "switches")],
    secrets = ["token"],
    hosts = ["a.example:443"]
)]
impl Deployment for Told {
    type Config = Config;

    fn apply(config: Config, cx: &mut DeployCx) -> DeployResult {
        config.does.iter().map(|word| act(word, cx)).collect()
    }

    fn observe(config: Config, cx: &mut DeployCx) -> Result<Observation, StepError> {
        for word in &config.looks {
            act(word, cx)?;
        }
        Ok(Observation::healthy("fine").release(cx.release()))
    }
}

fn act(word: &str, cx: &DeployCx) -> Result<Change, StepError> {
    let (storage, url) = (cx.storage(), "https://a.example/x");
    let mut detail = String::new();
    match word {
        "put" => storage.put("put/a", "a")?,
        "put-none" => storage.put("put/a", "none")?,
        "write" => storage.write("put/b", cx.environment())?,
        "swap" => storage.swap("at", storage.read_if_there("at")?.as_deref(), "new")?,
        "swap-wrong" => storage.swap("at", Some(b"other"), "new")?,
        "remove" => storage.remove("put/b")?,
        "list" => detail = format!("{:?}", storage.list("put")?.len()),
        "read" => detail = String::from_utf8_lossy(&storage.read("at")?).into_owned(),
        "send" => {
            let request = HttpRequest::post(url)
                .header("idempotency-key", cx.idempotency_key())
                .secret_header("authorization", "Bearer ", "token")
                .json(&json!({ "files": cx.artifacts().len() }))
                .expect([202, 200])
                .time_limit(Duration::ZERO);
            let answer = cx.http().send(&request)?;
            detail = format!("{} {:?}", answer.status(), answer.header("X-Id"));
        }
        "get" => detail = cx.http().send_raw(&HttpRequest::get(url))?.text(),
        "ctl" => {
            let command = EffectCommand::new("ctl").arg("on").secret_env("T", "", "token");
            detail = cx.tools().run(&command.expect([0, 4]))?.code().to_string();
        }
        _ => detail = cx.artifact("a").map_or("none".to_owned(), |one| one.digest.clone()),
    }
    Ok(Change::new(word, "x").detail(detail))
}

fn told(does: &[&str], looks: &[&str]) -> Deploy<Told> {
    Deploy::new()
        .config(json!({ "does": does, "looks": looks }))
        .artifact("a", "12")
        .secret("token")
}

#[test]
fn the_descriptor_asks_for_tools_secrets_and_hosts() {
    let descriptor = describe();
    assert_eq!(descriptor.name, "told");
    assert_eq!(descriptor.docs_md, "Does what it is told.\n\nAnd nothing else.");
    assert_eq!(descriptor.tools[0].name, "ctl");
    assert_eq!(
        (descriptor.secrets, descriptor.hosts),
        (vec!["token".into()], vec!["a.example:443".into()])
    );
}

#[test]
fn a_preview_sees_what_it_wrote_and_changes_nothing() {
    let ready = told(&["put", "write", "list", "remove", "list", "swap", "read"], &[]).ready();
    let previewed = ready.preview();
    assert!(ready.stored().is_empty());
    let details: Vec<&str> =
        previewed.answer().iter().map(|change| change.detail.as_str()).collect();
    assert_eq!(details, ["", "", "2", "", "1", "", "new"]);
    assert_eq!(previewed.lines(), ["put put/a", "write put/b", "remove put/b", "swap at"]);
    assert_eq!(ready.apply().answer(), previewed.answer());
    assert_eq!(ready.stored().into_keys().collect::<Vec<_>>(), ["at", "put/a"]);
}

#[test]
fn a_preview_is_answered_as_the_plugin_expects() {
    let check = |word: &str, previewed: &str, applied: &str| {
        let server = |_: &RequestWire| HttpAnswer::status(200).header("x-id", "7");
        let ready = told(&[word], &[]).server(server).tool("ctl", |_| ToolAnswer::exit(4)).ready();
        assert_eq!(ready.preview().answer()[0].detail, previewed);
        assert_eq!(ready.apply().answer()[0].detail, applied);
        assert_eq!(ready.preview().effects(), ready.apply().effects());
    };
    check("send", "202 None", "200 Some(\"7\")");
    check("ctl", "0", "4");
    let sent = told(&["send"], &[]).preview();
    let [Effect::Http(request)] = sent.effects() else { panic!("{:?}", sent.effects()) };
    assert_eq!((request.time_limit_ms, request.secrets[0].prefix.as_str()), (1, "Bearer "));
}

#[test]
fn what_does_not_succeed_says_why() {
    let check = |word: &str, server: HttpAnswer, message: &str| {
        let environment = told(&[word], &[]).server(move |_| server.clone());
        let environment = environment.tool("ctl", |_| ToolAnswer::exit(1).stderr("refused\n"));
        assert_eq!(environment.apply().message(), message);
    };
    let no_answer = || HttpAnswer::none(HttpProblem::Timeout);
    let url = "https://a.example/x";
    let status = format!("POST {url} answered 500, expected 202 or 200: broken");
    check("send", HttpAnswer::status(500).body("\r\nbroken\r\nmore"), &status);
    check("send", no_answer(), &format!("POST {url}: the host did not answer in time"));
    check("ctl", no_answer(), "`ctl on` ended with 1, expected 0 or 4: refused");
    check("read", no_answer(), "`at` is not in the storage");
    check("swap-wrong", no_answer(), "`at` was changed in the storage by somebody else");
    check("put-none", no_answer(), "`none` is not a valid path, or not that of an artifact");
    let lost = told(&["list"], &[]).storage_problem(StorageProblem::Unreachable).apply();
    assert_eq!(lost.message(), "`put` cannot be had: the storage could not be reached");
    let wrong = Deploy::<Told>::new().config(json!({ "dose": [] })).preview();
    assert!(wrong.config_problems()[0].message.contains("unknown field `dose`"));
}

#[test]
fn an_environment_breaks_down_after_some_effects() {
    let applied = told(&["put", "write", "remove"], &[]).stop_after(2).apply();
    assert_eq!(applied.lines(), ["put put/a", "write put/b"]);
    assert!(applied.result().is_err());
}

#[test]
fn observing_reads_and_runs_what_it_ran_for_the_plan() {
    let server = |_: &RequestWire| HttpAnswer::status(500);
    let environment = told(&[], &["get", "list", "ctl"]).server(server);
    let seen = environment.tool("ctl", |_| ToolAnswer::exit(0)).observe();
    assert_eq!(seen.lines(), ["GET https://a.example/x", "run ctl on"]);
    assert_eq!(seen.answer().condition, Condition::Healthy);
}

#[test]
#[should_panic(expected = "while it observed, it did: write put/b")]
fn to_write_while_observing_ends_the_plugin() {
    // What a plan only records is refused when it is done.
    told(&[], &["write"]).observe();
}

#[test]
#[should_panic(expected = "the secret `token` was not granted")]
fn a_secret_that_the_test_does_not_grant_ends_the_plugin() {
    Deploy::<Told>::new().config(json!({ "does": ["send"] })).preview();
}

#[test]
#[should_panic(expected = "it ran `ctl`, which was not granted")]
fn a_tool_that_the_test_does_not_grant_ends_the_plugin() {
    told(&["ctl"], &[]).preview();
}
