//! Ninja and GNU make, which run lines of the shell and compare times of files.

use std::process::Command;
use std::thread;

use anyhow::Result;

use super::contestant::{Contestant, Left, Run};
use super::shape::Shape;
use super::tree::Tree;
use super::written;
use crate::process;
use crate::trash;

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
            Recipe::Same => written::ninja(shape),
            Recipe::Least => written::ninja_least(shape),
        };
        tree.write("build.ninja", text)?;
        Ok(Self(tree))
    }
}

impl Contestant for Ninja {
    fn tree(&self) -> &Tree {
        &self.0
    }

    fn forget(&mut self, _left: Left) -> Result<()> {
        self.0.remove_outputs()?;
        trash::away(&self.0.path(".ninja_log"))?;
        trash::away(&self.0.path(".ninja_deps"))
    }

    fn run(&mut self) -> Result<Run> {
        let mut command = Command::new("ninja");
        command.current_dir(self.0.root());
        let (usage, said) = process::run(&command)?;
        // One line for each command, when it does not write to a terminal: `[1/1000] cat …`.
        let executed = said.lines().filter(|line| line.starts_with('[')).count();
        Ok(Run { usage, executed: u32::try_from(executed)? })
    }
}

/// GNU make.
pub(super) struct Make(Tree);

impl Make {
    pub(super) fn new(shape: Shape) -> Result<Self> {
        let tree = Tree::new(shape)?;
        tree.write("Makefile", written::makefile(shape))?;
        Ok(Self(tree))
    }
}

impl Contestant for Make {
    fn tree(&self) -> &Tree {
        &self.0
    }

    fn forget(&mut self, _left: Left) -> Result<()> {
        self.0.remove_outputs()
    }

    fn run(&mut self) -> Result<Run> {
        let mut command = Command::new("make");
        // As many at once as ninja starts by itself.
        let at_once = thread::available_parallelism().map_or(1, usize::from) + 2;
        command.arg(format!("-j{at_once}")).current_dir(self.0.root());
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
            command.env_remove(name);
        }
        let (usage, said) = process::run(&command)?;
        let executed = said.lines().filter(|line| line.starts_with("cat ")).count();
        Ok(Run { usage, executed: u32::try_from(executed)? })
    }
}
