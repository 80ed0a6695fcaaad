//! TestWorkspace: a workspace of its own, with a store of its own, and the program to run in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A temporary workspace. Removed when it is dropped.
pub(crate) struct TestWorkspace {
    root: tempfile::TempDir,
    store: tempfile::TempDir,
    /// The steps that `reports` asks for; none for all.
    pub(crate) asked: &'static [&'static str],
}

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestWorkspace {
    /// An empty workspace and a store that holds nothing but compiled plugins.
    pub(crate) fn new() -> Self {
        let workspace = Self::empty();
        copy_folder(compiled_plugins(), workspace.store.path());
        workspace
    }

    /// An empty workspace and an empty store.
    pub(crate) fn empty() -> Self {
        Self { root: temporary_folder(), store: temporary_folder(), asked: &[] }
    }

    /// A workspace with the given pipeline file.
    pub(crate) fn with(pipeline: &str) -> Self {
        let workspace = Self::new();
        workspace.write("belljar.toml", pipeline);
        workspace
    }

    /// A workspace whose step `s` is played by the guest `probe`: it may see `in/**`, `link` and
    /// the variables `SEEN` and `OTHER`, writes `out.txt`, and does `ops`.
    pub(crate) fn probing(ops: &Value) -> Self {
        let workspace = Self::new();
        workspace.probe(ops, "");
        workspace
    }

    /// Writes the pipeline file of [`TestWorkspace::probing`] with more lines for the step.
    pub(crate) fn probe(&self, ops: &Value, more: &str) {
        let ops = toml_of(ops);
        let plugin = guest("probe");
        let plugin = self.import(&plugin);
        self.write(
            "belljar.toml",
            format!(
                "[plugins]\nprobe = {{ path = \"{plugin}\" }}\n\n[step.s]\nuses = \"probe\"\n\
                 inputs = [\"in/**\", \"link\"]\noutputs = [\"out.txt\"]\n\
                 grants = {{ env = [\"SEEN\", \"OTHER\"] }}\n{more}\n\
                 with = {{ to = \"out.txt\", ops = {ops} }}\n"
            ),
        );
    }

    /// Copies a component into the workspace and returns its path there.
    pub(crate) fn import(&self, component: &Path) -> String {
        let name = component.file_name().and_then(OsStr::to_str).expect("our names are Unicode");
        let place = format!("plugins/{name}");
        let to = self.path(&place);
        std::fs::create_dir_all(to.parent().expect("it lies in a folder")).unwrap();
        if !to.exists() {
            std::fs::copy(component, to).unwrap();
        }
        place
    }

    /// The place of a path of the workspace on the machine.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// The place of a path of the store on the machine.
    pub(crate) fn store_path(&self, path: &str) -> PathBuf {
        self.store.path().join(path)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Reads a file as text.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs the program in the workspace.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs the program with environment variables.
    pub(crate) fn run_with<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        environment: &[(&str, &str)],
    ) -> Run {
        let mut command = self.command();
        command.args(arguments).envs(environment.iter().copied());
        Run::of(&command.output().expect("the program can be started"))
    }

    /// The program, in this workspace and store, with an environment of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(variable("BELLJAR_BIN"));
        command.current_dir(self.root.path()).env_clear().stdin(Stdio::null());
        command.env("BELLJAR_STORE", self.store.path()).env("LANG", "C.UTF-8");
        command.env("BELLJAR_KEYS", keys());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Runs `run --json` and returns the reports of the steps that ended, by name.
    #[track_caller]
    pub(crate) fn reports(&self, environment: &[(&str, &str)]) -> Vec<Value> {
        let arguments = ["run", "--json", "--progress", "none"].iter().chain(self.asked);
        let run = self.run_with(arguments, environment);
        let events = run.stdout.lines().map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"))
        });
        let reports: Vec<_> = events
            .filter(|event| event["event"] == "step-finished")
            .map(|event| event["report"].clone())
            .collect();
        assert!(!reports.is_empty(), "no step ended: {run:?}");
        reports
    }

    /// Runs the pipeline and returns the report of its step `s`.
    #[track_caller]
    pub(crate) fn report(&self, environment: &[(&str, &str)]) -> Value {
        let reports = self.reports(environment);
        let report = reports.into_iter().find(|report| report["step"] == "s");
        report.expect("the pipeline has a step `s`")
    }

    /// Asserts that every blob and record of the store is sound.
    #[track_caller]
    pub(crate) fn assert_store_is_clean(&self) {
        let run = self.run(["cache", "verify"]);
        assert_eq!(run.code, 0, "the store does not verify clean: {run:?}");
    }
}

/// A store in which the plugins that most tests use were compiled once: that takes seconds.
fn compiled_plugins() -> &'static Path {
    static STORE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let compile = || {
        let empty = TestWorkspace::empty();
        let probe = guest("probe").display().to_string();
        for plugin in [probe.as_str(), "builtin:lint", "builtin:package", "builtin:deploy"] {
            empty.run(["plugin", "inspect", plugin]).exits(0);
        }
        empty.store
    };
    STORE.get_or_init(compile).path()
}

/// The keys of the machine on which tests run, unless a test has a machine of its own. One for
/// all, since the plugins that were compiled once are authenticated with it.
pub(crate) fn keys() -> &'static Path {
    static KEYS: OnceLock<tempfile::TempDir> = OnceLock::new();
    KEYS.get_or_init(temporary_folder).path()
}

fn temporary_folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a temporary folder")
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Run {
    /// What a process said and how it ended.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Asserts the exit code and returns what was said.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that stderr holds every one of `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in stderr:\n{}", self.stderr);
        }
        self
    }

    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }
}

/// The component of a guest.
pub(crate) fn guest(name: &str) -> PathBuf {
    let path = Path::new(&variable("BELLJAR_GUESTS")).join(format!("{name}.wasm"));
    assert!(path.is_file(), "{} is missing: run the tests by `cargo xtask test`", path.display());
    path
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run the tests by `cargo xtask test`"))
}

/// Writes a JSON value as a TOML value on one line.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml_of).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{name} = {}", toml_of(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // A JSON string of our tests is also a TOML basic string.
        leaf => leaf.to_string(),
    }
}
