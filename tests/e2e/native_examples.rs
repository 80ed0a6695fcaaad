//! The examples that run native tools: each runs twice, and the second run is all hits. Then one
//! file changes, and exactly what depends on it runs, for the expected reason.
//!
//! What they need is installed once and kept beside what cargo builds: a virtual environment with
//! what `requirements.txt` lists, and the packages of a lock file of npm.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::examples::{Edit, check_all, example, project};
use crate::harness::{TestWorkspace, copy_folder};

const WORDS: &str = "\n// More words.\n";

/// Runs a program to its end. A machine that lacks it fails the test, and is told what to do.
#[track_caller]
pub(crate) fn run(command: &mut Command, mend: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: {mend}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}\n{mend}");
}

/// A folder that `fill` has filled, according to the content of `list`. It is kept for later
/// runs, until the list changes.
#[track_caller]
pub(crate) fn installed(name: &str, list: &Path, fill: impl FnOnce(&Path)) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples").join(name);
    let (wanted, mark) = (std::fs::read(list).unwrap(), folder.join("installed-list"));
    if std::fs::read(&mark).is_ok_and(|there| there == wanted) {
        return folder;
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    fill(&folder);
    std::fs::write(mark, wanted).unwrap();
    folder
}

/// Where the programs of the virtual environment are.
fn python() -> &'static Path {
    static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
        let list = project().join("examples/python-lib/requirements.txt");
        let same = project().join("examples/monorepo/plan/requirements.txt");
        let [list_text, same_text] = [&list, &same].map(|file| std::fs::read(file).unwrap());
        assert_eq!(list_text, same_text, "both examples share one environment here");
        virtual_environment("python", &list)
    });
    &PROGRAMS
}

/// Where the programs of a virtual environment are that has what a list of requirements names.
#[track_caller]
pub(crate) fn virtual_environment(name: &str, list: &Path) -> PathBuf {
    let folder = installed(name, list, |folder| {
        let mend = "install Python 3 with its modules venv and pip (python3-venv)";
        run(Command::new("python3").args(["-m", "venv"]).arg(folder), mend);
        let mut pip = Command::new(folder.join("bin/python"));
        // Where the list has hashes, pip insists on them.
        run(pip.args(["-m", "pip", "install", "-r"]).arg(list), "the package index is asked");
    });
    folder.join("bin")
}

/// Puts the packages of an npm project, at `place` in its example, into a copy of the example.
fn install_packages(workspace: &TestWorkspace, example: &str, place: &str) {
    let from = project().join("examples").join(example).join(place);
    let folder = installed(example, &from.join("package-lock.json"), |folder| {
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            std::fs::copy(from.join(file), folder.join(file)).unwrap();
        }
        let mend = "install Node.js 20 or later with npm (nodejs, npm)";
        run(Command::new("npm").arg("ci").current_dir(folder), mend);
    });
    let to = workspace.path(place).join("node_modules");
    copy_folder(&folder.join("node_modules"), &to);
}

/// What a user has in the environment: programs, and where cargo finds its toolchains.
pub(crate) fn environment(programs: &[&Path]) -> Vec<(&'static str, String)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = programs.iter().map(|folder| folder.to_path_buf());
    let path: OsString =
        std::env::join_paths(own.chain(std::env::split_paths(&path))).expect("no path has a colon");
    let mut variables = vec![("PATH", path.into_string().expect("our paths are Unicode"))];
    for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        variables.extend(std::env::var(name).map(|value| (name, value)));
    }
    variables
}

#[track_caller]
fn check(workspace: &TestWorkspace, programs: &[&Path], edits: &[Edit]) {
    let environment = environment(programs);
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    check_all(workspace, &environment, edits);
}

#[test]
fn rust_service() {
    // The program comes out the same, so that it is not packed again.
    let comment = Edit {
        file: "service/src/routes.rs",
        append: WORDS,
        runs: &[
            ("build", "file-changed service/src/routes.rs"),
            ("fmt", "file-changed service/src/routes.rs"),
            ("sources", "file-changed service/src/routes.rs"),
            ("test", "file-changed service/src/routes.rs"),
        ],
    };
    check(&example("rust-service"), &[], &[comment]);
}

#[test]
fn python_lib() {
    let more_tests = Edit {
        file: "tests/test_span.py",
        append: "\n\ndef test_more():\n    assert Span(1)\n",
        runs: &[
            ("sources", "file-changed tests/test_span.py"),
            ("test", "file-changed tests/test_span.py"),
        ],
    };
    check(&example("python-lib"), &[python()], &[more_tests]);
}

