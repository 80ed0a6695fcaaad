//! What the verbs of delivery answer to programs, and interrupted deployments.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::site::{Site, folder_environment};
use crate::harness::Run;

#[test]
fn every_answer_as_json_is_json() {
    let site = Site::with(
        &(folder_environment("staging", "")
            + &folder_environment("live", "needs = [\"staging\"]\napprovals = { count = 1 }")
            + "[approver.ana]\nkey = \"ed25519:\
               d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"\n"),
    );
    let check = |arguments: &[&str], code: i32| {
        let run = site.run(&[arguments, &["--json"]].concat()).exits(code);
        let parsed = serde_json::from_str::<Value>(&run.stdout);
        // Or a line for each event.
        let lines = || run.stdout.lines().map(serde_json::from_str::<Value>).collect();
        let parsed = parsed.or_else(|_| lines());
        assert!(parsed.is_ok_and(|it| !it.is_null()), "{arguments:?}: {}", run.stdout);
    };
    check(&["status"], 0);
    check(&["deploy", "staging", "--dry-run"], 0);
    check(&["deploy", "staging"], 0);
    site.page("two");
    check(&["deploy", "staging"], 0);
    check(&["rollback", "staging"], 0);
    check(&["incident", "open", "i1", "staging", "-m", "a page is wrong"], 0);
    check(&["incident", "close", "i1", "staging"], 0);
    check(&["freeze", "staging", "-m", "a sale", "--for", "1h"], 0);
    check(&["history", "staging"], 0);
    check(&["status"], 0);
    check(&["approvals", "ls"], 0);
    check(&["watch-env", "staging", "--once"], 0);
    check(&["ledger", "verify"], 0);
    check(&["ledger", "prove", "e3"], 0);
    check(&["ledger", "export"], 0);
    check(&["report", "dora", "--environment", "staging"], 0);
    check(&["report", "releases"], 0);
    check(&["report", "risk"], 0);
    check(&["find", "site/index.html"], 0);
    check(&["key", "show"], 0);
}

#[test]
fn an_interrupted_deployment_goes_on_where_it_was() {
    let site = Site::with(
        &folder_environment("live", "")
            .replace("interval = \"20ms\", count = 2", "interval = \"2s\", count = 2")
            .replace("time-limit = \"5s\"", "time-limit = \"50s\""),
    );
    let mut deploy = site.command();
    deploy.args(["deploy", "live"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = deploy.spawn().unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while site.pointer("live/live").is_none() {
        assert!(std::time::Instant::now() < until, "the release does not get there");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    Run::of(&child.wait_with_output().unwrap()).exits(130);
    assert_eq!(site.status()["going_on"]["number"], 1);
    site.deploy().exits(0).says(&["Resuming"]);
    assert_eq!(site.live(), site.pointer("live/live"));
}
