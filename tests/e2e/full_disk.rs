//! A disk that is full, out of files, or not for writing: it is said, nothing breaks, and with
//! room again all goes on.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{TestWorkspace, guest};

/// A small file system of its own, over a folder that is there, until this is dropped.
struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// `None`, and that is said, where nothing can be mounted.
    fn over(place: PathBuf, options: &str) -> Option<Self> {
        match mount(&["-t", "tmpfs", "-o", options, "tmpfs"], &place) {
            Ok(()) => Some(Self { place }),
            Err(why) => {
                belljar_fire::not_tried("full disks", &why).unwrap();
                None
            }
        }
    }

    fn remount(&self, how: &str) {
        mount(&["-o", &format!("remount,{how}")], &self.place).unwrap();
    }

    /// Takes room until only so many bytes are free, and returns what takes it.
    fn leave(&self, bytes: u64) -> Ballast {
        let output = Command::new("stat").args(["-f", "-c", "%a %S"]).arg(&self.place).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let (blocks, size) = text.trim().split_once(' ').unwrap();
        let free = blocks.parse::<u64>().unwrap() * size.parse::<u64>().unwrap();
        let file = self.place.join("ballast");
        let full = vec![7; usize::try_from(free - bytes).unwrap()];
        std::fs::write(&file, full).unwrap();
        Ballast(vec![file])
    }

    /// Makes files until no more can be made.
    fn leave_no_file(&self) -> Ballast {
        let mut made = Vec::new();
        loop {
            let file = self.place.join(format!("ballast-{}", made.len()));
            if file.exists() {
                made.push(file); // of an earlier time
                continue;
            }
            if std::fs::write(&file, "").is_err() {
                return Ballast(made);
            }
            made.push(file);
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A folder that stays mounted cannot be removed, and that is seen.
        let _ = Command::new("umount").arg(&self.place).status();
    }
}

fn mount(options: &[&str], place: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(options).arg(place).output();
    let output = output.map_err(|error| format!("cannot run `mount`: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

/// Files that take the room of others, until this is dropped.
struct Ballast(Vec<PathBuf>);

impl Drop for Ballast {
    fn drop(&mut self) {
        for file in &self.0 {
            let _ = std::fs::remove_file(file); // another one may have had it, too
        }
    }
}

/// A workspace with a step that copies a file.
fn copying() -> TestWorkspace {
    let workspace = TestWorkspace::empty();
    lay_out(&workspace);
    workspace
}

fn lay_out(workspace: &TestWorkspace) {
    let plugin = workspace.import(&guest("copy_all"));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\ncopy = {{ path = {plugin:?} }}\n[step.s]\nuses = \"copy\"\n\
             inputs = [\"in\"]\noutputs = [\"out\"]\n\
             with = {{ from = [\"in\"], to = \"out\", size = 100000000 }}\n"
        ),
    );
    workspace.write("in", "small");
}

/// Bytes that nothing can make smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..bytes).map(step).collect()
}

const MIB: usize = 1 << 20;

#[test]
fn a_store_on_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    belljar_cases::case!("H11");
    let workspace = copying();
    let store = workspace.store_path("").display().to_string();
    let Some(disk) = SmallDisk::over(workspace.store_path(""), "size=32m") else { return };
    workspace.run(["run"]).exits(0);
    for (free, size) in [(4 * MIB, 8 * MIB), (100_000, 2 * MIB), (0, 2 * MIB)] {
        let content = noise(size + 1);
        workspace.write("in", &content);
        // Else results of before would make way, and the run would pass.
        workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
        let ballast = disk.leave(free as u64);
        let run = workspace.run(["run"]).exits(3);
        run.says(&["[E0620]", "the disk of the store is full", &store, "belljar cache gc"]);
        drop(ballast);
        workspace.assert_store_is_clean();
        workspace.run(["run"]).exits(0);
        assert!(std::fs::read(workspace.path("out")).unwrap() == content, "{free} {size}");
        assert_eq!(workspace.report(&[])["source"], "exact-hit", "{free} {size}");
        workspace.assert_store_is_clean();
    }
}

#[test]
fn a_store_on_a_full_disk_can_be_made_smaller() {
    belljar_cases::case!("H11");
    let workspace = copying();
    let Some(disk) = SmallDisk::over(workspace.store_path(""), "size=32m") else { return };
    workspace.write("in", noise(2 * MIB));
    workspace.run(["run"]).exits(0);
    // Not even the database can be opened: what the store has in reserve makes way.
    let _ballast = disk.leave(0);
    let gc = workspace.run(["cache", "gc", "--max-size", "0B", "--json"]).exits(0).json();
    assert_eq!(gc["removed_actions"], 1, "{gc}");
    workspace.write("in", noise(MIB));
    workspace.run(["run"]).exits(0);
    workspace.assert_store_is_clean();
}

