//! Layer: what a step has written, over its inputs.

use std::collections::BTreeMap;

use belljar_model::limits::Limit;
use belljar_model::pattern::Base;
use belljar_model::{Fault, Limits, NodeKind, Patterns, WorkspacePath};

use super::body::SharedFile;
use crate::fault;

/// The folder for files that are dropped when the step ends.
pub(crate) const SCRATCH: &str = ".scratch";

/// One entry of the layer.
#[derive(Clone)]
pub(crate) enum Written {
    /// A file, and whether it may be executed.
    File(SharedFile, Mode),
    /// A folder.
    Folder,
}

/// Whether a file may be executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// An ordinary file.
    Plain,
    /// A program.
    Executable,
}

impl From<bool> for Mode {
    fn from(executable: bool) -> Self {
        if executable { Self::Executable } else { Self::Plain }
    }
}

/// Files and folders that the step made, and what it may still make.
pub(crate) struct Layer {
    declared: Patterns,
    nodes: BTreeMap<WorkspacePath, Written>,
    bytes: Limit<u64>,
    files: Limit<u64>,
    bytes_used: u64,
    files_used: u64,
}

/// Whether `path` is the scratch folder or lies in it.
pub(crate) fn is_scratch(path: &WorkspacePath) -> bool {
    path.segments().next() == Some(SCRATCH)
}

impl Layer {
    /// An empty layer that takes what `declared` matches.
    pub(crate) fn new(declared: Patterns, limits: &Limits) -> Self {
        let mut nodes = BTreeMap::new();
        if let Some(scratch) = WorkspacePath::root().join(SCRATCH) {
            nodes.insert(scratch, Written::Folder);
        }
        Self {
            declared,
            nodes,
            bytes: limits.output_bytes.clone(),
            files: limits.output_files.clone(),
            bytes_used: 0,
            files_used: 0,
        }
    }

    /// The declared outputs.
    pub(crate) const fn declared(&self) -> &Patterns {
        &self.declared
    }

    /// What the step has made at `path`.
    pub(crate) fn get(&self, path: &WorkspacePath) -> Option<&Written> {
        self.nodes.get(path)
    }

    /// Whether the step has made the folder `path`.
    pub(crate) fn has_folder(&self, path: &WorkspacePath) -> bool {
        matches!(self.nodes.get(path), Some(Written::Folder))
    }

    /// Whether a file may be made at `path`.
    pub(crate) fn takes_file(&self, path: &WorkspacePath) -> bool {
        (is_scratch(path) && path.as_str() != SCRATCH) || self.declared.matches(path)
    }

    /// Whether a folder may be made at `path`: something in it may be an output.
    pub(crate) fn takes_folder(&self, path: &WorkspacePath) -> bool {
        let holds = |base| match base {
            Base::Path(output) => output.is_within(path) || path.is_within(output),
            Base::Below(folder) => folder.is_within(path) || path.is_within(folder),
        };
        is_scratch(path) || self.declared.bases().any(holds)
    }

    /// Puts a file in place, with the folders above it. What was there is dropped.
    ///
    /// # Errors
    /// When there are too many files.
    pub(crate) fn put(
        &mut self,
        path: &WorkspacePath,
        file: SharedFile,
        mode: Mode,
    ) -> Result<(), Fault> {
        self.remove(path);
        if self.files_used >= self.files.value {
            return Err(fault::output_files(&self.files));
        }
        self.files_used += 1;
        self.put_folders_above(path);
        self.nodes.insert(path.clone(), Written::File(file, mode));
        Ok(())
    }

    /// Makes a folder, with the folders above it. Folders count as files.
    ///
    /// # Errors
    /// When there are too many files.
    pub(crate) fn put_folder(&mut self, path: &WorkspacePath) -> Result<(), Fault> {
        if self.files_used >= self.files.value {
            return Err(fault::output_files(&self.files));
        }
        self.files_used += 1;
        self.put_folders_above(path);
        self.nodes.insert(path.clone(), Written::Folder);
        Ok(())
    }

    fn put_folders_above(&mut self, path: &WorkspacePath) {
        let mut above = path.parent();
        while let Some(folder) = above.filter(|folder| !folder.is_root()) {
            if self.has_folder(&folder) {
                break;
            }
            above = folder.parent();
            self.nodes.insert(folder, Written::Folder);
        }
    }

    /// Removes what is at `path`. Bytes that a descriptor still holds stay counted.
    pub(crate) fn remove(&mut self, path: &WorkspacePath) {
        let Some(node) = self.nodes.remove(path) else { return };
        self.files_used = self.files_used.saturating_sub(1);
        if let Written::File(file, _) = node {
            let len = file.body().len();
            if file.is_last() {
                self.release(len);
            }
        }
    }

    /// Counts bytes that are about to be written.
    ///
    /// # Errors
    /// When there are too many.
    pub(crate) fn charge(&mut self, bytes: u64) -> Result<(), Fault> {
        let used = self.bytes_used.saturating_add(bytes);
        if used > self.bytes.value {
            return Err(fault::output_bytes(&self.bytes));
        }
        self.bytes_used = used;
        Ok(())
    }

