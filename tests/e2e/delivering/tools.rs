//! Deploying with a native tool, in the sandbox of the steps' tools.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::secrets::{SECRET, assert_not_in, assert_nowhere_in};
use super::server::Server;
use super::site::{Site, digits};
use crate::harness::Run;

/// Sends the shipped archive to the server, with what the environment says.
const SEND: &str = r#"
import os, sys, urllib.request
data = open(os.path.join(sys.argv[1], "dist/site.tar.gz"), "rb").read()
headers = {"authorization": os.environ["TOKEN"], "idempotency-key": sys.argv[3]}
request = urllib.request.Request(sys.argv[2], data, headers, method="PUT")
print(urllib.request.urlopen(request, timeout=20).status)
"#;

/// Ends with 0 if the server says that a release is live.
const LOOK: &str = r"
import sys, urllib.request
live = urllib.request.urlopen(sys.argv[1], timeout=20).read().decode()
print('live is', live[:8])
sys.exit(live != sys.argv[2])
";

/// Tries to leave traces where none may be left.
const STRAY: &str = r#"
import os, sys
for path in ["stray", "../stray", sys.argv[1], "/stray", os.path.expanduser("~/stray")]:
    try:
        open(path, "w").write("stray")
    except OSError:
        pass
"#;

fn line(text: &str) -> String {
    format!("{:?}", text.trim())
}

/// A site that deploys with Python, with these lines in its environment.
fn site(server: &Server, apply: &str, environment: &str) -> Site {
    let url = format!("http://{}", server.address);
    Site::with(&format!(
        "[tools.python]\npath = \"python3\"\nversion = [\"--version\"]\n\
         [secret]\ntoken = {{ env = \"TOKEN\" }}\n\
         [environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\ntools = [\"python\"]\n\
         secrets = [\"token\"]\n{environment}\n\
         gate = {{ interval = \"20ms\", timeout = \"20s\", count = 1, time-limit = \"30s\" }}\n\
         [[environment.live.with.strategies]]\n[environment.live.with.strategies.tool]\n\
         apply = [{apply}]\n\
         observe = {{ command = [\"python\", \"-c\", {}, \"{url}/live\", \"{{release}}\"] }}\n",
        line(LOOK)
    ))
}

/// The command that sends, as a value of TOML.
fn send(server: &Server) -> String {
    format!(
        "{{ command = [\"python\", \"-c\", {}, \"{{artifacts}}\", \
         \"http://{}/files/{{release}}\", \"{{idempotency-key}}\"], \
         secret-env = [{{ name = \"TOKEN\", prefix = \"Bearer \", secret = \"token\" }}] }}",
        line(SEND),
        server.address
    )
}

/// A server that serves the last release that it was sent.
fn server() -> Server {
    let live = Arc::new(Mutex::new(String::new()));
    Server::start(move |asked| {
        let mut live = live.lock().unwrap();
        if let Some(release) = asked.path.strip_prefix("/files/") {
            release.clone_into(&mut live);
            return Some((201, String::new()));
        }
        Some((200, live.clone()))
    })
}

fn deploy(site: &Site) -> Run {
    // Programs that choose between versions of Python look there.
    let home = std::env::var("HOME").unwrap_or_default();
    site.run_with(&["deploy", "live"], &[("TOKEN", SECRET), ("HOME", &home)])
}

#[test]
fn a_tool_that_was_granted_sends_the_shipped_files_and_nothing_is_kept_of_its_secret() {
    let server = server();
    let host = format!("hosts = [\"{}\"]", server.address);
    let site = site(&server, &send(&server), &host);
    let run = deploy(&site).exits(0);
    assert!(!run.stderr.contains(SECRET), "{run:#?}");
    let sent = server.changes();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0].headers["authorization"], format!("Bearer {SECRET}"));
    let packed = std::fs::read(site.workspace.path("dist/site.tar.gz")).unwrap();
    assert_eq!(sent[0].body, packed);
    assert_eq!(site.live().as_deref(), sent[0].path.strip_prefix("/files/"));
    // Once more, and nothing is taken from a cache: it is run for its effect.
    deploy(&site).exits(0);
    assert_eq!(server.changes().len(), 2);
    let events = site.events();
    let of =
        |kind: &str| events.iter().filter(|one| one["type"] == kind).cloned().collect::<Vec<_>>();
    let (intended, answered) = (of("effect-intended"), of("effect-done"));
    assert_eq!((intended.len(), answered.len()), (2, 2), "{answered:#?}");
    let ledger = std::fs::read_to_string(site.lines()).unwrap();
    assert!(!ledger.contains(SECRET), "the ledger names the secret and holds no value");
}

