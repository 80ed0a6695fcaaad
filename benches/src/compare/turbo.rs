//! Turborepo: one package, whose scripts are the steps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::contestant::{Contestant, Left, Run};
use super::peers::Peers;
use super::shape::{Shape, name};
use super::tree::Tree;
use super::written;
use crate::process;
use crate::trash;

/// Turborepo.
pub(super) struct Turbo {
    tree: Tree,
    program: PathBuf,
    /// A folder with what it takes for the package manager.
    stand_in: tempfile::TempDir,
}

/// Runs a script as the package manager would, which takes a fifth of a second for each.
const STAND_IN: &str = "#!/bin/sh\nexec /bin/sh \"scripts/$2\"\n";

impl Turbo {
    /// A repository, in which it finds what has changed quickly.
    pub(super) fn new(shape: Shape, peers: &Peers) -> Result<Self> {
        let tree = Tree::new(shape)?;
        for (path, text) in written::turbo(shape) {
            tree.write(path, text)?;
        }
        for step in shape.each() {
            let script = format!("scripts/{}", name(step));
            tree.write(&script, written::command(shape, step))?;
        }
        tree.commit("*.out\n.turbo\nnode_modules\n")?;
        let stand_in = tempfile::tempdir()?;
        let npm = stand_in.path().join("npm");
        fs::write(&npm, STAND_IN)?;
        fs::set_permissions(npm, PermissionsExt::from_mode(0o755))?;
        Ok(Self { tree, program: peers.turbo()?, stand_in })
    }

    fn path(folder: &Path) -> Result<std::ffi::OsString> {
        let known = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&known));
        Ok(std::env::join_paths(folders)?)
    }
}

impl Contestant for Turbo {
    fn tree(&self) -> &Tree {
        &self.tree
    }

    fn forget(&mut self, _left: Left) -> Result<()> {
        self.tree.remove_outputs()?;
        trash::away(&self.tree.path("node_modules"))?;
        trash::away(&self.tree.path(".turbo"))
    }

    fn run(&mut self) -> Result<Run> {
        let mut command = Command::new(&self.program);
        command.args(["run", "all", "--no-color", "--output-logs=none"]);
        command.current_dir(self.tree.root()).env("PATH", Self::path(self.stand_in.path())?);
        command.env("TURBO_TELEMETRY_DISABLED", "1").env("DO_NOT_TRACK", "1");
        command.env("TURBO_NO_UPDATE_NOTIFIER", "1").env_remove("CI");
        let (usage, said) = process::run(&command)?;
        Ok(Run { usage, executed: executed(&said).with_context(|| said)? })
    }
}

/// Reads `Cached:    999 cached, 1000 total`.
fn executed(said: &str) -> Option<u32> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Cached:"))?;
    let (cached, total) = line.split_once(',')?;
    let number = |text: &str| text.split_whitespace().next()?.parse::<u32>().ok();
    number(total)?.checked_sub(number(cached)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_cached_was_executed() {
        let said = " Tasks:    1000 successful, 1000 total\nCached:    990 cached, 1000 total\n";
        assert_eq!(executed(said), Some(10));
        assert_eq!(executed("Failed: s1"), None);
    }
}
