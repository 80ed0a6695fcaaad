//! An input that changes while steps run: no record says of the new content what was made of the
//! old one, and no step sees half of each.
//!
//! A gate keeps the run going for as long as the test wants: a tool that waits in a state folder.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Run, TestWorkspace, guest};

/// Steps that all have `in/a` as an input: `early` copies it before the gate opens, `gate` is a
/// tool that reads it before it waits or after, and `late` copies it when the gate is over.
struct Scene {
    workspace: TestWorkspace,
    state: tempfile::TempDir,
}

impl Scene {
    fn new(gate: &str) -> Self {
        let workspace = TestWorkspace::new();
        let plugin = workspace.import(&guest("copy_all"));
        let copy = |name: &str, needs: &str| {
            format!(
                "[step.{name}]\nuses = \"copy\"\nneeds = [{needs}]\ninputs = [\"in/a\"]\n\
                 outputs = [\"made/{name}\"]\n\
                 with = {{ from = [\"in/a\"], to = \"made/{name}\", size = 100 }}\n"
            )
        };
        workspace.write(
            "belljar.toml",
            format!(
                "[plugins]\ncommand = \"builtin:command\"\ncopy = {{ path = {plugin:?} }}\n\
                 [tools]\nsh = \"sh\"\n{}{}\
                 [step.gate]\nuses = \"command\"\nneeds = [\"early\"]\ninputs = [\"in/a\"]\n\
                 outputs = [\"gate.txt\"]\n\
                 grants = {{ tools = [\"sh\"], state = {{ gate = \"st\" }} }}\n\
                 with.run = '{gate}'\nwith.writes = [\"gate.txt\"]\n",
                copy("early", ""),
                copy("late", "\"gate\""),
            ),
        );
        workspace.write("in/a", "old\n");
        Self { workspace, state: tempfile::tempdir().unwrap() }
    }

    fn state(&self, name: &str) -> PathBuf {
        self.state.path().join("gate").join(name)
    }

    /// Starts a run, and returns when its gate waits.
    fn start(&self) -> Child {
        for name in ["waits", "go"] {
            let _ = std::fs::remove_file(self.state(name)); // none in the first run
        }
        let mut command = self.workspace.command();
        command.args(["run", "--progress", "plain"]).env("BELLJAR_STATE", self.state.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let since = Instant::now();
        while !self.state("waits").exists() {
            assert!(since.elapsed() < Duration::from_secs(120), "the gate was never reached");
            std::thread::yield_now();
        }
        child
    }

    fn open(&self, child: Child) -> Run {
        std::fs::write(self.state("go"), "").unwrap();
        Run::of(&child.wait_with_output().unwrap())
    }

    /// A run whose gate is open already.
    fn run(&self) -> Run {
        std::fs::create_dir_all(self.state("")).unwrap();
        std::fs::write(self.state("go"), "").unwrap();
        let state = self.state.path().to_str().unwrap();
        let arguments = ["run", "--progress", "plain"];
        self.workspace.run_with(arguments, &[("BELLJAR_STATE", state)])
    }

    fn made(&self) -> [String; 3] {
        ["made/early", "gate.txt", "made/late"].map(|path| self.workspace.read(path))
    }
}

/// What a step said of itself.
#[track_caller]
fn line(run: &Run, word: &str, step: &str) {
    let is_it = |line: &str| line.contains(word) && line.contains(step);
    assert!(run.stderr.lines().any(is_it), "no `{word}` of `{step}` in\n{}", run.stderr);
}

/// Reads its input before it waits.
const BEFORE: &str =
    "read text < in/a; : > st/waits; while [ ! -e st/go ]; do :; done; echo \"$text\" > gate.txt";

/// Reads its input after it waited.
const AFTER: &str =
    ": > st/waits; while [ ! -e st/go ]; do :; done; read text < in/a; echo \"$text\" > gate.txt";

#[test]
fn what_changes_after_it_was_read_is_another_input_in_the_next_run() {
    belljar_cases::case!("C17");
    for gate in [BEFORE, AFTER] {
        let scene = Scene::new(gate);
        let child = scene.start();
        scene.workspace.write("in/a", "new\n");
        // The tool has a copy of what its key names. The step after it would read the file.
        let run = scene.open(child).exits(3).says(&["[E0605]", "`in/a` changed while the run"]);
        line(&run, "PASS", "early");
        line(&run, "PASS", "gate");
        for made in ["made/early", "gate.txt"] {
            assert_eq!(scene.workspace.read(made), "old\n");
        }
        let run = scene.run().exits(0);
        assert!(!run.stderr.contains("HIT"), "nothing old is served: {}", run.stderr);
        assert_eq!(scene.made(), ["new\n"; 3]);
        // What was recorded of the old content is true of it.
        scene.workspace.write("in/a", "old\n");
        let run = scene.run().exits(0);
        line(&run, "HIT", "early");
        line(&run, "HIT", "gate");
        line(&run, "PASS", "late");
        assert_eq!(scene.made(), ["old\n"; 3]);
        scene.workspace.assert_store_is_clean();
    }
}

#[test]
fn a_change_of_the_same_size_with_its_time_set_back_is_noticed() {
    belljar_cases::case!("C17");
    let scene = Scene::new(BEFORE);
    let file = scene.workspace.path("in/a");
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    let child = scene.start();
    std::fs::write(&file, "new\n").unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    scene.open(child).exits(3).says(&["[E0605]"]);
    scene.run().exits(0);
    assert_eq!(scene.made(), ["new\n"; 3]);
}

#[test]
fn a_change_that_is_taken_back_before_the_end_leaves_the_truth() {
    belljar_cases::case!("C17");
    let scene = Scene::new(AFTER);
    let child = scene.start();
    scene.workspace.write("in/a", "new\n");
    scene.workspace.write("in/a", "old\n");
    scene.open(child).exits(0);
    assert_eq!(scene.made(), ["old\n"; 3]);
    let again = scene.run().exits(0);
    for step in ["early", "gate", "late"] {
        line(&again, "HIT", step);
    }
}