#[test]
fn the_grants_of_python_lib_are_those_that_its_steps_need() {
    let workspace = example("python-lib");
    let environment = environment(&[python()]);
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let steps = crate::audit::least(&workspace, &environment);
    for step in &steps {
        assert_eq!((&step["complete"], &step["least"]), (&true.into(), &step["granted"]), "{step}");
    }
    let run = workspace.run_with(["run", "--locked"], &environment).exits(0);
    assert!(!run.stderr.contains("HIT"), "no result was kept: {}", run.stderr);
}

#[test]
fn web_app() {
    let workspace = example("web-app");
    install_packages(&workspace, "web-app", "");
    // Every bundle comes out the same, so that no test runs again and nothing is packed.
    let comment = Edit {
        file: "src/timer.ts",
        append: WORDS,
        runs: &[
            ("bundle", "file-changed src/timer.ts"),
            ("compile-tests", "file-changed src/timer.ts"),
            ("sources", "file-changed src/timer.ts"),
            ("types", "file-changed src/timer.ts"),
        ],
    };
    let style = Edit {
        file: "src/style.css",
        append: "\nh1 {\n  font-weight: 300;\n}\n",
        runs: &[
            ("bundle", "file-changed src/style.css"),
            ("package", "glob-changed dist/site/style-KNOIFVJ4.css"),
            ("sources", "file-changed src/style.css"),
        ],
    };
    check(&workspace, &[], &[comment, style]);
}

/// A tool that is WebAssembly leaves its step pure.
#[test]
fn wasi_tool() {
    let workspace = example("wasi-tool");
    let mend = "run `rustup target add wasm32-wasip2`";
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--target", "wasm32-wasip2", "--target-dir", "built"]);
    run(cargo.current_dir(workspace.path("tool")).env_remove("CARGO_TARGET_DIR"), mend);
    let built = workspace.path("tool/built/wasm32-wasip2/release/contents.wasm");
    std::fs::rename(built, workspace.path("tool/contents.wasm")).unwrap();
    let report = workspace.reports(&[]).remove(0);
    assert_eq!((&report["class"], &report["isolation"]["tier"]), (&"pure".into(), &"wasm".into()));
    let page = Edit {
        file: "pages/cups.md",
        append: "\n## Of tin\n",
        runs: &[("contents", "file-changed pages/cups.md")],
    };
    check(&workspace, &[], &[page]);
    assert!(workspace.read("dist/contents.md").contains("- [Kettles](pages/kettles.md)"));
}

#[test]
fn monorepo() {
    let workspace = example("monorepo");
    install_packages(&workspace, "monorepo", "web");
    let edits = [
        Edit {
            file: "api/src/lib.rs",
            append: WORDS,
            runs: &[
                ("api-build", "file-changed api/src/lib.rs"),
                ("api-test", "file-changed api/src/lib.rs"),
                ("api:sources", "file-changed api/src/lib.rs"),
            ],
        },
        Edit {
            file: "plan/tests/test_plan.py",
            append: "\n\ndef test_more():\n    assert MENU.exists()\n",
            runs: &[
                ("plan-test", "file-changed plan/tests/test_plan.py"),
                ("plan:sources", "file-changed plan/tests/test_plan.py"),
            ],
        },
        Edit {
            file: "web/src/page.mjs",
            append: "console.log(\"ready\");\n",
            runs: &[
                ("release", "file-changed dist/web/page.js"),
                ("web-bundle", "file-changed web/src/page.mjs"),
                ("web-test", "file-changed web/src/page.mjs"),
                ("web:sources", "file-changed web/src/page.mjs"),
            ],
        },
        Edit {
            file: "menu/menu.csv",
            append: "white,270,80\n",
            runs: &[
                ("api-build", "file-changed menu/menu.csv"),
                ("api-test", "file-changed menu/menu.csv"),
                ("menu:sources", "file-changed menu/menu.csv"),
                ("plan-test", "file-changed menu/menu.csv"),
                ("release", "file-changed dist/api/bin/api"),
                ("web-bundle", "file-changed menu/menu.csv"),
                ("web-test", "file-changed menu/menu.csv"),
            ],
        },
    ];
    check(&workspace, &[python()], &edits);
}
