//! Site: a copy of the example in a repository of its own, its people, and its platforms.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::examples::example;
use crate::harness::{Run, TestWorkspace};
use crate::native_examples::{environment, run};

/// What the platforms take releases for.
pub(super) const TOKEN: &str = "a-kettle-of-tea";

/// A process of the example's platform. It is stopped when it is dropped; its services notice.
pub(super) struct Platform {
    process: Child,
    port: String,
}

impl Platform {
    /// Starts it in a copy of the example, at a port that the system chooses.
    #[track_caller]
    pub(super) fn start(workspace: &TestWorkspace, name: &str, kettle: &str) -> Self {
        let mut command = Command::new("python3");
        command.args(["platform/platform.py", name, "0", kettle]).env("TOKEN", TOKEN);
        command.current_dir(workspace.path("")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("install Python 3 (python3)");
        let mut line = String::new();
        let out = process.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        assert!(port.parse::<u16>().is_ok(), "the platform did not start: {line}");
        Self { process, port }
    }

    /// Asks the release that is live, and returns the status and what it says.
    #[track_caller]
    pub(super) fn get(&self, path: &str) -> (u16, Value) {
        self.request(&format!("GET {path} HTTP/1.0\r\n\r\n"))
    }

    #[track_caller]
    pub(super) fn request(&self, text: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A copy of the example in a repository of its own, with its people and both platforms.
pub(super) struct Site {
    pub(super) workspace: TestWorkspace,
    pub(super) staging: Platform,
    pub(super) production: Platform,
}

impl Site {
    pub(super) fn new() -> Self {
        let workspace = example("delivery");
        let staging = Platform::start(&workspace, "staging", "100");
        let production = Platform::start(&workspace, "production", "90");
        for file in ["belljar.toml", "belljar.lock"] {
            let text = workspace.read(file);
            let text = text.replace("7401", &staging.port).replace("7402", &production.port);
            workspace.write(file, text);
        }
        let site = Self { workspace, staging, production };
        let belljar = std::env::var_os("BELLJAR_BIN").expect("the harness looked at it before");
        let programs = std::path::Path::new(&belljar).parent().unwrap().to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(std::env::split_paths(&path));
        let mut people = Command::new("./people.sh");
        people.current_dir(site.workspace.path(""));
        run(people.env("PATH", std::env::join_paths(path).unwrap()), "it needs sh and belljar");
        site.git(&["init", "--quiet", "--initial-branch=main"]);
        site.commit("The service");
        site
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=cleo", "-c", "user.email=cleo@example.com"]).args(arguments);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        run(git.current_dir(self.workspace.path("")), "install git");
    }

    /// Cleo commits all that has changed.
    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
    }

    /// Cleo commits another menu.
    pub(super) fn menu(&self, teas: &str) {
        self.workspace.write("service/menu.json", format!("{{ {teas} }}\n"));
        self.commit("Another menu");
    }

    /// Runs the program as the machine that deploys, which is no approver, asked by `actor`.
    pub(super) fn belljar_for(&self, actor: &str, command: &str) -> Run {
        self.with_keys("ci", &[("BELLJAR_ACTOR", actor)], command)
    }

    pub(super) fn belljar(&self, command: &str) -> Run {
        self.belljar_for("ci", command)
    }

    fn with_keys(&self, who: &str, more: &[(&str, &str)], command: &str) -> Run {
        Run::of(&self.command(who, more, command).output().expect("the program can be started"))
    }

    pub(super) fn command(&self, who: &str, more: &[(&str, &str)], command: &str) -> Command {
        let mut program = self.workspace.command();
        program.args(command.split_whitespace()).envs(environment(&[])).env("TOKEN", TOKEN);
        program.env("BELLJAR_KEYS", self.workspace.path("run/keys").join(who));
        program.envs(more.iter().copied());
        program
    }

    /// Each of the people signs the plan that waits for production; returns what is said then.
    #[track_caller]
    pub(super) fn approve(&self, people: &[&str]) -> Run {
        let mut last = None;
        for who in people {
            let sign = format!("approvals approve production --output run/{who}.approval");
            self.with_keys(who, &[], &sign).exits(0);
            let import = format!("approvals import run/{who}.approval");
            last = Some(self.belljar(&import).exits(0));
        }
        last.expect("somebody approves")
    }

    /// The events of the ledger.
    #[track_caller]
    pub(super) fn events(&self) -> Vec<Value> {
        let run = self.belljar("ledger export").exits(0);
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The id of the release that is live, according to the ledger.
    #[track_caller]
    pub(super) fn live(&self, environment: &str) -> String {
        let status = self.belljar(&format!("status {environment} --json")).exits(0).json();
        status[0]["live"]["release"].as_str().expect("something is live").to_owned()
    }

    /// Asserts that the process of an environment is that of the release in the ledger.
    #[track_caller]
    pub(super) fn assert_runs(&self, environment: &str, platform: &Platform) {
        let live = self.live(environment);
        let (status, health) = platform.get("/health");
        assert_eq!((status, &health["status"]), (200, &"ok".into()), "{health}");
        assert_eq!(live.split(':').nth(1), health["release"].as_str(), "{health}");
    }

    /// The fail rate of production as the DORA report has it: failed, and all.
    #[track_caller]
    pub(super) fn fail_rate(&self) -> (u64, u64) {
        let rate = self.figure("Change fail rate");
        let n = rate["n"].as_u64().unwrap();
        let (numerator, denominator) = (&rate["exact"]["numerator"], &rate["exact"]["denominator"]);
        let failed = numerator.as_u64().unwrap() * n / denominator.as_u64().unwrap();
        (failed, n)
    }

    #[track_caller]
    pub(super) fn figure(&self, label: &str) -> Value {
        let report = self.belljar("report dora --since 30d --format json").exits(0).json();
        let facts = report["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["label"] == label).expect("it has this figure").clone()
    }
}