#[test]
fn a_tool_reaches_no_host_that_was_not_granted_and_leaves_no_trace() {
    belljar_cases::case!("E06", "D08");
    let server = server();
    let site = site(&server, &send(&server), "hosts = [\"127.0.0.1:1\"]");
    deploy(&site).exits(1);
    site.assert_last("stuck");
    assert!(server.changes().is_empty(), "nothing came through");
    assert_eq!(site.status()["live"], Value::Null);
}

#[test]
fn a_tool_that_writes_where_it_may_not_changes_nothing_here() {
    belljar_cases::case!("C04");
    let server = server();
    let outside = tempfile::tempdir().unwrap();
    let place = outside.path().join("stray");
    let stray = format!(
        "{{ command = [\"python\", \"-c\", {}, {:?}] }}",
        line(STRAY),
        place.display().to_string()
    );
    let host = format!("hosts = [\"{}\"]", server.address);
    let site = site(&server, &format!("{stray}, {}", send(&server)), &host);
    let run = deploy(&site);
    // Its folder is its own and goes with it; whatever else it tries has no effect.
    run.exits(0);
    let traces = [place, site.workspace.path("stray")];
    assert!(traces.iter().all(|trace| !trace.exists()), "{traces:?}");
    let packed = std::fs::read(site.workspace.path("dist/site.tar.gz")).unwrap();
    assert_eq!(server.changes()[0].body, packed, "the next tool sees what is shipped");
}

#[test]
fn a_tool_that_fails_is_gone_back_from() {
    let server = server();
    let host = format!("hosts = [\"{}\"]", server.address);
    let site = site(&server, &send(&server), &host);
    deploy(&site).exits(0);
    let first = site.live().unwrap();
    let text = site.workspace.read("belljar.toml");
    let failing = "{ command = [\"python\", \"-c\", \"import sys; sys.exit(3)\"] }, {";
    site.workspace
        .write("belljar.toml", text.replacen("apply = [{", &format!("apply = [{failing}"), 1));
    site.page("two");
    deploy(&site).exits(1).says(&["tool-exit"]);
    site.assert_last("rolled-back");
    assert_eq!(site.live(), Some(first.clone()));
    let last = server.changes().pop().unwrap();
    assert_eq!(last.path, format!("/files/{}", digits(&first)), "the first was sent again");
}

#[test]
fn a_secret_that_a_tool_prints_is_kept_nowhere() {
    belljar_cases::case!("F01");
    let server = server();
    let print = "import os, sys; print(os.environ['TOKEN']); print(os.environ['TOKEN'], file=sys.stderr); sys.exit(int(sys.argv[1]))";
    let check = |code: i32| {
        let leak = format!(
            "{{ command = [\"python\", \"-c\", {print:?}, \"{code}\"], \
             secret-env = [{{ name = \"TOKEN\", prefix = \"\", secret = \"token\" }}] }}"
        );
        let host = format!("hosts = [\"{}\"]", server.address);
        let site = site(&server, &format!("{leak}, {}", send(&server)), &host);
        let run = deploy(&site).exits(code);
        assert_not_in(run.stdout.as_bytes(), "stdout");
        assert_not_in(run.stderr.as_bytes(), "stderr");
        assert!(assert_nowhere_in(&site.workspace.path("")) > 5);
        assert!(assert_nowhere_in(&site.workspace.store_path("")) > 5);
    };
    check(0);
    check(1);
}
