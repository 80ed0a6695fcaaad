//! Contestants: the same work on a tree of its own, done by Belljar or by ninja.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::shape::{self, Shape};
use crate::process::{self, Usage};
use crate::surroundings::Surroundings;
use crate::workbench::block;

/// One measured run.
pub(super) struct Run {
    /// What it took.
    pub(super) usage: Usage,
    /// How many steps were executed.
    pub(super) executed: u32,
}

/// One that can do the work.
pub(super) trait Contestant {
    /// Its tree.
    fn tree(&self) -> &Tree;

    /// Makes it forget every run, and removes all outputs.
    fn forget(&mut self) -> Result<()>;

    /// Does the work once.
    fn run(&mut self) -> Result<Run>;
}

/// A folder with the inputs.
pub(super) struct Tree(tempfile::TempDir);

impl Tree {
    fn new(shape: Shape) -> Result<Self> {
        let tree = Self(tempfile::tempdir()?);
        for (layer, place) in shape.each() {
            let file = tree.0.path().join(shape::own(layer, place));
            fs::create_dir_all(file.parent().context("it lies in a folder")?)?;
            fs::write(file, block(layer * shape.width + place, 0))?;
        }
        Ok(tree)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Reads a file.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>> {
        fs::read(self.path(path)).with_context(|| path.to_owned())
    }

    /// Gives the file of one step another content.
    pub(super) fn change(&self, layer: u32, place: u32, salt: u32) -> Result<()> {
        Ok(fs::write(self.path(&shape::own(layer, place)), block(layer + place, salt))?)
    }

    /// Deletes all that was made.
    pub(super) fn remove_outputs(&self) -> Result<()> {
        remove(&self.path("out"))
    }
}

/// Belljar, with a store of its own.
pub(super) struct Belljar {
    tree: Tree,
    store: tempfile::TempDir,
    program: PathBuf,
}

/// What of the store outlives [`Contestant::forget`]: the machine code of plugins, and the key
/// that authenticates it.
const KEPT: [&str; 2] = ["aot-v1", "machine-v1.key"];

impl Belljar {
    pub(super) fn new(surroundings: &Surroundings, shape: Shape) -> Result<Self> {
        let tree = Tree::new(shape)?;
        fs::write(tree.path("belljar.toml"), shape.pipeline())?;
        fs::copy(surroundings.guest("copy_all")?, tree.path("copy_all.wasm"))?;
        let program = fs::canonicalize(&surroundings.belljar)?;
        Ok(Self { tree, store: tempfile::tempdir()?, program })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.tree.0.path());
        // There nothing may be locked that was not reviewed, and this pipeline is made up.
        command.env_remove("CI").env("BELLJAR_STORE", self.store.path());
        command.env("BELLJAR_KEYS", self.store.path().join("keys"));
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
        Ok(u32::try_from(total("steps")? - total("cached")?)?)
    }
}

impl Contestant for Belljar {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn forget(&mut self) -> Result<()> {
        self.tree.remove_outputs()?;
        remove(&self.tree.path(".belljar"))?;
        for entry in fs::read_dir(self.store.path())? {
            let entry = entry?;
            if !KEPT.iter().any(|kept| *kept == entry.file_name()) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<Run> {
        let (usage, _) = process::run(&self.command(&["run"]))?;
        Ok(Run { usage, executed: self.executed()? })
    }
}

/// Which commands ninja runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Recipe {
    /// Those that do what the steps do.
    Same,
    /// Those that make the same files with the least work.
    Least,
}

/// Ninja.
pub(super) struct Ninja(Tree);

impl Ninja {
    pub(super) fn new(shape: Shape, recipe: Recipe) -> Result<Self> {
        let tree = Tree::new(shape)?;
        let text = match recipe {
            Recipe::Same => shape.ninja(),
            Recipe::Least => shape.ninja_least(),
        };
        fs::write(tree.path("build.ninja"), text)?;
        Ok(Self(tree))
    }
}

impl Contestant for Ninja {
    fn tree(&self) -> &Tree {
        &self.0
    }

    fn forget(&mut self) -> Result<()> {
        self.0.remove_outputs()?;
        remove(&self.0.path(".ninja_log"))?;
        remove(&self.0.path(".ninja_deps"))
    }

    fn run(&mut self) -> Result<Run> {
        let mut command = Command::new("ninja");
        command.current_dir(self.0.0.path());
        let (usage, said) = process::run(&command)?;
        // One line for each command, when it does not write to a terminal: `[1/1000] cat …`.
        let executed = said.lines().filter(|line| line.starts_with('[')).count();
        Ok(Run { usage, executed: u32::try_from(executed)? })
    }
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
