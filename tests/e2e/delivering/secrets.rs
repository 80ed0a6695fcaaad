//! What an environment was not granted, and what nobody may see.

use std::path::Path;

use super::server::Server;
use super::site::Site;
use crate::harness::Run;

/// A value that occurs nowhere by chance.
pub(super) const SECRET: &str = "hunter2-Zq8vLk3TnWx0";

/// The forms in which the secret could show: as it is, in Base64 at each of its three places, and
/// in hexadecimal digits.
fn forms() -> Vec<Vec<u8>> {
    let hex = SECRET.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let mut forms = vec![SECRET.as_bytes().to_vec(), hex.into_bytes()];
    for shift in 0..3 {
        // Without the letters at both ends, which depend on what is around.
        let shifted = [&b"xx"[..shift], SECRET.as_bytes()].concat();
        let encoded = base64(&shifted);
        forms.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk.iter().chain(&[0; 2]).take(3);
        let number = all.fold(0, |number: usize, byte| number << 8 | usize::from(*byte));
        text.extend((0..4).map(|at| char::from(LETTERS[number >> (18 - 6 * at) & 63])));
    }
    text
}

/// Asserts that none of the forms is in any file below a folder. Returns how many there are.
pub(super) fn assert_nowhere_in(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_nowhere_in(&path);
        } else {
            assert_not_in(&std::fs::read(&path).unwrap(), &path.display().to_string());
            files += 1;
        }
    }
    files
}

/// Asserts that none of the forms is in a text.
pub(super) fn assert_not_in(bytes: &[u8], place: &str) {
    for form in forms() {
        let is_there = bytes.windows(form.len()).any(|window| window == form);
        assert!(!is_there, "the secret is in {place}: {}", String::from_utf8_lossy(&form));
    }
}

/// A site that sends a secret to a server, with these grants.
fn site(server: &Server, grants: &str) -> Site {
    let url = format!("http://{}", server.address);
    let secret =
        "secret-headers = [{ name = \"authorization\", prefix = \"Bearer \", secret = \"token\" }]";
    Site::with(&format!(
        "[secret]\ntoken = {{ env = \"TOKEN\" }}\n\
         [environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n{grants}\n\
         with.strategies = [{{ http = {{ upload = {{ url = \"{url}/{{path}}\", {secret} }}, \
         health = {{ url = \"{url}/health\", {secret} }} }} }}]\n\
         gate = {{ interval = \"20ms\", count = 2, time-limit = \"5s\" }}\n"
    ))
}

fn run(site: &Site, arguments: &[&str]) -> Run {
    site.run_with(arguments, &[("TOKEN", SECRET)])
}

#[test]
fn a_secret_reaches_the_server_and_nothing_else() {
    belljar_cases::case!("F01");
    // A server that sends back what it got: in answers that succeed, and in one that fails.
    let server = Server::start(|asked| {
        let got = asked.headers.get("authorization").cloned().unwrap_or_default();
        let status = if asked.path.contains("refused") { 500 } else { 200 };
        Some((status, format!("{{\"you\": \"sent {got}\"}}")))
    });
    let granted = format!("hosts = [\"{}\"]\nsecrets = [\"token\"]", server.address);
    let site = site(&server, &granted);
    let said = |run: Run| {
        assert_not_in(run.stdout.as_bytes(), "stdout");
        assert_not_in(run.stderr.as_bytes(), "stderr");
    };
    said(run(&site, &["deploy", "live", "-vv"]).exits(0));
    let text = site.workspace.read("belljar.toml");
    let failing = text.replace("/{path}", "/refused/{path}");
    site.workspace.write("belljar.toml", failing);
    site.page("two");
    said(run(&site, &["deploy", "live", "-v", "--json"]).exits(1));
    said(run(&site, &["watch-env", "--once", "--json"]));
    for question in [
        &["status", "--json"][..],
        &["history", "live"],
        &["ledger", "export"],
        &["report", "releases", "--json"],
        &["report", "risk", "--json"],
    ] {
        said(run(&site, question).exits(0));
    }
    let bearer = format!("Bearer {SECRET}");
    let got = server.changes();
    assert!(got.len() >= 3, "{got:#?}");
    assert!(got.iter().all(|asked| asked.headers["authorization"] == bearer), "{got:#?}");
    let files = assert_nowhere_in(&site.workspace.path(""));
    assert!(files > 5, "the ledger was looked at");
    assert!(assert_nowhere_in(&site.workspace.store_path("")) > 5, "the store was looked at");
}

#[test]
fn what_was_not_granted_is_refused_before_anything_is_sent() {
    belljar_cases::case!("E06", "F03");
    let server = Server::start(|_| Some((200, String::new())));
    let host = format!("hosts = [\"{}\"]", server.address);
    let check = |grants: &str, codes: &[&str]| {
        let site = site(&server, grants);
        let run = run(&site, &["deploy", "live"]);
        assert!([2, 3, 5].contains(&run.code), "{run:#?}");
        assert!(codes.iter().any(|code| run.stderr.contains(code)), "{codes:?}: {run:#?}");
        assert!(server.changes().is_empty(), "nothing was sent");
        assert!(site.history().is_empty(), "there is no plan");
    };
    check("secrets = [\"token\"]", &["E0910"]);
    check("hosts = [\"127.0.0.1:1\"]\nsecrets = [\"token\"]", &["E0910"]);
    check(&host, &["E0911", "E0922"]);
    let site = site(&server, &format!("{host}\nsecrets = [\"token\"]"));
    site.deploy().exits(2).says(&["E0962", "TOKEN"]);
    assert!(server.changes().is_empty());
}

#[test]
fn a_tool_that_was_not_granted_is_refused_while_the_plan_is_made() {
    belljar_cases::case!("D01");
    let site = Site::with(
        "[environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n\
         with.strategies = [{ tool = { observe = { command = [\"python\", \"-c\", \"\"] } } }]\n",
    );
    let run = site.deploy();
    assert!(run.stderr.contains("E0923"), "{run:#?}");
    assert_ne!(run.code, 0);
    assert!(site.history().is_empty());
}

#[test]
fn a_plugin_in_a_place_that_is_for_another_kind_is_a_mistake_of_the_file() {
    let check = |code: &str, text: &str| {
        let site = Site::with(text);
        site.run(&["check"]).exits(2).says(&[code]);
        site.run(&["deploy", "live"]).exits(2).says(&[code]);
    };
    let step = "[step.ship]\nuses = \"deploy\"\nwith.strategies = [{ directory = {} }]\n";
    check("E0231", &format!("{step}{}", super::site::folder_environment("live", "")));
    check(
        "E0232",
        "[environment.live]\nuses = \"package\"\nartifacts = [\"package\"]\n\
         storage = \"fs:live/live\"\n",
    );
}
