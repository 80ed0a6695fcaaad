//! Belljar with pure steps, and a store of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::contestant::{Contestant, Left, Run};
use super::shape::{Shape, name};
use super::tree::Tree;
use super::written;
use crate::process;
use crate::surroundings::Surroundings;
use crate::trash;
use crate::unsynced;

/// Belljar.
pub(crate) struct Belljar {
    tree: Tree,
    /// Has the store and the keys of this machine.
    home: tempfile::TempDir,
    program: PathBuf,
}

/// Whether a run waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sync {
    /// As it always does.
    Waits,
    /// The kernel says at once that all is written.
    Skipped,
}

/// What of the store is the machine code of plugins, and what authenticates it.
const CODE: [&str; 2] = ["aot-v1", "machine-v1.key"];

impl Belljar {
    /// A tree and a store, which has the machine code of the plugin.
    pub(crate) fn new(surroundings: &Surroundings, shape: Shape) -> Result<Self> {
        let tree = Tree::new(shape)?;
        tree.write("belljar.toml", written::pipeline(shape))?;
        fs::copy(surroundings.guest("copy_all")?, tree.path("copy_all.wasm"))?;
        let program = fs::canonicalize(&surroundings.belljar)?;
        let mut belljar = Self { tree, home: tempfile::tempdir()?, program };
        process::run(&belljar.command(&["run", &name(0)]))?;
        belljar.forget(Left::Code)?;
        Ok(belljar)
    }

    /// Does the work once.
    pub(crate) fn run_with(&mut self, sync: Sync) -> Result<Run> {
        let command = self.command(&["run"]);
        let (usage, _) = match sync {
            Sync::Waits => process::run(&command)?,
            Sync::Skipped => unsynced::run(&command)?,
        };
        Ok(Run { usage, executed: self.executed()? })
    }

    fn store(&self) -> PathBuf {
        self.home.path().join("store")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.tree.root());
        for name in ["STATE", "FILE", "DIRECTORY", "JOBS", "PROGRESS", "ISOLATION"] {
            command.env_remove(format!("BELLJAR_{name}"));
        }
        // There nothing may be locked that was not reviewed, and this pipeline is made up.
        command.env_remove("CI").env("BELLJAR_STORE", self.store());
        command.env("BELLJAR_KEYS", self.home.path().join("keys"));
        command
    }

    /// Asks the recording of the latest run how many steps were executed.
    fn executed(&self) -> Result<u32> {
        let events = self.command(&["runs", "latest", "--json"]).output()?.stdout;
        let events = String::from_utf8(events)?;
        let last = events.lines().last().context("the run was not recorded")?;
        let last: serde_json::Value = serde_json::from_str(last)?;
        let total = |name: &str| {
            let total = last["totals"][name].as_u64();
            total.ok_or_else(|| anyhow!("the last event has no total `{name}`: {last}"))
        };
        ensure!(total("passed")? == total("steps")?, "not all steps have passed: {last}");
        let steps = u64::from(self.tree.shape().steps());
        ensure!(total("steps")? == steps, "not all steps were looked at: {last}");
        Ok(u32::try_from(total("steps")? - total("cached")?)?)
    }
}

impl Contestant for Belljar {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn forget(&mut self, left: Left) -> Result<()> {
        self.tree.remove_outputs()?;
        trash::away(&self.tree.path(".belljar"))?;
        if left == Left::Nothing {
            return trash::away(&self.store());
        }
        for entry in fs::read_dir(self.store())? {
            let entry = entry?;
            if !CODE.iter().any(|kept| *kept == entry.file_name()) {
                trash::away(&entry.path())?;
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<Run> {
        self.run_with(Sync::Waits)
    }
}
