//! Write-back: how outputs get into the user's tree.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::{PoisonError, RwLock};

use belljar_disk::{Kind, Mode, Stat};
use belljar_model::ports::WriteBack;
use belljar_model::{Fault, OutputFile, WorkspacePath};

use crate::error::WorkspaceError;
use crate::walk::is_reserved;
use crate::workspace::Workspace;

/// The folders that are ready to take outputs.
#[derive(Default)]
pub(crate) struct Places(RwLock<HashSet<WorkspacePath>>);

impl WriteBack for Workspace {
    fn write_back(&self, outputs: &[OutputFile]) -> Result<usize, Fault> {
        let mut written = 0;
        for output in outputs {
            if is_reserved(&output.path) {
                return Err(blocked(output, &output.path, "where no step may write").into());
            }
            if !self.is_in_place(output)? {
                self.put_in_place(output)?;
                written += 1;
            }
        }
        Ok(written)
    }
}

impl Workspace {
    /// Whether the very output is already there: usually one `stat`.
    fn is_in_place(&self, output: &OutputFile) -> Result<bool, WorkspaceError> {
        let OutputFile { path, digest, executable } = output;
        if let Some(parent) = path.parent() {
            self.make_place(output, &parent)?;
        }
        let Some(stat) = self.root.stat_quick(path.as_str())? else { return Ok(false) };
        let Stat { kind, size, .. } = stat;
        let alike = kind == Kind::File && size == digest.size() && stat.executable == *executable;
        if !alike {
            return Ok(false);
        }
        match self.index.digest(path, &stat) {
            Some(there) => Ok(there == *digest),
            None => Ok(self.hash(path)? == *digest),
        }
    }

    fn put_in_place(&self, output: &OutputFile) -> Result<(), Fault> {
        let OutputFile { path, digest, executable } = output;
        let Some(bytes) = self.blobs.get(digest)? else {
            return Err(WorkspaceError::NoBlob { output: path.clone(), digest: *digest }.into());
        };
        let mode = if *executable { Mode::Executable } else { Mode::Plain };
        let now = self.clock.now_ms();
        match self.root.write_atomic(path.as_str(), &bytes, mode) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                return Err(blocked(output, path, "a folder").into());
            }
            Err(error) if error.is_full() => {
                let (output, output_bytes) = (path.clone(), digest.size());
                let place = self.root.path().to_owned();
                let free = self.root.free_bytes().unwrap_or(0);
                return Err(WorkspaceError::Full { output, output_bytes, place, free }.into());
            }
            Err(error) => return Err(WorkspaceError::Disk(error).into()),
        }
        if let Some(stat) = self.root.stat_quick(path.as_str()).map_err(WorkspaceError::Disk)? {
            self.index.learn(path, *digest, &stat, now);
        }
        Ok(())
    }

    /// Makes the folder of an output, and those above it. None may be a link, wherever it leads.
    fn make_place(
        &self,
        output: &OutputFile,
        folder: &WorkspacePath,
    ) -> Result<(), WorkspaceError> {
        let Some(parent) = folder.parent() else { return Ok(()) };
        if self.places.0.read().unwrap_or_else(PoisonError::into_inner).contains(folder) {
            return Ok(());
        }
        self.make_place(output, &parent)?;
        match self.root.stat(folder.as_str())?.map(|stat| stat.kind) {
            Some(Kind::Directory) => {}
            None => self.root.create_dir_all(folder.as_str())?,
            Some(Kind::Symlink) => return Err(blocked(output, folder, "a symbolic link")),
            Some(Kind::File) => return Err(blocked(output, folder, "a file")),
            Some(Kind::Special) => return Err(blocked(output, folder, "no folder")),
        }
        self.places.0.write().unwrap_or_else(PoisonError::into_inner).insert(folder.clone());
        Ok(())
    }
}

