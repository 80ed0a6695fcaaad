//! The contract: what must hold whatever an attack was, and what every answer must say.

use std::path::PathBuf;

use serde_json::Value;

use super::canaries::{Canaries, SECRET, VARIABLE, assert_nowhere_below, assert_nowhere_in};
use crate::harness::{Run, TestWorkspace, guest};

/// A workspace in which the step `hostile` attacks beside an innocent step `good`.
pub(crate) struct Scene {
    pub(crate) workspace: TestWorkspace,
    pub(crate) canaries: Canaries,
}

/// An answer of the host that ended a step.
pub(crate) struct Ended<'a> {
    /// The exit code of the run.
    pub(crate) exit: i32,
    /// The error's code.
    pub(crate) code: &'a str,
    /// The first words of the message: whose fault it is.
    pub(crate) blame: &'a str,
    /// What the message and its notes name: the plugin, the capability, the resource, the limit.
    pub(crate) names: &'a [&'a str],
    /// A part of the line that would allow it, or say what to do.
    pub(crate) help: &'a str,
}

impl Scene {
    /// The evil plugin doing `attack` on `on`, with more lines for its step.
    pub(crate) fn of(attack: &str, on: &[&str], more: &str) -> Self {
        let scene = Self::empty();
        scene.attack(attack, on, more);
        scene
    }

    /// A scene in which another plugin is the hostile one.
    pub(crate) fn with_plugin(component: &[u8], more: &str) -> Self {
        let scene = Self::empty();
        scene.workspace.write("plugins/other.wasm", component);
        scene.pipeline("plugins/other.wasm", more);
        scene
    }

    pub(crate) fn empty() -> Self {
        let workspace = TestWorkspace::new();
        workspace.write("in.txt", "in").write("secret.txt", SECRET);
        Self { workspace, canaries: Canaries::new() }
    }

    /// Writes the pipeline file for another attack.
    pub(crate) fn attack(&self, attack: &str, on: &[&str], more: &str) {
        let plugin = self.workspace.import(&guest("evil"));
        // A list of texts of JSON is one of TOML as well, but for what has two units of UTF-16.
        let on = serde_json::to_string(on).unwrap().replace('\u{7f}', "\\u007f");
        let with = format!("with = {{ attack = {attack:?}, on = {on} }}\n{more}");
        self.pipeline(&plugin, &with);
    }

    fn pipeline(&self, plugin: &str, more: &str) {
        let good = self.workspace.import(&guest("does_nothing"));
        self.workspace.write(
            "belljar.toml",
            format!(
                "[plugins]\nevil = {{ path = {plugin:?} }}\ngood = {{ path = {good:?} }}\n\
                 [step.hostile]\nuses = \"evil\"\ninputs = [\"in.txt\", \"in/**\"]\n\
                 outputs = [\"out/**\"]\n{more}\n\
                 [step.good]\nuses = \"good\"\n"
            ),
        );
    }

    /// Runs the pipeline, and checks what must hold whatever the attack was.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let run = self.workspace.run_with(arguments, &[(VARIABLE, SECRET)]);
        assert_nowhere_in(run.stdout.as_bytes(), "stdout");
        assert_nowhere_in(run.stderr.as_bytes(), "stderr");
        assert!(!run.stderr.contains("panicked at host"), "the host panicked: {}", run.stderr);
        run
    }

    /// Runs the attack, and checks that the host is well and nothing is lost.
    #[track_caller]
    pub(crate) fn attacked(&self) -> Run {
        let run = self.run(&["run", "--progress", "plain"]);
        let good =
            |line: &str| line.contains("good") && (line.contains("PASS") || line.contains("HIT"));
        assert!(run.stderr.lines().any(good), "the other step goes on: {}", run.stderr);
        self.assert_whole();
        run
    }

    /// The canaries are untouched, the store is clean, and nothing is left over.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        self.canaries.assert_untouched();
        self.workspace.assert_store_is_clean();
        let store = self.workspace.store_path("");
        assert_nowhere_below(&store);
        assert_nowhere_below(&self.workspace.path(".belljar"));
        if let Ok(left) = std::fs::read_dir(store.join("tmp")) {
            let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
            assert!(names.is_empty(), "temporary files are left: {names:?}");
        }
        let left = processes_of(&store);
        assert!(left.is_empty(), "processes are left: {left:?}");
    }

    /// Runs the attack twice: as a person sees it, and as a program reads it. Both must say the
    /// same, all of it, and it is never served from the cache.
    #[track_caller]
    pub(crate) fn ends(&self, with: &Ended<'_>) {
        let Ended { exit, code, blame, names, help } = with;
        let shown = self.attacked().exits(*exit).stderr;
        let heading = format!("{blame}[{code}]: step `hostile`: ");
        let message = shown.lines().find(|line| line.starts_with(&heading));
        let message = message.unwrap_or_else(|| panic!("no `{heading}` in:\n{shown}"));
        assert!(message.chars().count() < 600, "{message}");
        let events = self.run(&["run", "--json", "--progress", "none"]).exits(*exit).stdout;
        let fault = fault_of(&events);
        assert_eq!(fault["code"], *code);
        let told = format!("{} {}", fault["message"], fault["notes"]).replace("\\\\", "\\");
        for name in *names {
            assert!(shown.contains(name), "`{name}` is not in:\n{shown}");
            assert!(told.contains(&name.replace('"', "\\\"")), "`{name}` is not in:\n{told}");
        }
        let told = fault["help"].as_str().unwrap_or_default();
        assert!(shown.contains(help) && told.contains(help), "no `{help}`: {told}\n{shown}");
    }

    /// What the hostile step wrote into its log.
    #[track_caller]
    pub(crate) fn log(&self) -> String {
        self.run(&["logs", "hostile"]).exits(0).stdout
    }

    /// Where the program runs.
    pub(crate) fn outputs(&self) -> PathBuf {
        self.workspace.path("out")
    }
}

/// The fault with which the hostile step ended.
#[track_caller]
fn fault_of(events: &str) -> Value {
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ended =
        |event: &Value| event["event"] == "step-finished" && event["report"]["step"] == "hostile";
    let event = events.into_iter().find(ended).expect("the step ended");
    assert_eq!(event["report"]["source"].as_str().unwrap_or("executed"), "executed");
    event["report"]["fault"].clone()
}

/// Processes that still know the store, by their arguments, directory or environment.
fn processes_of(store: &std::path::Path) -> Vec<String> {
    let store = store.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let folder = entry.path();
        let knows = ["cmdline", "environ"].iter().any(|file| {
            let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(&store)
        });
        if knows {
            found.push(folder.display().to_string());
        }
    }
    found
}
