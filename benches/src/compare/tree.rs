//! Tree: a folder with the inputs of a graph, and what was made of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use belljar_model::Digest;

use super::shape::{self, Shape};
use crate::trash;
use crate::workbench::{BLOCK, block};

/// A folder with the inputs.
pub(crate) struct Tree {
    root: PathBuf,
    shape: Shape,
    /// Removes the folder when it is dropped, if nobody else does.
    _owned: Option<tempfile::TempDir>,
}

impl Tree {
    /// A folder of its own.
    pub(crate) fn new(shape: Shape) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let tree = Self { root: folder.path().to_owned(), shape, _owned: Some(folder) };
        tree.fill()?;
        Ok(tree)
    }

    /// A folder that somebody else removes.
    pub(crate) fn within(folder: &Path, shape: Shape) -> Result<Self> {
        let tree = Self { root: folder.to_owned(), shape, _owned: None };
        tree.fill()?;
        Ok(tree)
    }

    fn fill(&self) -> Result<()> {
        for step in self.shape.each() {
            let file = self.path(&shape::own(step));
            fs::create_dir_all(file.parent().context("it lies in a folder")?)?;
            fs::write(file, self.content(step, 0))?;
        }
        Ok(())
    }

    fn content(&self, step: u32, salt: u32) -> Vec<u8> {
        let mut content = block(step, salt);
        content.truncate(self.shape.own_bytes(step));
        content
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Its graph.
    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// A path within.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file, with the folder above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(path);
        fs::create_dir_all(path.parent().context("it lies in a folder")?)?;
        fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Gives the file of one step another content.
    pub(crate) fn change(&self, step: u32, salt: u32) -> Result<()> {
        Ok(fs::write(self.path(&shape::own(step)), self.content(step, salt))?)
    }

    /// Deletes all that was made.
    pub(crate) fn remove_outputs(&self) -> Result<()> {
        self.shape.each().try_for_each(|step| trash::away(&self.path(&shape::made(step))))
    }

    /// Lets everybody write into the folders.
    pub(crate) fn open_to_all(&self) -> Result<()> {
        for step in self.shape.each() {
            let folder = self.path(&shape::folder(step));
            fs::set_permissions(folder, PermissionsExt::from_mode(0o777))?;
        }
        Ok(())
    }

    /// Makes it a repository with one commit, for those who need one to be quick, or at all.
    pub(crate) fn commit(&self, ignored: &str) -> Result<()> {
        self.write(".gitignore", ignored)?;
        let who = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
        let steps: [&[&str]; 3] = [
            &["init", "--quiet"],
            &["add", "--all"],
            &["-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "begin"],
        ];
        for arguments in steps {
            let mut git = std::process::Command::new("git");
            git.args(who).args(arguments).current_dir(&self.root);
            let output = git.output().context("git cannot be started")?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "git: {}", said.trim());
        }
        Ok(())
    }

    /// Checks that every output is what follows from the inputs, and returns the digest of all.
    pub(crate) fn check(&self) -> Result<Digest> {
        let read =
            |path: &str| fs::read(self.path(path)).with_context(|| format!("cannot read {path}"));
        let mut all = Vec::new();
        for step in self.shape.each() {
            let mut expected = Vec::new();
            for file in self.shape.files(step) {
                if expected.len() < BLOCK {
                    expected.extend(read(&file)?);
                }
            }
            expected.truncate(BLOCK);
            let made = shape::made(step);
            let found = read(&made)?;
            ensure!(found == expected, "{made} is not what it must be");
            all.extend(Digest::of(&found).to_string().bytes());
        }
        Ok(Digest::of(&all))
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::Form;
    use super::*;

    #[test]
    fn an_output_is_compared_with_what_follows_from_the_inputs() {
        let tree = Tree::new(Shape::new(Form::Wide, 20)).unwrap();
        for step in tree.shape().each() {
            let files = tree.shape().files(step);
            let read = files.iter().flat_map(|file| fs::read(tree.path(file)).unwrap());
            tree.write(&shape::made(step), read.take(BLOCK).collect::<Vec<_>>()).unwrap();
        }
        let before = tree.check().unwrap();
        assert_eq!(tree.check().unwrap(), before);
        tree.change(0, 1).unwrap();
        assert!(tree.check().is_err(), "the first output is that of the file before");
        tree.remove_outputs().unwrap();
        assert!(tree.check().is_err());
    }
}
