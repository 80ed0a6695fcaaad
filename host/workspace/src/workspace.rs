//! Workspace: the tree that holds the pipeline file, as one run sees it.

use std::path::Path;
use std::sync::Arc;

use belljar_disk::{Mode, Root};
use belljar_model::Patterns;
use belljar_model::ports::{BlobSource, Clock};

use crate::error::WorkspaceError;
use crate::fresh::Fresh;
use crate::index::Index;
use crate::outputs::Outputs;
use crate::seen::Seen;
use crate::walk::Walked;
use crate::write_back::Places;

/// The folder in which the host keeps what it knows of a workspace. Never an input.
pub const STATE: &str = ".belljar";

/// The file of the stat index. Its name carries the version of its format.
const INDEX: &str = "index-v1";

/// What a workspace needs to know of the run.
pub struct Options {
    /// The declared outputs of every step: they are no inputs.
    pub outputs: Vec<Patterns>,
    /// Where the content of outputs comes from.
    pub blobs: Arc<dyn BlobSource>,
    /// The time, by the clock that also stamps files.
    pub clock: Arc<dyn Clock>,
}

/// The user's tree as one run sees it: open a new one for every run.
pub struct Workspace {
    pub(crate) root: Root,
    pub(crate) outputs: Outputs,
    pub(crate) blobs: Arc<dyn BlobSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) index: Index,
    pub(crate) seen: Seen,
    pub(crate) fresh: Fresh,
    pub(crate) walked: Walked,
    pub(crate) places: Places,
    state: Root,
}

impl Workspace {
    /// Opens the workspace in a folder that is there, and makes its state folder, which tells
    /// version control to ignore it.
    ///
    /// # Errors
    /// When the folder cannot be opened or the state folder cannot be made.
    pub fn open(root: &Path, options: Options) -> Result<Self, WorkspaceError> {
        let Options { outputs, blobs, clock } = options;
        let root = Root::open(root)?;
        root.create_dir_all(STATE)?;
        let state = root.folder(STATE)?;
        if state.stat(".gitignore")?.is_none() {
            state.write_new(".gitignore", b"*\n", Mode::Plain)?;
        }
        let index = Index::decode(state.read_if_there(INDEX)?.as_deref());
        let (seen, fresh) = (Seen::default(), Fresh::default());
        let (walked, places) = (Walked::default(), Places::default());
        let outputs = Outputs::new(&outputs);
        Ok(Self { root, outputs, blobs, clock, index, seen, fresh, walked, places, state })
    }

    /// The folder in which the host keeps what it knows of this workspace.
    pub const fn state_root(&self) -> &Root {
        &self.state
    }

    /// The folder of the workspace.
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// Hashes small files again that had only just been written when this run learned their
    /// digests, so that later runs need not. Do it beside something that takes a while anyway.
    pub fn settle(&self) {
        for path in self.index.ripe(self.clock.now_ms()) {
            // What cannot be read, or is another file by now, is met by the next run.
            let _ = self.hash(&path);
        }
    }

    /// Saves the stat index if enough of it changed. Without that, the next run hashes a little
    /// more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> Result<(), WorkspaceError> {
        match self.index.encode(self.clock.now_ms()) {
            Some(bytes) => Ok(self.state.write_atomic(INDEX, &bytes, Mode::Plain)?),
            None => Ok(()),
        }
    }
}