fn blocked(output: &OutputFile, obstacle: &WorkspacePath, what: &'static str) -> WorkspaceError {
    let (output, obstacle) = (output.path.clone(), obstacle.clone());
    WorkspaceError::Blocked { output, obstacle, what }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use belljar_disk::Root;
    use belljar_model::ports::Inputs as _;
    use belljar_model::{Digest, Patterns};

    use super::*;
    use crate::testing::Fixture;

    fn output(path: &str, content: &str) -> OutputFile {
        let path = WorkspacePath::parse(path).unwrap();
        OutputFile { path, digest: Digest::of(content.as_bytes()), executable: false }
    }

    #[test]
    fn only_what_differs_is_written() {
        let fixture = Fixture::new(&[]);
        let outputs = [output("dist/a/one", "1"), output("two", "2")];
        fixture.blobs.add(&["1", "2"]);
        let write = || fixture.open().write_back(&outputs).unwrap();
        assert_eq!(write(), 2);
        assert_eq!(fixture.root.read("dist/a/one").unwrap(), b"1");
        assert_eq!(write(), 0);
        fixture.write("two", "3");
        assert_eq!(write(), 1, "another content of the same size");
        fixture.root.set_mode("two", Mode::Executable).unwrap();
        assert_eq!(write(), 1, "another mode");
        assert!(!fixture.root.stat("two").unwrap().unwrap().executable);
        assert!(fixture.root.remove("two").unwrap());
        assert_eq!(write(), 1, "gone");
        assert_eq!(fixture.root.list("").unwrap().len(), 3, "no temporary file is left");
    }

    #[test]
    fn a_program_can_be_executed() {
        let fixture = Fixture::new(&[]);
        fixture.blobs.add(&["#!/bin/sh"]);
        let program = OutputFile { executable: true, ..output("run", "#!/bin/sh") };
        fixture.open().write_back(&[program]).unwrap();
        assert!(fixture.root.stat("run").unwrap().unwrap().executable);
    }

    #[test]
    fn a_link_in_the_place_of_an_output_is_replaced_and_not_followed() {
        belljar_cases::case!("C05");
        let fixture = Fixture::new(&["victim"]);
        symlink("victim", fixture.root.path().join("out")).unwrap();
        fixture.blobs.add(&["new"]);
        assert_eq!(fixture.open().write_back(&[output("out", "new")]).unwrap(), 1);
        assert_eq!(fixture.root.read("victim").unwrap(), b"victim");
        assert_eq!(fixture.root.stat("out").unwrap().unwrap().kind, Kind::File);
    }

    /// Writing `path` must be refused and change nothing, here or outside.
    fn refused(prepare: impl Fn(&Fixture, &Root), path: &str) {
        let outside = tempfile::tempdir().unwrap();
        let outside = Root::open(outside.path()).unwrap();
        let fixture = Fixture::new(&["inside/kept"]);
        prepare(&fixture, &outside);
        fixture.blobs.add(&["new"]);
        let fault = fixture.open().write_back(&[output(path, "new")]).unwrap_err();
        assert_eq!(fault.code.as_str(), "E0701", "{path}: {fault}");
        assert_eq!(outside.list("").unwrap(), [], "{path}");
        assert_eq!(fixture.root.list("inside").unwrap().len(), 1, "{path}");
    }

    #[test]
    fn no_output_passes_through_a_link() {
        belljar_cases::case!("C05");
        let link = |target: &'static str| {
            move |fixture: &Fixture, _: &Root| {
                symlink(target, fixture.root.path().join("link")).unwrap();
            }
        };
        refused(link("inside"), "link/out");
        refused(link("inside"), "link/below/out");
        refused(link(".."), "link/out");
        refused(link("nowhere"), "link/out");
        let outwards = |fixture: &Fixture, outside: &Root| {
            symlink(outside.path(), fixture.root.path().join("link")).unwrap();
        };
        refused(outwards, "link/out");
        refused(outwards, "link/below/out");
    }

    #[test]
    fn no_output_takes_the_place_of_something_else() {
        belljar_cases::case!("C05");
        refused(|_, _| (), "inside");
        refused(|_, _| (), "inside/kept/out");
        refused(|_, _| (), ".git/hooks/pre-commit");
        refused(|_, _| (), ".belljar/index-v1");
    }

    #[test]
    fn an_output_without_its_blob_is_a_fault() {
        let fault = Fixture::new(&[]).open().write_back(&[output("out", "x")]).unwrap_err();
        assert_eq!(fault.code.as_str(), "E0602");
    }

    #[test]
    fn outputs_of_the_pipeline_are_no_inputs() {
        let fixture = Fixture::new(&["src/a", "dist/old", "dist/deep/old", "gen/a.rs", "gen/a.md"]);
        let outputs = ["dist", "gen/*.rs"].map(|text| Patterns::parse(&[text]).unwrap());
        let workspace = fixture.open_with(outputs.to_vec());
        let all = Patterns::parse(&["**/*", "dist/old", "gen"]).unwrap();
        let seen = workspace.snapshot(&all).unwrap();
        let seen: Vec<_> = seen.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(seen, ["gen/a.md", "src/a"]);
    }
}
