//! Site: a workspace that packs a page and delivers it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Run, TestWorkspace, copy_folder, keys as machine_keys};

/// The step that every site ships.
const PACKAGE: &str = r#"
[plugins]
package = "builtin:package"
deploy = "builtin:deploy"

[step.package]
uses = "package"
inputs = ["site/**"]
outputs = ["dist/site.tar.gz", "dist/site.tar.gz.manifest.json"]
with = { format = "tar.gz", output = "dist/site.tar.gz", files = [{ from = ["site/**"], to = "" }] }

[ledger]
origin = "example.org/site"
"#;

/// A gate that decides in a moment.
pub(super) const GATE: &str = r#"
gate = { interval = "20ms", count = 2, minimum = 1, failure-limit = 0, time-limit = "5s" }
"#;

/// A workspace that delivers, and a folder with the keys of its user.
pub(super) struct Site {
    pub(super) workspace: TestWorkspace,
    keys: tempfile::TempDir,
}

impl Site {
    /// A site with these sections, whose page says `one`.
    pub(super) fn with(sections: &str) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let site = Self { workspace: TestWorkspace::new(), keys };
        // The plugins were compiled by this machine.
        std::fs::copy(machine_keys().join("machine.key"), site.keys().join("machine.key")).unwrap();
        site.configure(sections);
        site.page("one");
        site
    }

    /// A site with an environment `live` that is a folder, and with more lines in that section.
    pub(super) fn of_folder(more: &str) -> Self {
        Self::with(&folder_environment("live", more))
    }

    /// Another one in all respects like this one.
    pub(super) fn copy(&self) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let copy = Self { workspace: TestWorkspace::empty(), keys };
        copy_folder(&self.workspace.path(""), &copy.workspace.path(""));
        copy_folder(&self.workspace.store_path(""), &copy.workspace.store_path(""));
        copy_folder(self.keys.path(), copy.keys.path());
        copy
    }

    /// Writes the pipeline file. What plugins may do is no question of these tests, so that what
    /// was accepted before is forgotten.
    pub(super) fn configure(&self, sections: &str) {
        self.workspace.write("belljar.toml", format!("{PACKAGE}{sections}"));
        drop(std::fs::remove_file(self.workspace.path("belljar.lock")));
    }

    /// Changes what is shipped.
    pub(super) fn page(&self, text: &str) {
        self.workspace.write("site/index.html", text);
    }

    /// The program, as the user of this site.
    pub(super) fn command(&self) -> Command {
        let mut command = self.workspace.command();
        command.env("BELLJAR_KEYS", self.keys.path());
        command.env("BELLJAR_ACTOR", "Kim <kim@example.org>");
        command
    }

    /// Runs the program.
    pub(super) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs the program with environment variables.
    pub(super) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = self.command();
        command.args(arguments).envs(environment.iter().copied());
        Run::of(&command.output().expect("the program can be started"))
    }

    /// Runs `deploy live`.
    pub(super) fn deploy(&self) -> Run {
        self.run(&["deploy", "live"])
    }

    /// How the environment `live` stands.
    #[track_caller]
    pub(super) fn status(&self) -> Value {
        self.run(&["status", "live", "--json"]).exits(0).json()[0].take()
    }

    /// The deployments to `live`, the last one first.
    #[track_caller]
    pub(super) fn history(&self) -> Vec<Value> {
        let history = self.run(&["history", "live", "--json"]).exits(0).json();
        history.as_array().unwrap().clone()
    }

    /// Asserts that the last deployment ended so, and how the first words of its reason are.
    #[track_caller]
    pub(super) fn assert_last(&self, phase: &str) {
        let history = self.history();
        assert_eq!(history[0]["phase"], phase, "{history:#?}");
    }

    /// The digits of the release that the ledger says is live.
    #[track_caller]
    pub(super) fn live(&self) -> Option<String> {
        let status = self.status();
        status["live"]["release"].as_str().map(|release| digits(release).to_owned())
    }

    /// The digits of the release that the pointer of a folder names.
    pub(super) fn pointer(&self, folder: &str) -> Option<String> {
        let bytes = std::fs::read(self.workspace.path(folder).join("current")).ok()?;
        let pointer: Value = serde_json::from_slice(&bytes).expect("the pointer is whole");
        Some(digits(pointer["release"].as_str().unwrap()).to_owned())
    }

    /// The file with the lines of the ledger.
    pub(super) fn lines(&self) -> PathBuf {
        self.workspace.path(".belljar/ledger-v1/ledger.jsonl")
    }

    /// How many lines the ledger has.
    pub(super) fn line_count(&self) -> usize {
        let bytes = std::fs::read(self.lines()).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').count().saturating_sub(1)
    }

    /// The types of the events of the ledger.
    #[track_caller]
    pub(super) fn events(&self) -> Vec<Value> {
        let export = self.run(&["ledger", "export"]).exits(0).stdout;
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The folder with the keys of the user.
    pub(super) fn keys(&self) -> &Path {
        self.keys.path()
    }
}

/// An environment whose release is in a folder of its name under `live`, with more lines.
pub(super) fn folder_environment(name: &str, more: &str) -> String {
    format!(
        "[environment.{name}]\nuses = \"deploy\"\nartifacts = [\"package\"]\n\
         storage = \"fs:live/{name}\"\nwith.strategies = [{{ directory = {{}} }}]\n{GATE}\n{more}\n"
    )
}

/// The digits of a digest that is written with its algorithm, or of an id without.
pub(super) fn digits(digest: &str) -> &str {
    let digits = digest.split_once(':').map_or(digest, |(_, rest)| rest);
    digits.split(':').next().unwrap_or(digits)
}
