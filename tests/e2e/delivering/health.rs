//! Releases that are not well: in their gate, and when they are watched later.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::site::{Site, folder_environment};

/// What the second release answers to one question for its health.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Says {
    Well,
    /// 200, with an error in the body.
    Failing,
    /// 500.
    Broken,
    /// Nothing, and the connection stays open for longer than anybody waits.
    Hangs,
    /// Nothing, and the connection is closed.
    Vanishes,
    /// That it is another release.
    Other,
}

/// What a server knows.
#[derive(Default)]
struct Known {
    live: Option<String>,
    first: Option<String>,
    /// How often the second release was asked.
    asked: usize,
}

/// A site whose server says of its first release that it is well, and of others what `says` says
/// the nth time that it is asked.
fn site(says: impl Fn(usize) -> Says + Send + Sync + 'static) -> (Site, Server) {
    let known = Arc::new(Mutex::new(Known::default()));
    let server = Server::start(move |asked| {
        if asked.method == "POST" {
            let body: Value = serde_json::from_slice(&asked.body).unwrap();
            let mut known = known.lock().unwrap();
            known.live = body["release"].as_str().map(str::to_owned);
            known.first = known.first.clone().or_else(|| known.live.clone());
            return Some((200, String::new()));
        }
        let (live, says) = {
            let mut known = known.lock().unwrap();
            let is_first = known.first == known.live;
            known.asked += usize::from(!is_first);
            (known.live.clone(), if is_first { Says::Well } else { says(known.asked) })
        };
        answer(says, live)
    });
    let (address, url) = (server.address, format!("http://{}", server.address));
    let site = Site::with(&format!(
        "[environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n\
         hosts = [\"{address}\"]\n\
         with.strategies = [{{ http = {{ \
         activate = {{ url = \"{url}/live\", json = {{ release = \"{{release}}\" }} }}, \
         health = {{ url = \"{url}/health\", json = {{ \"/status\" = \"ok\" }}, \
         release = \"/release\" }} }} }}]\n\
         gate = {{ interval = \"20ms\", timeout = \"300ms\", count = 3, failure-limit = 1, \
         minimum = 2, time-limit = \"1s\" }}\n"
    ));
    (site, server)
}

fn answer(says: Says, live: Option<String>) -> Answer {
    let body = |status: &str, release: Option<String>| {
        json!({ "status": status, "release": release }).to_string()
    };
    match says {
        Says::Well => Some((200, body("ok", live))),
        Says::Failing => Some((200, body("the database is gone", live))),
        Says::Broken => Some((500, body("ok", live))),
        Says::Other => Some((200, body("ok", Some("0".repeat(64))))),
        Says::Hangs => {
            std::thread::sleep(Duration::from_secs(2));
            None
        }
        Says::Vanishes => None,
    }
}

#[test]
fn a_gate_lets_through_what_is_well_and_goes_back_from_the_rest() {
    use Says::{Broken, Failing, Hangs, Other, Vanishes, Well};
    belljar_cases::case!("I03");
    let check = |script: &'static [Says], phase: &str, reason: &str| {
        // The last word stays.
        let (site, _server) = site(move |at| script[at.min(script.len()) - 1]);
        site.deploy().exits(0);
        let first = site.live();
        site.page("two");
        let run = site.deploy();
        let history = site.history();
        assert_eq!(history[0]["phase"], phase, "{script:?}: {history:#?}\n{}", run.stderr);
        let said = history[0]["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{script:?}: {said}");
        let is_live = phase == "live";
        assert_eq!(run.code, i32::from(!is_live), "{script:?}: {run:#?}");
        assert_eq!(site.live() == first, !is_live, "{script:?}");
        assert_eq!(site.status()["stuck"], Value::Null);
    };
    check(&[Well], "live", "");
    check(&[Failing, Well], "live", "");
    check(&[Vanishes, Hangs, Well], "live", "");
    check(&[Failing, Well, Failing], "rolled-back", "2 of 3 observations were unhealthy");
    check(&[Failing], "rolled-back", "2 of 2 observations were unhealthy");
    check(&[Broken], "rolled-back", "2 of 2 observations were unhealthy");
    check(&[Other], "rolled-back", "2 of 2 observations were unhealthy");
    check(&[Hangs], "rolled-back", "not healthy in time: 0 of");
    check(&[Vanishes], "rolled-back", "not healthy in time: 0 of");
    check(&[Well, Vanishes], "rolled-back", "not healthy in time: 1 of");
}

