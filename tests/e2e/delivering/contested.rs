//! Two processes that want the same environment.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::server::{Asked, Server};
use super::site::Site;
use crate::harness::Run;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A door that the first request for a path waits at.
#[derive(Default)]
struct Door {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
    was_used: AtomicBool,
}

impl Door {
    /// Waits until it is opened, if nobody was here before.
    fn pass(&self) {
        if self.was_used.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut state = self.state.lock().unwrap();
        state.0 = true;
        self.changed.notify_all();
        drop(self.changed.wait_timeout_while(state, PATIENCE, |state| !state.1).unwrap());
    }

    /// Waits until somebody is at it.
    fn wait(&self) {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, PATIENCE, |state| !state.0).unwrap();
        assert!(!waited.1.timed_out(), "nobody came to the door");
    }

    fn open(&self) {
        self.state.lock().unwrap().1 = true;
        self.changed.notify_all();
    }
}

/// A deployment that is held up at its first request for a path.
struct Held {
    door: Arc<Door>,
    server: Server,
    site: Site,
    child: Child,
}

impl Held {
    fn at(path: &'static str) -> Self {
        let door = Arc::new(Door::default());
        let guarded = Arc::clone(&door);
        let server = Server::start(move |asked: &Asked| {
            if asked.path.starts_with(path) {
                guarded.pass();
            }
            Some((200, "{}".to_owned()))
        });
        let (address, url) = (server.address, format!("http://{}", server.address));
        let site = Site::with(&format!(
            "[environment.live]\nuses = \"deploy\"\nartifacts = [\"package\"]\n\
             hosts = [\"{address}\"]\n\
             with.strategies = [{{ http = {{ upload = {{ url = \"{url}/files/{{path}}\" }}, \
             health = {{ url = \"{url}/health\" }} }} }}]\n\
             gate = {{ interval = \"20ms\", timeout = \"60s\", count = 2, time-limit = \"90s\" }}\n"
        ));
        let mut deploy = site.command();
        deploy.args(["deploy", "live"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = deploy.spawn().unwrap();
        door.wait();
        Self { door, server, site, child }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Lets the deployment go on to its end.
    fn end(self) -> (Run, Site, Server) {
        self.door.open();
        let run = Run::of(&self.child.wait_with_output().unwrap());
        (run, self.site, self.server)
    }
}

#[test]
fn a_second_deployment_is_refused_while_the_first_goes_on() {
    belljar_cases::case!("I05");
    let held = Held::at("/health");
    for command in [&["deploy", "live"][..], &["rollback", "live"]] {
        let run = held.site.run(command).exits(5);
        assert!(run.stderr.contains("E0961") || run.stderr.contains("E0946"), "{run:#?}");
    }
    let status = held.site.status();
    assert_eq!(status["going_on"]["phase"], "in its health gate", "{status:#}");
    let (run, site, server) = held.end();
    run.exits(0);
    assert_eq!(site.history().len(), 1);
    assert!(server.keys().values().all(|count| *count == 1));
}

/// One process sleeps, another takes over and comes to the end, and the first wakes up.
#[track_caller]
fn taken_over(path: &'static str, sent_again: usize) {
    let held = Held::at(path);
    held.signal("-STOP");
    held.site.run(&["deploy", "live", "--take-over"]).exits(0);
    held.site.assert_last("live");
    let lines = held.site.line_count();
    held.signal("-CONT");
    let (run, site, server) = held.end();
    run.exits(5).says(&["E0947"]);
    assert_eq!(site.line_count(), lines, "who was taken over writes nothing");
    site.run(&["ledger", "verify"]).exits(0);
    let again = server.keys().values().filter(|count| **count == 2).count();
    assert_eq!(again, sent_again, "{:#?}", server.keys());
    assert_eq!(server.changes().len(), 2 + sent_again, "what was in the air, and nothing else");
}

#[test]
fn a_process_that_wakes_up_in_its_gate_after_it_was_taken_over_changes_nothing() {
    belljar_cases::case!("I05");
    taken_over("/health", 0);
}

#[test]
fn a_process_that_wakes_up_while_it_sends_after_it_was_taken_over_sends_nothing_more() {
    belljar_cases::case!("I05");
    taken_over("/files", 1);
}
