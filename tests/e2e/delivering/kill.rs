//! Killed at every durable write of a deployment: what remains is a state that the next process
//! knows, and goes on from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};

use super::server::{Asked, Server};
use super::site::{GATE, Site};

/// How a process can be killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// On entering a system call, which `strace` counts.
    Traced,
    /// When its ledger has so many lines more: where tracing is not permitted.
    Polled,
}

impl Way {
    fn get() -> Self {
        static WAY: OnceLock<Way> = OnceLock::new();
        *WAY.get_or_init(|| {
            let probe = Command::new("strace")
                .args(["-f", "-o", "/dev/null", "-e", "trace=fdatasync", "true"])
                .output()
                .unwrap_or_else(|error| panic!("this test needs `strace`, install it: {error}"));
            let way = if probe.status.success() { Self::Traced } else { Self::Polled };
            let said = match way {
                Self::Traced => "by strace, on entering system calls".to_owned(),
                Self::Polled => {
                    let why = String::from_utf8_lossy(&probe.stderr).trim().to_owned();
                    format!("by the lines of the ledger, since tracing is not permitted: {why}")
                }
            };
            say(&format!("processes are killed {said}"));
            way
        })
    }
}

/// Says what was tested, in the output of the tests.
#[expect(clippy::print_stdout, reason = "it belongs to the result of these tests")]
fn say(text: &str) {
    println!("{text}");
}

/// What the server of a site knows.
struct Known {
    /// The release that was made live over HTTP.
    live: Option<String>,
    /// The release that is healthy; all are if there is none.
    only_good: Option<String>,
    /// The folder whose pointer says what is live, if it is not told over HTTP.
    folder: Option<PathBuf>,
}

impl Known {
    fn answer(&mut self, asked: &Asked) -> (u16, String) {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/health") => {
                let live = self.folder.as_deref().map_or_else(|| self.live.clone(), pointed_at);
                let is_good = self.only_good.is_none() || self.only_good == live;
                let status = if is_good { "ok" } else { "failing" };
                (200, json!({ "status": status, "release": live }).to_string())
            }
            ("POST", "/live") => {
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                self.live = Some(body["release"].as_str().unwrap().to_owned());
                (200, String::new())
            }
            ("PUT", _) => (201, String::new()),
            _ => (404, String::new()),
        }
    }
}

fn pointed_at(folder: &Path) -> Option<String> {
    let pointer: Value =
        serde_json::from_slice(&std::fs::read(folder.join("current")).ok()?).ok()?;
    Some(pointer["release"].as_str()?.to_owned())
}

/// How a site makes a release live.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Directory,
    Http,
}

/// What the second release is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    Good,
    Bad,
}

/// A site on which the first release is live and the second one is about to go there.
struct Scene {
    strategy: Strategy,
    second: Second,
    server: Server,
    known: Arc<Mutex<Known>>,
    site: Site,
    first: String,
}

impl Scene {
    fn new(strategy: Strategy, second: Second) -> Self {
        let known = Known { live: None, only_good: None, folder: None };
        let known = Arc::new(Mutex::new(known));
        let shared = Arc::clone(&known);
        let server = Server::start(move |asked| Some(shared.lock().unwrap().answer(asked)));
        let site = Site::with(&sections(strategy, &server));
        let mut scene = Self { strategy, second, server, known, site, first: String::new() };
        scene.serve(&scene.site);
        scene.site.deploy().exits(0);
        scene.first = scene.site.live().expect("the first release is live");
        scene.site.page("two");
        scene
    }

    /// Lets the server answer for a site.
    fn serve(&self, site: &Site) {
        let mut known = self.known.lock().unwrap();
        known.live = (!self.first.is_empty()).then(|| self.first.clone());
        known.only_good = known.live.clone().filter(|_| self.second == Second::Bad);
        known.folder =
            (self.strategy == Strategy::Directory).then(|| site.workspace.path("live/site"));
        self.server.forget();
    }

    /// What is live where users see it.
    fn seen(&self, site: &Site) -> Option<String> {
        match self.strategy {
            Strategy::Directory => site.pointer("live/site"),
            Strategy::Http => self.known.lock().unwrap().live.clone(),
        }
    }

    /// Kills the second deployment at every call of a kind, and goes on after each.
    fn kill_at_every(&self, call: &str, at_least: usize) {
        for at in 1.. {
            let site = self.site.copy();
            self.serve(&site);
            if !kill(&site, call, at) {
                let points = at - 1;
                say(&format!("{points} times killed at `{call}`"));
                // The lines of the ledger are fewer, and the last of them come too fast to be seen.
                let at_least = if Way::get() == Way::Traced { at_least } else { at_least / 2 };
                assert!(points >= at_least, "only {points} calls of `{call}` were seen");
                return;
            }
            self.goes_on(&site, 1, &format!("killed at `{call}` {at}"));
        }
    }

    /// Kills the process that goes on, too.
    fn kill_again(&self, every: usize) {
        for at in (1..).step_by(every) {
            let site = self.site.copy();
            self.serve(&site);
            if !kill(&site, "fdatasync", at) {
                return;
            }
            let kills = (1..6).take_while(|at| kill(&site, "fdatasync", 2 * at)).count();
            self.goes_on(&site, 1 + kills, &format!("killed at {at}, and {kills} times more"));
        }
    }