#[test]
fn a_bad_release_with_nothing_before_it_is_stuck_and_a_good_one_mends_that() {
    let (site, _server) = site(|_| Says::Well);
    let text = site.workspace.read("belljar.toml");
    site.workspace.write("belljar.toml", text.replace("\"ok\"", "\"better than ok\""));
    site.deploy().exits(1);
    site.assert_last("stuck");
    assert_eq!(
        (site.status()["live"].clone(), site.status()["stuck"].clone()),
        (Value::Null, 1.into())
    );
    site.workspace.write("belljar.toml", text);
    site.deploy().exits(0);
    assert_eq!(site.status()["stuck"], Value::Null);
}

#[test]
fn one_look_finds_drift_and_illness() {
    let site = Site::of_folder("");
    let look =
        |code: i32| site.run(&["watch-env", "--once", "--json"]).exits(code).json()[0].take();
    site.deploy().exits(0);
    let seen = look(0);
    assert_eq!((&seen["condition"], &seen["drift"]), (&"healthy".into(), &Value::Null), "{seen}");

    let pointer = site.workspace.read("live/live/current");
    let (live, other) = (site.live().unwrap(), "0".repeat(64));
    site.workspace.write("live/live/current", pointer.replace(&live, &other));
    let seen = look(1);
    assert_eq!(seen["drift"], other.as_str(), "{seen}");
    assert_eq!(site.status()["drift"], other.as_str());
    site.workspace.write("live/live/current", &pointer);
    look(0);
    assert_eq!(site.status()["drift"], Value::Null);

    let packed = format!("live/live/releases/{live}/dist/site.tar.gz");
    std::fs::remove_file(site.workspace.path(&packed)).unwrap();
    let seen = look(1);
    assert_eq!(seen["condition"], "unhealthy", "{seen}");
    assert_eq!(site.status()["live"]["health"]["condition"], "unhealthy");
}

/// Asks for the metrics at an address.
fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_watch_offers_what_it_sees_as_metrics() {
    let site = Site::with(&folder_environment("live", "monitor = { interval = \"50ms\" }"));
    site.deploy().exits(0);
    site.page("two");
    site.deploy().exits(0);
    let mut watch = site.command();
    watch.args(["watch-env", "--metrics", "127.0.0.1:0"]).stderr(Stdio::piped());
    let mut child = watch.spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut addresses = lines.filter_map(|line| {
        let (_, rest) = line.split_once("http://")?;
        Some(rest.split('/').next()?.to_owned())
    });
    let address = addresses.next().expect("the address is said");
    let sees = |line: &str| {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let text = metrics(&address);
            if text.lines().any(|found| found.trim() == line) {
                return text;
            }
            assert!(Instant::now() < until, "no `{line}` in\n{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let text = sees("belljar_healthy{environment=\"live\"} 1");
    assert!(text.contains("belljar_deployment{environment=\"live\"} 2"), "{text}");
    assert!(text.contains("belljar_drift{environment=\"live\"} 0"), "{text}");
    assert!(text.contains("# TYPE belljar_observations_total counter"), "{text}");
    let packed = format!("live/live/releases/{}/dist/site.tar.gz", site.live().unwrap());
    std::fs::remove_file(site.workspace.path(&packed)).unwrap();
    sees("belljar_healthy{environment=\"live\"} 0");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_watch_goes_back_from_an_ill_release_by_itself_if_that_is_the_policy() {
    let monitor = "monitor = { interval = \"50ms\", after = 1, on-illness = \"rollback\" }";
    let site = Site::with(&folder_environment("live", monitor));
    site.deploy().exits(0);
    let first = site.live();
    site.page("two");
    site.deploy().exits(0);
    let packed = format!("live/live/releases/{}/dist/site.tar.gz", site.live().unwrap());
    std::fs::remove_file(site.workspace.path(&packed)).unwrap();
    site.run(&["watch-env", "--once"]).exits(1);
    assert_eq!((site.live(), site.pointer("live/live")), (first.clone(), first));
    let history = site.history();
    assert_eq!(history[0]["rollback_to"], 1, "{history:#?}");
    assert_eq!(history[0]["phase"], "live", "{history:#?}");
    site.run(&["watch-env", "--once"]).exits(0);
}