    /// Takes back bytes that are no longer written.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.bytes_used = self.bytes_used.saturating_sub(bytes);
    }

    /// The names in the folder `path`, with their kinds. Scratch is not shown.
    pub(crate) fn children(&self, path: &WorkspacePath) -> BTreeMap<String, NodeKind> {
        self.below(path)
            .filter(|(at, _)| at.parent().as_ref() == Some(path) && at.as_str() != SCRATCH)
            .map(|(at, node)| (at.name().to_owned(), node.kind()))
            .collect()
    }

    /// Everything below `path`, sorted.
    pub(crate) fn below(
        &self,
        path: &WorkspacePath,
    ) -> impl Iterator<Item = (&WorkspacePath, &Written)> {
        let is_below =
            move |(at, _): &(&WorkspacePath, &Written)| *at != path && at.is_within(path);
        self.nodes
            .range(path.clone()..)
            .take_while(move |(at, _)| at.as_str().starts_with(path.as_str()))
            .filter(is_below)
    }

    /// Moves a file, or a folder with all in it.
    ///
    /// # Errors
    /// When a place that it would take is not declared.
    pub(crate) fn rename(&mut self, old: &WorkspacePath, new: &WorkspacePath) -> Result<(), ()> {
        let mut moves = vec![(old.clone(), new.clone())];
        for (at, node) in self.below(old) {
            let rest = &at.as_str()[old.as_str().len() + 1..];
            let to = rest.split('/').try_fold(new.clone(), |path, name| path.join(name));
            let to = to.ok_or(())?;
            let fits = match node {
                Written::File(..) => self.takes_file(&to),
                Written::Folder => self.takes_folder(&to),
            };
            if !fits {
                return Err(());
            }
            moves.push((at.clone(), to));
        }
        self.remove(new);
        self.put_folders_above(new);
        for (from, to) in moves {
            if let Some(node) = self.nodes.remove(&from) {
                self.nodes.insert(to, node);
            }
        }
        Ok(())
    }

    /// All files, scratch included, sorted by path.
    pub(crate) fn files(&self) -> Vec<(WorkspacePath, SharedFile, Mode)> {
        let file = |(path, node): (&WorkspacePath, &Written)| match node {
            Written::File(file, mode) => Some((path.clone(), file.clone(), *mode)),
            Written::Folder => None,
        };
        self.nodes.iter().filter_map(file).collect()
    }

    /// The files that are declared outputs, sorted by path.
    pub(crate) fn outputs(&self) -> Vec<(WorkspacePath, SharedFile, Mode)> {
        let output = |(path, node): (&WorkspacePath, &Written)| match node {
            Written::File(file, mode) if !is_scratch(path) && self.declared.matches(path) => {
                Some((path.clone(), file.clone(), *mode))
            }
            Written::File(..) | Written::Folder => None,
        };
        self.nodes.iter().filter_map(output).collect()
    }
}

impl Written {
    /// Which kind of node it is.
    pub(crate) const fn kind(&self) -> NodeKind {
        match self {
            Self::File(..) => NodeKind::File,
            Self::Folder => NodeKind::Directory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::body::Body;
    use super::*;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    fn layer(outputs: &[&str]) -> Layer {
        Layer::new(Patterns::parse(outputs).unwrap(), &Limits::default())
    }

    fn put(layer: &mut Layer, at: &str) {
        layer.put(&path(at), SharedFile::new(Body::empty()), Mode::Plain).unwrap();
    }

    #[test]
    fn only_declared_places_and_scratch_take_files() {
        let layer = layer(&["dist/**/*.js", "out"]);
        for at in ["dist/a.js", "dist/x/a.js", "out", "out/a", ".scratch/a"] {
            assert!(layer.takes_file(&path(at)), "{at}");
        }
        for at in ["dist/a.css", "src/a.js", ".scratch", "outer"] {
            assert!(!layer.takes_file(&path(at)), "{at}");
        }
        for at in ["dist", "dist/x/y", "out/a/b", ".scratch/d"] {
            assert!(layer.takes_folder(&path(at)), "{at}");
        }
        assert!(!layer.takes_folder(&path("src")));
    }

    #[test]
    fn children_are_the_direct_ones_and_scratch_is_hidden() {
        let mut layer = layer(&["a", "ab", "b"]);
        for at in ["a/x/y", "a/z", "ab/c", "b", ".scratch/s"] {
            put(&mut layer, at);
        }
        let names = |at: &WorkspacePath| layer.children(at).into_keys().collect::<Vec<_>>();
        assert_eq!(names(&path("a")), ["x", "z"]);
        assert_eq!(names(&WorkspacePath::root()), ["a", "ab", "b"]);
    }

    #[test]
    fn a_folder_moves_with_all_in_it_or_not_at_all() {
        let mut layer = layer(&["a", "b/*.txt"]);
        put(&mut layer, "a/x.txt");
        assert!(layer.rename(&path("a"), &path("b")).is_ok());
        assert!(layer.get(&path("b/x.txt")).is_some() && layer.get(&path("a")).is_none());
        put(&mut layer, "a/y.css");
        assert!(layer.rename(&path("a"), &path("b")).is_err());
        assert!(layer.get(&path("a/y.css")).is_some());
    }

    #[test]
    fn too_many_bytes_or_files_are_a_fault() {
        let limits = Limits {
            output_bytes: Limit::default_of(10),
            output_files: Limit::default_of(1),
            ..Limits::default()
        };
        let mut layer = Layer::new(Patterns::parse(&["a"]).unwrap(), &limits);
        assert!(layer.charge(10).is_ok());
        assert_eq!(layer.charge(1).unwrap_err().code.as_str(), "E0403");
        put(&mut layer, "a/1");
        let second = layer.put(&path("a/2"), SharedFile::new(Body::empty()), Mode::Plain);
        assert_eq!(second.unwrap_err().code.as_str(), "E0403");
    }
}
