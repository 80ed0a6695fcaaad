//! What of a plugin that deploys reaches the outlet, and what it is told.

use std::time::Duration;

use belljar_model::delivery::{Artifact, ToolEffect};
use belljar_model::limits::Limit;
use belljar_model::ports::BlobSource as _;
use belljar_model::{Blame, Directory, Entry, Node};

use crate::deployment::Deployment;
use crate::outlet::stop;

#[test]
fn a_request_reaches_the_outlet_as_the_model_writes_it() {
    let deployment = Deployment::new();
    let app = deployment.artifacts[0].digest.short();
    let check = |op: &[&str], call: &str| {
        let called = deployment.call(&[op]);
        assert_eq!(called.said(), [r#"200 [("etag", "1")] yes"#]);
        assert_eq!(called.outlet.calls(), [call]);
    };
    check(&["send", "get", "http://a.example/x"], "GET http://a.example/x [] ``");
    check(&["send-bytes", "hello"], "POST https://a.example/v1 [] `hello`");
    check(&["send-file", "bin/app"], &format!("POST https://a.example/v1 [] `{app}`"));
    let call = r#"POST https://a.example/v1 [("x-one", "a b")] ``"#;
    check(&["send-header", "X-One", "a b"], call);
    let call = "POST https://a.example/v1 [] authorization=Bearer <TOKEN> ``";
    check(&["send-secret", "Authorization", "Bearer ", "TOKEN"], call);
}

#[test]
fn a_request_has_thirty_seconds_unless_it_says_otherwise_or_less_is_left() {
    let mut deployment = Deployment::new();
    let limit = |deployment: &Deployment, op: &[&str]| {
        let called = deployment.call(&[op]);
        called.said();
        let requests = called.outlet.requests.lock().unwrap();
        requests[0].time_limit_ms
    };
    assert_eq!(limit(&deployment, &["send", "GET", "https://a.example/"]), 30_000);
    assert_eq!(limit(&deployment, &["send-within", "45000"]), 45_000);
    deployment.limits.time = Limit::default_of(Duration::from_secs(20));
    let left = limit(&deployment, &["send-within", "45000"]);
    assert!((1..=20_000).contains(&left), "{left}");
}

#[test]
fn an_answer_is_given_whatever_its_status_and_an_error_is_told_by_its_name() {
    let deployment = Deployment::new();
    let check = |name: &str, told: &str| {
        let called = deployment.call(&[&["send", "GET", &format!("https://a.example/{name}")]]);
        let said = called.said();
        assert_eq!(said.last(), Some(&told), "{name}");
        said.join("\n")
    };
    check("teapot", r#"418 [("etag", "1")] yes"#);
    check("timeout", "error: timeout");
    check("too-large", "error: too-large");
    check("denied", "error: unreachable");
    let log = check("unreachable", "error: unreachable");
    let reason = "GET https://a.example/unreachable: unreachable: because";
    assert!(log.contains(reason), "people read why: {log}");
}

#[test]
fn a_request_that_breaks_a_rule_does_not_reach_the_outlet() {
    belljar_cases::case!("E05");
    let check = |op: &[&str], message: &str| {
        let called = Deployment::new().call(&[op]);
        called.fault(Blame::Plugin, "E0411", message);
        assert_eq!(called.outlet.calls(), [""; 0]);
    };
    check(&["send", "GET /\r\n", "https://a.example/"], "which is no method");
    check(&["send", "GET", "ftp://a.example/"], "which is no address of HTTP");
    check(&["send-header", "a b", "c"], "the header `a b`, which is no name");
    check(&["send-header", "a", "b\r\nc: d"], "a control character");
    check(&["send-secret", "a", "\n", "TOKEN"], "a control character");
    check(&["send-secret", "a:", "", "TOKEN"], "which is no name");
    check(&["send-file", "other"], "`other`, which is no file of the release");
    check(&["send-expecting"], "expects no status at all");
    check(&["send-expecting", "7"], "the status 7");
}

#[test]
fn what_was_not_granted_ends_the_plugin_with_the_line_that_grants_it() {
    belljar_cases::case!("E06");
    let check = |op: &[&str], code: &str, help: &str| {
        let called = Deployment::new().call(&[op, &["print", "never"]]);
        let fault = called.fault(Blame::Policy, code, "environment `staging` was not granted");
        assert_eq!(fault.help.as_deref(), Some(help));
        assert_eq!((called.outlet.calls(), called.log()), (vec![], vec![]));
    };
    let help = r#"if it may, write `secrets = ["TOKEN", "OTHER"]` in `[environment.staging]`"#;
    check(&["send-secret", "a", "", "OTHER"], "E0922", help);
    check(&["tool", "kubectl", "@secret=OTHER"], "E0922", help);
    let help =
        r#"if it may, write `tools = ["kubectl", "rsync", "sh"]` in `[environment.staging]`"#;
    check(&["tool", "sh"], "E0923", help);
}

#[test]
fn the_storage_is_read_and_written_through_the_outlet() {
    let deployment = Deployment::new();
    let site = deployment.artifacts[1].digest;
    let called = deployment.call(&[
        &["get", "live"],
        &["swap", "live", "", "one"],
        &["swap", "live", "", "two"],
        &["swap", "live", "one", "two"],
        &["get", "live"],
        &["put", "v/site", "site"],
        &["write", "v/note", "text"],
        &["list", "v"],
        &["list", ""],
        &["remove", "v/note"],
        &["list", "v"],
    ]);
    let long = site.to_string().len();
    let told = [
        "read live: nothing is there",
        "error: not-found",
        "swapped",
        "switch live: it is not what was expected",
        "error: conflict",
        "swapped",
        "two",
        "put",
        "written",
        &format!("v/note:4 v/site:{long}"),
        &format!("live:3 v/note:4 v/site:{long}"),
        "removed",
        &format!("v/site:{long}"),
    ];
    assert_eq!(called.said(), told);
    assert_eq!(called.outlet.calls()[5], format!("put v/site {}", site.short()));
}

#[test]
fn what_the_storage_refuses_is_told_by_its_name() {
    let check = |op: &[&str], told: &str, reaches: bool| {
        let called = Deployment::new().call(&[op]);
        assert_eq!(called.said().last(), Some(&told), "{op:?}");
        assert_eq!(called.outlet.calls().len(), usize::from(reaches), "{op:?}");
    };
    check(&["get", "denied"], "error: denied", true);
    check(&["get", "timeout"], "error: unreachable", true);
    check(&["list", "unreachable"], "error: unreachable", true);
    check(&["write", "unexpected", ""], "error: unreachable", true);
    check(&["get", "too-large"], "error: too-large", true);
    check(&["put", "a", "site/other"], "error: invalid-path", false);
    check(&["put", "a", "../site"], "error: invalid-path", false);
    check(&["put", "../a", "site"], "error: invalid-path", false);
    for path in ["", "/a", "a/../b", "./a", "a/"] {
        check(&["get", path], "error: invalid-path", false);
        check(&["write", path, "x"], "error: invalid-path", false);
        check(&["swap", path, "", "x"], "error: invalid-path", false);
        check(&["remove", path], "error: invalid-path", false);
    }
    check(&["list", "a/"], "error: invalid-path", false);
    check(&["write-large", "a"], "error: too-large", false);
}

#[test]
fn a_tool_is_run_over_all_that_is_shipped() {
    let deployment = Deployment::new();
    let ops: &[&str] =
        &["tool", "kubectl", "apply", "-f", "{workspace}", "@env=A", "@cwd=bin", "@secret=TOKEN"];
    let called = deployment.call(&[ops]);
    assert_eq!(called.said(), ["3 out"]);
    let entry = |artifact: &Artifact| Entry {
        path: artifact.path.clone(),
        node: Node::File { digest: artifact.digest, executable: artifact.executable },
    };
    let root = Directory::from_entries(deployment.artifacts.iter().map(entry)).digest();
    let tools = called.outlet.tools.lock().unwrap();
    let ToolEffect { args, env, stdin, cwd, expect, .. } = &tools[0];
    assert_eq!(tools[0].root, root);
    assert_eq!(args.join(" "), "apply -f {workspace}");
    assert_eq!(env.iter().collect::<Vec<_>>(), [(&"A".to_owned(), &"v".to_owned())]);
    assert_eq!((cwd.as_str(), &expect[..]), ("bin", &[0][..]));
    assert_eq!(deployment.blobs.get(stdin).unwrap().unwrap(), "in");
    assert_eq!(called.outlet.calls(), [r#"run kubectl apply -f {workspace} TOKEN=<TOKEN> b"in""#]);
}

#[test]
fn a_tool_that_breaks_off_ends_the_plugin() {
    let called = Deployment::new().call(&[&["tool", "rsync", "timeout"]]);
    let fault = called.fault(Blame::Infrastructure, "E0925", "tool `rsync` did not come to an end");
    assert_eq!(fault.notes, ["no answer in time"]);
    let check = |args: &[&str], message: &str| {
        let op: Vec<&str> = ["tool", "rsync"].iter().chain(args).copied().collect();
        let called = Deployment::new().call(&[&op]);
        called.fault(Blame::Plugin, "E0411", message);
        assert_eq!(called.outlet.calls(), [""; 0]);
    };
    check(&["@cwd=/"], "starts `rsync` in `/`, which is no path");
    check(&["@expect="], "expects no exit code");
    check(&["a\0b"], "NUL");
    check(&["@env="], "sets the variable ``");
    check(&["@env=TOKEN", "@secret=TOKEN"], "sets the variable `TOKEN`");
}

#[test]
fn an_outlet_that_says_stop_ends_the_plugin_with_its_own_fault() {
    let ops: [&[&str]; 4] = [
        &["send", "GET", "https://a.example/stop"],
        &["get", "stop"],
        &["write", "stop", ""],
        &["tool", "rsync", "stop"],
    ];
    for op in ops {
        let called = Deployment::new().call(&[op, &["print", "never"]]);
        assert_eq!(called.ended.outcome, Err(stop()), "{op:?}");
        assert_eq!(called.log(), [""; 0]);
    }
}
