//! What was approved is what goes on, whatever the pipeline file says by then.

use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::server::{Asked, Server};
use super::site::{GATE, Site};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that says when it is first asked for a file, and answers that only when the sender
/// that it is made with is gone.
fn server(came: Sender<()>, go_on: Receiver<()>) -> Server {
    let first = Mutex::new(Some((came, go_on)));
    Server::start(move |asked: &Asked| {
        if asked.path.starts_with("/files") {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((came, go_on)) = first {
                came.send(()).unwrap();
                assert!(go_on.recv_timeout(PATIENCE).is_err(), "nothing is ever sent");
            }
        }
        Some((200, "{}".to_owned()))
    })
}

/// The environment `live`, which uploads, and then writes into a folder.
fn file(server: &Server, storage: &str, variable: &str) -> String {
    let (address, url) = (server.address, format!("http://{}", server.address));
    format!(
        "[secret]\ntoken = {{ env = \"{variable}\" }}\n\
         [environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n\
         storage = \"{storage}\"\nhosts = [\"{address}\"]\nsecrets = [\"token\"]\n\
         with.strategies = [{{ http = {{ upload = {{ url = \"{url}/files/{{path}}\" }}, \
         health = {{ url = \"{url}/health\" }} }} }}, {{ directory = {{}} }}]\n{GATE}"
    )
}

const TOKENS: [(&str, &str); 2] = [("GOOD_TOKEN", "sesame-1"), ("EVIL_TOKEN", "sesame-2")];

/// A deployment that was killed while its first request was in the air.
fn killed(storage: &str) -> (Site, Server) {
    let ((came, arrived), (open, go_on)) = (channel(), channel());
    let server = server(came, go_on);
    let site = Site::with(&file(&server, storage, "GOOD_TOKEN"));
    let mut deploy = site.command();
    deploy.args(["deploy", "live"]).envs(TOKENS).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = deploy.spawn().unwrap();
    arrived.recv_timeout(PATIENCE).expect("the deployment sends a file");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(open);
    (site, server)
}

#[test]
fn a_deployment_goes_on_to_the_place_that_was_approved() {
    let (site, server) = killed("fs:live/good");
    site.configure(&file(&server, "fs:live/evil", "GOOD_TOKEN"));
    site.run_with(&["deploy", "live"], &TOKENS).exits(0);
    site.assert_last("live");
    assert!(site.pointer("live/good").is_some(), "it is where it was planned to be");
    assert!(!site.workspace.path("live/evil").exists(), "and nowhere else");
}

#[test]
fn a_deployment_does_not_go_on_with_another_secret_under_the_same_name() {
    let (site, server) = killed("fs:live/good");
    site.configure(&file(&server, "fs:live/good", "EVIL_TOKEN"));
    let sent = server.changes().len();
    let refused = site.run_with(&["deploy", "live"], &TOKENS).exits(5);
    refused.says(&["E0968", "secret token"]);
    assert_eq!(server.changes().len(), sent, "nothing was sent");
    let mended = ["deploy", "live", "--break-glass", "the old vault is gone"];
    site.run_with(&mended, &TOKENS).exits(0);
    let events = site.events();
    let glass = events.iter().find(|event| event["type"] == "break-glass").unwrap();
    assert_eq!(glass["skipped"][0], "bindings");
}

#[test]
fn another_source_of_a_secret_makes_another_plan() {
    let ((came, _arrived), (_open, go_on)) = (channel(), channel());
    let server = server(came, go_on);
    let site = Site::with(&file(&server, "fs:live/good", "GOOD_TOKEN"));
    let bound = || {
        let run = site.run_with(&["deploy", "live", "--dry-run", "--json"], &TOKENS).exits(0);
        run.json()["plan"]["bindings"]["secret token"].as_str().unwrap().to_owned()
    };
    let before = bound();
    assert_eq!(bound(), before);
    site.configure(&file(&server, "fs:live/good", "EVIL_TOKEN"));
    assert_ne!(bound(), before);
}
