//! The strategy `http`.

use belljar_sdk::deploy::{Body, Condition, HttpProblem, RequestWire};
use belljar_sdk::serde_json::Value;
use belljar_sdk_testing::{Effect, HttpAnswer, json};

use super::environment;

fn config() -> Value {
    json!({ "strategies": [{ "http": {
        "upload": {
            "url": "https://files.example.com/{environment}/{release}/{path}",
            "files": ["dist/**"], "strip": "dist", "expect": [201],
            "headers": { "X-Team": "web" },
            "secret-headers": [{ "name": "Authorization", "prefix": "Bearer ", "secret": "token" }],
        },
        "activate": {
            "url": "https://api.example.com/live", "expect": [202],
            "json": { "release": "{release}", "in": ["{environment}", 1] },
        },
        "health": {
            "url": "https://www.example.com/health", "json": { "/status": "ok" },
            "release": "/release",
        },
    } }] })
}

fn health(json: &Value) -> Value {
    json!({ "strategies": [{ "http": { "health": json } }] })
}

#[test]
fn every_file_is_sent_and_then_made_live() {
    let server = |request: &RequestWire| HttpAnswer::status(request.expect[0]);
    let ready = environment(config()).server(server).secret("token").ready();
    let (previewed, applied) = (ready.preview(), ready.apply());
    assert_eq!(previewed.effects(), applied.effects());
    assert_eq!(previewed.answer(), applied.answer());
    let digits = ready.release().split(':').nth(1).unwrap();
    let folder = format!("https://files.example.com/test/{digits}");
    let uploads = ["app", "site/a%20b.html"].map(|path| format!("PUT {folder}/{path}"));
    let mut expected = uploads.to_vec();
    expected.push("POST https://api.example.com/live".to_owned());
    assert_eq!(applied.lines(), expected);
    let [Effect::Http(first), _, Effect::Http(last)] = applied.effects() else {
        panic!("{:?}", applied.effects());
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(first.headers, [pair("idempotency-key", "attempt-1"), pair("x-team", "web")]);
    assert_eq!(first.secrets[0].name, "authorization");
    assert_eq!(first.body, Body::Artifact("dist/app".to_owned()));
    let body = json!({ "in": ["test", 1], "release": digits }).to_string();
    assert_eq!(last.body, Body::Bytes(body.into_bytes()));
    let said: Vec<&str> = applied.answer().iter().map(|change| change.action.as_str()).collect();
    assert_eq!(said, ["upload", "upload", "activate"]);
}

#[test]
fn a_deployment_that_broke_off_is_done_again_with_the_same_requests() {
    let server = |request: &RequestWire| HttpAnswer::status(request.expect[0]);
    let whole = environment(config()).server(server).secret("token").preview().lines();
    for stop in 0..whole.len() {
        let broken = environment(config()).server(server).secret("token").stop_after(stop).apply();
        assert!(broken.message().contains("could not be reached"), "{}", broken.message());
        assert_eq!(broken.lines(), whole[..stop]);
        let again = environment(config()).server(server).secret("token").apply();
        assert_eq!(again.lines(), whole);
    }
}

#[test]
fn an_unexpected_status_ends_the_deployment_with_what_came_back() {
    let server = |_: &RequestWire| HttpAnswer::status(507).body("\n disk full \nmore");
    let applied = environment(config()).server(server).secret("token").apply();
    assert_eq!(applied.lines().len(), 1);
    let end = "/app answered 507, expected 201: disk full";
    assert!(applied.message().ends_with(end), "{}", applied.message());
}

#[test]
fn files_that_cannot_be_sent_are_mistakes_of_the_configuration() {
    let check = |upload: &Value, pointer: &str, message: &str| {
        let health = json!({ "url": "https://a.example" });
        let http = json!({ "upload": upload, "health": health });
        let config = json!({ "strategies": [{ "http": http }] });
        let previewed = environment(config).preview();
        let [problem] = previewed.config_problems() else { panic!("{:?}", previewed.result()) };
        assert_eq!(problem.pointer, format!("/strategies/0/http/upload/{pointer}"));
        assert_eq!(problem.message, message);
    };
    let url = "https://a.example/{path}";
    let none = "matches none of the shipped files";
    check(&json!({ "url": url, "files": ["*.exe"] }), "files", none);
    let outside = "`notes.md` is not below `dist`";
    check(&json!({ "url": url, "strip": "dist", "except": ["dist/**"] }), "strip", outside);
    let one = "gives `dist/app` and `dist/site/a b.html` one address: add `{path}`";
    check(&json!({ "url": "https://a.example/" }), "url", one);
}

#[test]
fn a_release_is_healthy_only_if_it_answers_as_it_should() {
    let release = environment(config()).ready().release().to_owned();
    let digits = release.split(':').nth(1).unwrap().to_owned();
    let check = |answer: HttpAnswer, condition: Condition, live: Option<&str>, detail: &str| {
        let server = move |_: &RequestWire| answer.clone();
        let seen = environment(config()).server(server).secret("token").observe();
        let seen = seen.answer();
        assert_eq!((seen.condition, seen.release.as_deref()), (condition, live), "{detail}");
        assert!(seen.detail.contains(detail), "{}", seen.detail);
    };
    let body = |body: Value| HttpAnswer::status(200).body(body.to_string());
    let (well, ill, lost) = (Condition::Healthy, Condition::Unhealthy, Condition::Unknown);
    let ours = Some(release.as_str());
    check(body(json!({ "status": "ok", "release": release })), well, ours, "as it should");
    check(body(json!({ "status": "ok", "release": digits })), well, ours, "as it should");
    let down = "has \"down\" at `/status`, expected \"ok\"";
    check(body(json!({ "status": "down", "release": digits })), ill, ours, down);
    check(body(json!({ "release": digits })), ill, ours, "has null at `/status`");
    let other = body(json!({ "status": "ok", "release": "v1" }));
    check(other, ill, Some("v1"), "has another release, v1");
    check(body(json!({ "status": "ok" })), ill, None, "names no release at `/release`");
    check(body(json!({ "release": 1 })), ill, None, "names no release at `/release`");
    check(HttpAnswer::status(200).body("<h1>Error</h1>"), ill, None, "without JSON");
    check(HttpAnswer::status(503), ill, None, "answered 503");
    check(HttpAnswer::status(301), ill, None, "answered 301");
    check(HttpAnswer::none(HttpProblem::Unreachable), lost, None, "could not be reached");
    check(HttpAnswer::none(HttpProblem::Timeout), lost, None, "did not answer in time");
    check(HttpAnswer::none(HttpProblem::TooLarge), lost, None, "more than 8 MiB");
}

#[test]
fn a_status_alone_may_be_enough() {
    let check = |status: u16, condition: Condition| {
        let config = health(&json!({ "url": "http://a.example/{environment}", "expect": [204] }));
        let server = move |_: &RequestWire| HttpAnswer::status(status);
        let seen = environment(config).server(server).observe();
        assert_eq!(seen.lines(), ["GET http://a.example/test"]);
        assert_eq!((seen.answer().condition, &seen.answer().release), (condition, &None));
    };
    check(204, Condition::Healthy);
    check(200, Condition::Unhealthy);
}