#[test]
fn a_store_on_a_disk_without_free_files_says_so() {
    belljar_cases::case!("H11");
    let workspace = copying();
    let Some(disk) = SmallDisk::over(workspace.store_path(""), "nr_inodes=100") else { return };
    workspace.run(["run"]).exits(0);
    // What the store has in reserve makes way once.
    workspace.write("in", noise(MIB));
    let _first = disk.leave_no_file();
    workspace.run(["run"]).exits(0);
    workspace.write("in", noise(MIB + 1));
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    let ballast = disk.leave_no_file();
    workspace.run(["run"]).exits(3).says(&["[E0620]", "takes no more files", "out of inodes"]);
    drop(ballast);
    workspace.assert_store_is_clean();
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.report(&[])["source"], "exact-hit");
}

#[test]
fn a_tool_that_fails_on_a_full_disk_is_not_remembered_as_failed() {
    belljar_cases::case!("H11");
    let workspace = TestWorkspace::empty();
    let Some(disk) = SmallDisk::over(workspace.store_path(""), "size=32m") else { return };
    workspace.write(
        "belljar.toml",
        "[plugins]\ncommand = \"builtin:command\"\n[tools]\nsh = \"sh\"\n\
         [step.s]\nuses = \"command\"\noutputs = [\"out.txt\"]\ngrants.tools = [\"sh\"]\n\
         with.run = 'set -e; a=0123456789abcdef; for i in 1 2 3 4 5 6; do a=$a$a$a$a; done; \
         for i in 1 2 3 4 5 6 7 8; do for k in 1 2 3 4; do echo $a; done; done > out.txt'\n\
         with.writes = [\"out.txt\"]\n",
    );
    workspace.run(["check"]).exits(0); // the plugin is compiled
    let ballast = disk.leave(MIB as u64);
    let run = workspace.run(["run"]).exits(3);
    run.says(&["[E0813]", "tool `sh` failed", "is full", "not recorded"]);
    drop(ballast);
    workspace.run(["run"]).exits(0).says(&["PASS"]);
    assert_eq!(std::fs::metadata(workspace.path("out.txt")).unwrap().len(), 32 * 65_537);
    workspace.assert_store_is_clean();
}

#[test]
fn a_store_that_cannot_be_written_says_so_and_what_it_holds_stays() {
    belljar_cases::case!("H11");
    let workspace = copying();
    let Some(disk) = SmallDisk::over(workspace.store_path(""), "size=32m") else { return };
    workspace.run(["run"]).exits(0);
    disk.remount("ro");
    let run = workspace.run(["run", "--force"]).exits(3);
    run.says(&["[E0623]", "remount the file system for writing", "--store DIR"]);
    disk.remount("rw");
    workspace.assert_store_is_clean();
    assert_eq!(workspace.report(&[])["source"], "exact-hit");
}

#[test]
fn a_workspace_on_a_full_disk_says_so_and_gets_its_outputs_when_there_is_room() {
    belljar_cases::case!("H11");
    let workspace = TestWorkspace::empty();
    let Some(disk) = SmallDisk::over(workspace.path(""), "size=16m") else { return };
    lay_out(&workspace);
    workspace.run(["run"]).exits(0);
    let content = noise(4 * MIB);
    workspace.write("in", &content);
    let ballast = disk.leave(2 * MIB as u64);
    workspace.run(["run"]).exits(3).says(&[
        "[E0603]",
        "the disk of the workspace is full: `out`",
        "free some space",
    ]);
    assert_eq!(workspace.read("out"), "small", "nothing partial appears");
    drop(ballast);
    workspace.assert_store_is_clean();
    workspace.run(["run"]).exits(0);
    assert!(std::fs::read(workspace.path("out")).unwrap() == content);
}

#[test]
fn a_workspace_that_cannot_be_written_says_so() {
    belljar_cases::case!("H11");
    let workspace = TestWorkspace::empty();
    let Some(disk) = SmallDisk::over(workspace.path(""), "size=16m") else { return };
    lay_out(&workspace);
    disk.remount("ro");
    let run = workspace.run(["run"]).exits(3);
    run.says(&["read-only", "remount the file system", &workspace.path("").display().to_string()]);
    disk.remount("rw");
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.read("out"), "small");
}