    /// Goes on until nothing is left to do, and looks at what came of it.
    fn goes_on(&self, site: &Site, kills: usize, what: &str) {
        let (code, number, phase) = match self.second {
            Second::Good => (0, 2, "live"),
            Second::Bad => (1, 1, "rolled-back"),
        };
        let mut runs = 0;
        while !is_over(site, what) {
            let run = site.deploy();
            assert_eq!(run.code, code, "{what}: {run:#?}");
            runs += 1;
            assert!(runs < 3, "{what}: it does not come to an end");
        }
        let (status, history) = (site.status(), site.history());
        assert_eq!(history[0]["phase"], phase, "{what}: {history:#?}");
        assert_eq!(status["live"]["number"], number, "{what}: {status:#}");
        assert_eq!(status["stuck"], Value::Null, "{what}: {status:#}");
        assert_eq!(unfinished(&site.workspace.path("live")), Vec::<PathBuf>::new(), "{what}");
        let live = site.live();
        assert_eq!(self.seen(site), live, "{what}: what is live is what the ledger says");
        assert_eq!(live == Some(self.first.clone()), self.second == Second::Bad, "{what}");
        site.run(&["ledger", "verify"]).exits(0);
        site.workspace.assert_store_is_clean();
        let keys = self.server.keys();
        let surplus: usize = keys.values().map(|count| count - 1).sum();
        assert!(surplus <= kills, "{what}: only what was in the air is sent again: {keys:#?}");
        if self.strategy == Strategy::Http {
            // Two files and the switch; a release that is not healthy takes all that once more.
            let effects = if self.second == Second::Bad { 6 } else { 3 };
            assert_eq!(keys.len(), effects, "{what}: {keys:#?}");
        }
    }
}

/// Files below a folder that were begun and never got their name.
fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let below = |path: PathBuf| {
        let is_unfinished = path.to_string_lossy().contains(".belljar-tmp");
        if path.is_dir() {
            unfinished(&path)
        } else {
            Vec::from_iter(is_unfinished.then_some(path))
        }
    };
    entries.flat_map(|entry| below(entry.unwrap().path())).collect()
}

/// Whether the second deployment has come to its end. Whatever happened, the state is known.
fn is_over(site: &Site, what: &str) -> bool {
    let (status, history) = (site.status(), site.history());
    assert!(matches!(history.len(), 1 | 2), "{what}: {history:#?}");
    let phase = history[0]["phase"].as_str().unwrap();
    let known = [
        "planned",
        "applying",
        "in its health gate",
        "baking",
        "rolling back",
        "in the health gate of its rollback",
        "live",
        "rolled-back",
    ];
    assert!(known.contains(&phase), "{what}: {phase}");
    let is_over = history.len() == 2 && history[0]["outcome"] != Value::Null;
    assert!(!is_over || status["going_on"] == Value::Null, "{what}: {status:#}");
    is_over
}

/// Runs `deploy` until it makes the call for the `at`th time. Returns whether it came to that.
fn kill(site: &Site, call: &str, at: usize) -> bool {
    let mut deploy = site.command();
    deploy.args(["deploy", "live"]);
    match Way::get() {
        Way::Traced => {
            let (trace, inject) =
                (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={at}"));
            let traced = ["strace", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let status = wrapped(&deploy, &traced).output().unwrap().status;
            status.code().is_none()
        }
        Way::Polled => {
            let until = site.line_count() + at;
            let mut child = deploy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            loop {
                if site.line_count() >= until {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    return true;
                }
                if child.try_wait().unwrap().is_some() {
                    return false;
                }
                std::thread::yield_now();
            }
        }
    }
}

/// A command, run by another one.
fn wrapped(command: &Command, wrapper: &[&str]) -> Command {
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        outer.env(name, value.expect("no variable is taken out one by one"));
    }
    outer.current_dir(command.get_current_dir().expect("it has a folder"));
    outer.stdin(Stdio::null());
    outer
}

fn sections(strategy: Strategy, server: &Server) -> String {
    let url = format!("http://{}", server.address);
    let health = format!(
        "health = {{ url = \"{url}/health\", json = {{ \"/status\" = \"ok\" }}, release = \"/release\" }}"
    );
    let (storage, strategies) = match strategy {
        Strategy::Directory => (
            "storage = \"fs:live/site\"",
            format!("[{{ directory = {{}} }}, {{ http = {{ {health} }} }}]"),
        ),
        Strategy::Http => (
            "",
            format!(
                "[{{ http = {{ upload = {{ url = \"{url}/files/{{release}}/{{path}}\" }}, \
                 activate = {{ url = \"{url}/live\", json = {{ release = \"{{release}}\" }} }}, \
                 {health} }} }}]"
            ),
        ),
    };
    format!(
        "[environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n{storage}\n\
         hosts = [\"{}\"]\nwith.strategies = {strategies}\n{GATE}",
        server.address
    )
}

#[test]
fn a_good_release_into_a_folder_survives_a_kill_at_every_durable_write() {
    belljar_cases::case!("I04");
    let scene = Scene::new(Strategy::Directory, Second::Good);
    scene.kill_at_every("fdatasync", 15);
    if Way::get() == Way::Traced {
        // What is made durable beside the ledger: evidence, pins, and the files of the release.
        scene.kill_at_every("fsync", 10);
    }
}

#[test]
fn a_bad_release_into_a_folder_survives_a_kill_at_every_durable_write() {
    let scene = Scene::new(Strategy::Directory, Second::Bad);
    scene.kill_at_every("fdatasync", 20);
}

#[test]
fn a_good_release_over_http_survives_a_kill_at_every_durable_write() {
    let scene = Scene::new(Strategy::Http, Second::Good);
    scene.kill_at_every("fdatasync", 15);
}

#[test]
fn a_bad_release_over_http_survives_a_kill_at_every_durable_write() {
    belljar_cases::case!("I04");
    let scene = Scene::new(Strategy::Http, Second::Bad);
    scene.kill_at_every("fdatasync", 25);
    scene.kill_again(4);
}
