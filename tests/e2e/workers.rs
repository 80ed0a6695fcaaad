//! Guests run in processes that have no powers; what becomes of these processes is no secret.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Run, TestWorkspace, guest};

/// A run with a step that goes on until it is stopped, and one that ends at once.
fn start(timeout: &str) -> (TestWorkspace, Child) {
    let workspace = TestWorkspace::new();
    let (evil, good) = (guest("loops_forever"), guest("does_nothing"));
    let (evil, good) = (workspace.import(&evil), workspace.import(&good));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nevil = {{ path = {evil:?} }}\ngood = {{ path = {good:?} }}\n\
             [step.evil]\nuses = \"evil\"\ntimeout = \"{timeout}\"\n[step.good]\nuses = \"good\"\n"
        ),
    );
    let mut command = workspace.command();
    command.args(["run", "--progress", "plain", "--jobs", "2"]).env("CANARY", "secret");
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    (workspace, child)
}

/// The workers of a process that run guests, as folders of `/proc`.
fn workers(parent: u32) -> Vec<PathBuf> {
    let is_worker = |folder: &PathBuf| {
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let parent = format!("PPid:\t{parent}\n");
        read("status").contains(&parent) && read("cmdline").contains("--belljar-worker")
    };
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.map(|entry| entry.path()).filter(is_worker).collect()
}

/// Waits for the worker whose guest keeps the processor busy.
pub(crate) fn busy(child: &Child) -> PathBuf {
    let since = Instant::now();
    loop {
        let ticks = |folder: &PathBuf| {
            let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
            let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest).to_owned();
            after.split_whitespace().nth(11).and_then(|ticks| ticks.parse::<u64>().ok())
        };
        let found = workers(child.id()).into_iter().find(|one| ticks(one).unwrap_or(0) > 30);
        if let Some(found) = found {
            return found;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "no worker is busy");
        std::thread::yield_now();
    }
}

fn kill(process: &Path) {
    let number = process.file_name().unwrap().to_str().unwrap();
    let status = Command::new("kill").args(["-KILL", number]).status();
    assert!(status.unwrap().success());
}

#[test]
fn a_worker_that_is_killed_fails_only_its_step() {
    let (workspace, child) = start("10m");
    kill(&busy(&child));
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("[E0420]") && stderr.contains("SIGKILL"), "{stderr}");
    assert!(stderr.lines().any(|line| line.contains("good") && line.contains("PASS")), "{stderr}");
    workspace.assert_store_is_clean();
}

#[test]
fn a_worker_is_sealed_and_has_no_environment() {
    let (_workspace, mut child) = start("10m");
    let worker = busy(&child);
    let status = std::fs::read_to_string(worker.join("status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(line), "{line}: {status}");
    }
    // Its folder belongs to root then, so only root can look; what it says is the same.
    let environment = std::fs::read(worker.join("environ"));
    assert!(environment.is_ok_and(|bytes| bytes.is_empty()) || !is_root(), "it is empty");
    child.kill().unwrap();
    child.wait().unwrap();
    let since = Instant::now();
    while worker.join("environ").exists() {
        assert!(since.elapsed() < Duration::from_secs(10), "it ends with the coordinator");
        std::thread::yield_now();
    }
}

#[test]
fn what_a_run_uses_is_collected_by_nobody() {
    let (workspace, mut child) = start("10m");
    busy(&child);
    let code = || std::fs::read_dir(workspace.store_path("aot-v1")).unwrap().count();
    let before = code();
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(3).says(&["[E0604]"]);
    assert_eq!(code(), before);
    child.kill().unwrap();
    child.wait().unwrap();
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    assert_eq!(code(), 0);
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| {
        use std::os::unix::fs::MetadataExt;
        me.uid() == 0
    })
}

#[test]
fn a_run_that_the_cache_serves_starts_no_worker() {
    let workspace = TestWorkspace::new();
    let good = workspace.import(&guest("does_nothing"));
    workspace.write(
        "belljar.toml",
        format!("[plugins]\ng = {{ path = {good:?} }}\n[step.good]\nuses = \"g\"\n"),
    );
    workspace.run(["run", "--progress", "plain"]).exits(0);
    // A worker is this very file once more. Started by the loader, the file is the loader, and
    // that is no worker: so whoever needs one fails, whatever the user may do.
    let without = |more: &[&str]| {
        let program = workspace.command();
        let mut command = Command::new(loader(program.get_program().as_ref()));
        command.arg(program.get_program()).args(["run", "--progress", "plain"]).args(more);
        command.current_dir(workspace.path("")).env_clear();
        for (name, value) in program.get_envs() {
            command.env(name, value.unwrap());
        }
        Run::of(&command.output().unwrap())
    };
    without(&["--force"]).exits(3).says(&["[E0422]"]);
    without(&[]).exits(0).says(&["HIT"]);
}

/// The loader that a program names.
fn loader(program: &Path) -> String {
    let bytes = std::fs::read(program).unwrap();
    let at = bytes.windows(4).position(|window| window == b"/ld-");
    let at = at.expect("the program is loaded by a loader");
    let from = bytes[..at].iter().rposition(|byte| *byte == 0).unwrap() + 1;
    let to = at + bytes[at..].iter().position(|byte| *byte == 0).unwrap();
    String::from_utf8(bytes[from..to].to_vec()).unwrap()
}
