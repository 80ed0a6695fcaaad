//! moon: one project, with a line of the shell for each step.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::contestant::{Contestant, Left, Run};
use super::peers::Peers;
use super::shape::Shape;
use super::tree::Tree;
use super::written;
use crate::process;
use crate::trash;

/// moon.
pub(super) struct Moon {
    tree: Tree,
    program: PathBuf,
    home: PathBuf,
}

impl Moon {
    /// A repository: without one it does not run.
    pub(super) fn new(shape: Shape, peers: &Peers) -> Result<Self> {
        let tree = Tree::new(shape)?;
        for (path, text) in written::moon(shape) {
            tree.write(path, text)?;
        }
        tree.commit("*.out\n.moon/cache\n")?;
        Ok(Self { tree, program: peers.moon()?, home: peers.home() })
    }
}

impl Contestant for Moon {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn forget(&mut self, _left: Left) -> Result<()> {
        self.tree.remove_outputs()?;
        trash::away(&self.tree.path(".moon/cache"))
    }

    fn run(&mut self) -> Result<Run> {
        let mut command = Command::new(&self.program);
        command.args(["run", "bench:all", "--summary", "minimal"]).current_dir(self.tree.root());
        command.env("MOON_HOME", self.home.join("moon")).env("PROTO_HOME", self.home.join("proto"));
        // What the machine has is used; nothing is downloaded.
        command.env("MOON_TOOLCHAIN_FORCE_GLOBALS", "true").env("PROTO_OFFLINE", "true");
        command.env("NO_COLOR", "1").env_remove("CI");
        let (usage, said) = process::run(&command)?;
        Ok(Run { usage, executed: executed(&said)? })
    }
}

/// Counts the lines that end a step which was executed: `▮▮▮▮ bench:s7 (12ms, 43fc9132)`. One that
/// begins has no time, and one that was not executed says `cached`.
fn executed(said: &str) -> Result<u32> {
    let ended = |line: &&str| {
        let step = line.split_once("bench:s").map(|(_, step)| step);
        step.and_then(|step| step.split_once('(')).is_some_and(|(_, said)| {
            said.split_once(", ").is_some_and(|(time, _)| time.ends_with('s'))
        })
    };
    Ok(u32::try_from(said.lines().filter(ended).count())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_has_ended_was_executed_unless_it_was_cached() {
        let said = "▮▮▮▮ bench:s0 (43fc9132)\n▮▮▮▮ bench:s0 (1s 12ms, 43fc9132)\n\
                    ▮▮▮▮ bench:s1 (cached, f8442065)\n▮▮▮▮ bench:all (no op, 897dbefc)\n";
        assert_eq!(executed(said).unwrap(), 1);
    }
}
