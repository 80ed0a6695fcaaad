//! Belljar with steps of the plugin `command`, in one tier.

use anyhow::{Result, ensure};

use super::contestant::{Contestant, Left, Run};
use super::shape::Shape;
use super::tree::Tree;
use super::written;
use crate::surroundings::Surroundings;
use crate::tools::{CODE_AND_TOOLS, Place, Tier, usable};

/// Belljar, running the line of the shell.
pub(super) struct Commands {
    // Declared before the place, which removes the folder.
    tree: Tree,
    place: Place,
}

impl Commands {
    /// A tree and a store that knows the tools, or why this machine has not got the tier.
    pub(super) fn new(
        surroundings: &Surroundings,
        tier: Tier,
        shape: Shape,
    ) -> Result<std::result::Result<Self, String>> {
        // It has run one tool, so the plugin is compiled.
        let place = match usable(surroundings, tier)? {
            Ok(place) => place,
            Err(why) => return Ok(Err(why)),
        };
        let tree = Tree::within(&place.tree(), shape)?;
        // An ordinary user runs the program if root measures.
        tree.open_to_all()?;
        tree.write("belljar.toml", written::pipeline_of_commands(shape))?;
        let mut commands = Self { tree, place };
        commands.forget(Left::Code)?;
        Ok(Ok(commands))
    }
}

impl Contestant for Commands {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn forget(&mut self, left: Left) -> Result<()> {
        self.tree.remove_outputs()?;
        self.place.forget(if left == Left::Code { CODE_AND_TOOLS } else { &[] })
    }

    fn run(&mut self) -> Result<Run> {
        let (usage, record) = self.place.run(&[])?;
        let executed = record.executed()?;
        ensure!(record.steps() == self.tree.shape().steps(), "not all steps were looked at");
        if executed == self.tree.shape().steps() {
            record.check_tools(1, "executed", self.place.tier)?;
        }
        Ok(Run { usage, executed })
    }
}
