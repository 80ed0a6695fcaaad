//! An ordinary user: nothing that Belljar does for itself needs an administrator, and no wall is
//! lower without one.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Run, TestWorkspace, guest};
use crate::workers;

/// The user and the group whom nothing belongs to.
const NOBODY: u32 = 65_534;

/// A workspace, a store, keys and a program of an ordinary user: of whoever runs this test, or, if
/// that is the administrator, of nobody.
struct Home {
    workspace: TestWorkspace,
    own: tempfile::TempDir,
    program: PathBuf,
    user: Option<u32>,
}

impl Home {
    fn new(pipeline: impl FnOnce(&TestWorkspace) -> String) -> Self {
        let workspace = TestWorkspace::empty();
        workspace.write("belljar.toml", pipeline(&workspace));
        let own = tempfile::tempdir().unwrap();
        let is_root = std::fs::metadata(own.path()).unwrap().uid() == 0;
        let program = own.path().join("belljar");
        // Where it was built, others may not be allowed to look.
        let built = workspace.command().get_program().to_owned();
        std::fs::copy(built, &program).unwrap();
        let user = is_root.then_some(NOBODY);
        if let Some(user) = user {
            for folder in [workspace.path(""), workspace.store_path(""), own.path().to_owned()] {
                give(&folder, user);
            }
        }
        Self { workspace, own, program, user }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let own = self.own.path();
        command.current_dir(self.workspace.path("")).env_clear().stdin(Stdio::null());
        command.env("BELLJAR_STORE", self.workspace.store_path("")).env("HOME", own);
        command.env("BELLJAR_KEYS", own.join("keys"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if let Some(user) = self.user {
            command.uid(user).gid(user); // and no other groups
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command().args(arguments).output().unwrap())
    }
}

/// Gives a folder to a user, with all that is in it.
fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

#[test]
fn a_run_passes_is_served_and_leaves_a_clean_store() {
    let home = Home::new(|workspace| {
        let plugin = workspace.import(&guest("does_nothing"));
        format!("[plugins]\ng = {{ path = {plugin:?} }}\n[step.good]\nuses = \"g\"\n")
    });
    home.run(&["run", "--progress", "plain"]).exits(0).says(&["PASS"]);
    home.run(&["run", "--progress", "plain"]).exits(0).says(&["1 cached"]);
    home.run(&["cache", "verify"]).exits(0);
    home.run(&["cache", "gc", "--max-size", "0B"]).exits(0);
    home.run(&["tools", "doctor"]).exits(0);
}

#[test]
fn workers_are_sealed() {
    belljar_cases::case!("D16");
    let home = Home::new(|workspace| {
        let plugin = workspace.import(&guest("loops_forever"));
        format!(
            "[plugins]\nevil = {{ path = {plugin:?} }}\n\
             [step.evil]\nuses = \"evil\"\ntimeout = \"10m\"\n"
        )
    });
    let mut command = home.command();
    command.args(["run", "--progress", "plain"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let status = std::fs::read_to_string(workers::busy(&child).join("status")).unwrap();
    let user = home.user.map_or_else(String::new, |user| format!("Uid:\t{user}\t{user}\t{user}"));
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", &user] {
        assert!(status.contains(line), "{line}: {status}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
