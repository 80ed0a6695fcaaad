//! The first thing a newcomer sees: a real pipeline runs, is cached, and says why.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::builds;
use crate::shell::{self, root, say, target_dir};

/// The example that is shown, relative to the root.
const EXAMPLE: &str = "examples/docs-site";
/// The file of the example that is edited, and the line that it receives.
const EDITED: &str = "content/guide/first-light.md";
const NEW_LINE: &str = "\nA line that was not here before.\n";
/// The step that reads that file, and whose second execution is explained.
const EXPLAINED: &str = "guide:prose";

/// Builds everything for release, and runs the example three times: cold, unchanged, edited.
///
/// # Errors
/// When something cannot be built, or a run does not end as it should.
pub(crate) fn run() -> Result<()> {
    let demo = Demo::prepare(builds::binary()?)?;
    say("\n# the first run: nothing is known yet, so every step runs");
    demo.belljar(&["run"])?;
    say("\n# the second run: nothing changed, so nothing runs");
    demo.belljar(&["run"])?;
    say("\n# one line is added to one file: only the steps that read it run again");
    demo.edit()?;
    demo.belljar(&["run"])?;
    say(&format!("\n# why did `{EXPLAINED}` run?"));
    demo.belljar(&["why", EXPLAINED])?;
    say(&format!("\nThe copy of {EXAMPLE} is in {}: go on there.", demo.site.display()));
    Ok(())
}

/// A copy of the example, with a store of its own: nothing of the user's is touched.
struct Demo {
    binary: PathBuf,
    site: PathBuf,
    store: PathBuf,
}

impl Demo {
    /// Makes a fresh copy, so that the first run of every demo is a first run.
    fn prepare(binary: PathBuf) -> Result<Self> {
        let folder = target_dir()?.join("demo");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context("cannot remove the earlier demo")?;
        }
        let site = folder.join("docs-site");
        copy_tree(&root().join(EXAMPLE), &site)?;
        Ok(Self { binary, site, store: folder.join("store") })
    }

    fn belljar(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.site).env("BELLJAR_STORE", &self.store);
        shell::run(&mut command)
    }

    fn edit(&self) -> Result<()> {
        say(&format!("$ echo {:?} >> {EDITED}", NEW_LINE.trim()));
        let path = self.site.join(EDITED);
        let file = std::fs::OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(NEW_LINE.as_bytes()))
            .with_context(|| format!("cannot edit `{}`", path.display()))
    }
}

/// Copies the files of a folder and of those in it.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let shown = || format!("cannot copy `{}`", from.display());
    std::fs::create_dir_all(to).with_context(shown)?;
    for entry in std::fs::read_dir(from).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let target = to.join(entry.file_name());
        if entry.file_type().with_context(shown)?.is_dir() {
            // A run in the example itself leaves its state and results there.
            if entry.file_name() != ".belljar" && entry.file_name() != "dist" {
                copy_tree(&entry.path(), &target)?;
            }
        } else {
            std::fs::copy(entry.path(), &target).with_context(shown)?;
        }
    }
    Ok(())
}
