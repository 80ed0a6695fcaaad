//! Walking: which files are below a folder. Every folder is read once a run.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use belljar_disk::{Kind, Stat, TEMP_PREFIX};
use belljar_model::{Fault, Node, WorkspacePath};

use crate::error::WorkspaceError;
use crate::ignored::{Rules, Shape};
use crate::seen::Found;
use crate::workspace::{STATE, Workspace};

/// How many folders a file may lie in. One more is nobody's project, and each costs a look at all
/// those above it.
pub(crate) const MOST_FOLDERS: usize = 256;

/// Whether the rules of version control hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ignoring {
    /// They do.
    On,
    /// A pattern names an ignored folder literally: then all that is in it is meant.
    Off,
}

/// What may be an input in one folder, sorted by name.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Folders to go into.
    folders: Vec<WorkspacePath>,
    /// Files, links and special files.
    leaves: Vec<WorkspacePath>,
}

/// A value that the first thread makes while the others wait.
type Once<T> = Arc<OnceLock<Result<Arc<T>, Fault>>>;

/// The folders that were read in this run.
#[derive(Default)]
pub(crate) struct Walked {
    scans: Mutex<HashMap<(WorkspacePath, Ignoring), Once<Scan>>>,
    /// What the folders looked like before they were read, and when that was, in milliseconds
    /// since 1970-01-01 UTC.
    pub(crate) looks: Mutex<BTreeMap<WorkspacePath, (Stat, u64)>>,
    rules: Mutex<HashMap<WorkspacePath, Once<Rules>>>,
}

/// Whether a path is never an input: version control's own files, and ours.
pub(crate) fn is_reserved(path: &WorkspacePath) -> bool {
    path.segments().any(|segment| segment == ".git") || path.segments().next() == Some(STATE)
}

impl Workspace {
    /// Calls `visit` for all that may be an input below a folder.
    pub(crate) fn walk(
        &self,
        folder: &WorkspacePath,
        ignoring: Ignoring,
        visit: &mut impl FnMut(&WorkspacePath),
    ) -> Result<(), Fault> {
        let scan = self.scan(folder, ignoring)?;
        for leaf in &scan.leaves {
            visit(leaf);
        }
        for inner in &scan.folders {
            self.walk(inner, ignoring, visit)?;
        }
        Ok(())
    }

    /// The rules of version control that hold in a folder.
    pub(crate) fn rules(&self, folder: &WorkspacePath) -> Result<Arc<Rules>, Fault> {
        let once = {
            let mut rules = self.walked.rules.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(rules.entry(folder.clone()).or_default())
        };
        once.get_or_init(|| {
            let above = folder.parent().map(|parent| self.rules(&parent)).transpose()?;
            let own = folder.join(".gitignore");
            let text = match own.map(|own| self.find(&own).map(|found| (own, found))) {
                // Git follows no link here; and behind one, a change would not be seen.
                Some(Ok((own, Found::Node(Node::File { .. })))) => {
                    self.root.read_if_there(own.as_str()).map_err(WorkspaceError::Disk)?
                }
                Some(Err(error)) => return Err(error.into()),
                _ => None,
            };
            Ok(Arc::new(Rules::new(folder.clone(), above, &text.unwrap_or_default())))
        })
        .clone()
    }

    fn scan(&self, folder: &WorkspacePath, ignoring: Ignoring) -> Result<Arc<Scan>, Fault> {
        let once = {
            let mut scans = self.walked.scans.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(scans.entry((folder.clone(), ignoring)).or_default())
        };
        once.get_or_init(|| self.read(folder, ignoring).map(Arc::new)).clone()
    }

    fn read(&self, folder: &WorkspacePath, ignoring: Ignoring) -> Result<Scan, Fault> {
        let rules = match ignoring {
            Ignoring::On => Some(self.rules(folder)?),
            Ignoring::Off => None,
        };
        let (mut folders, mut leaves) = (Vec::new(), Vec::new());
        let now = self.clock.now_ms();
        if let Some(stat) = self.root.stat(folder.as_str()).map_err(WorkspaceError::Disk)? {
            let mut looks = self.walked.looks.lock().unwrap_or_else(PoisonError::into_inner);
            // Of two looks, the first: what came between them is a change.
            looks.entry(folder.clone()).or_insert((stat, now));
        }
        for listed in self.root.list(folder.as_str()).map_err(WorkspaceError::Disk)? {
            let is_folder = listed.kind == Kind::Directory;
            let raw = Path::new(folder.as_str()).join(&listed.name);
            let shape = if is_folder { Shape::Folder } else { Shape::Other };
            if rules.as_ref().is_some_and(|rules| rules.ignore(&raw, shape)) {
                continue;
            }
            let path = listed.name.to_str().and_then(|name| folder.join(name));
            let Some(path) = path else {
                return Err(WorkspaceError::Name(raw.to_string_lossy().into_owned()).into());
            };
            if is_reserved(&path) || path.name().starts_with(TEMP_PREFIX) {
                continue;
            }
            if !is_folder {
                leaves.push(path);
            } else if !self.outputs.cover(&path) {
                if path.segments().count() > MOST_FOLDERS {
                    return Err(WorkspaceError::Deep(path).into());
                }
                folders.push(path);
            }
        }
        Ok(Scan { folders, leaves })
    }
}
