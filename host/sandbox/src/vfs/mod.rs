//! The files that a guest sees: its declared inputs, under what it has written itself.
//!
//! There is one tree, whose root is the workspace. `wasi:filesystem` and our own interfaces
//! `inputs` and `outputs` are two ways into it, so they leave the same Trace.

mod access;
mod body;
mod changes;
mod layer;
mod resolve;
mod types;

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use belljar_model::ports::{BlobSource, BlobStore};
use belljar_model::{
    Action, Answer, Blame, Cost, Digest, Fault, Limits, OutputFile, Question, Trace, View,
    WorkspacePath,
};
use bytes::Bytes;

pub(crate) use self::body::{Body, BodyError, SharedFile, piece};
use self::layer::Layer;
pub(crate) use self::layer::{Mode, SCRATCH};
pub(crate) use self::resolve::{Follow, Found, Scope};
pub(crate) use self::types::Place;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use self::types::{Descriptor, EntryStream};
use crate::fault;
use crate::trace::Recorder;

/// How many files behind one that is read are offered to be read with it.
const BEHIND: usize = 256;
/// How many bytes of inputs are kept at hand.
const AT_HAND: u64 = 64 << 20;

/// Where contents come from and go to.
#[derive(Clone)]
pub(crate) struct Blobs {
    /// Has the contents of inputs.
    pub(crate) inputs: Arc<dyn BlobSource>,
    /// Takes the contents of outputs.
    pub(crate) outputs: Arc<dyn BlobStore>,
}

/// The tree of one execution.
pub(crate) struct Vfs {
    view: View,
    recorder: Recorder,
    pub(crate) layer: Layer,
    blobs: Blobs,
    at_hand: HashMap<Digest, Bytes>,
    at_hand_bytes: u64,
    cost: Cost,
}

impl Vfs {
    /// The tree of `action`, in which nothing is written yet.
    pub(crate) fn new(action: &Action, limits: &Limits, blobs: Blobs) -> Self {
        Self {
            view: action.view.clone(),
            recorder: Recorder::default(),
            layer: Layer::new(action.outputs.clone(), limits),
            blobs,
            at_hand: HashMap::new(),
            at_hand_bytes: 0,
            cost: Cost::default(),
        }
    }

    /// What the step can see.
    pub(crate) const fn view(&self) -> &View {
        &self.view
    }

    /// Where the contents of outputs go.
    pub(crate) fn store(&self) -> &dyn BlobStore {
        &*self.blobs.outputs
    }

    /// Answers a question and records it.
    pub(crate) fn ask(&mut self, question: Question) -> Answer {
        self.recorder.ask(&self.view, question)
    }

    /// Records that nothing is at `path`.
    pub(crate) fn absent(&mut self, path: &WorkspacePath) {
        if !layer::is_scratch(path) {
            self.recorder.absent(&self.view, path);
        }
    }

    /// Records that something is at `path`, unless the step has made it.
    pub(crate) fn present(&mut self, path: &WorkspacePath) {
        if !path.is_root() && !layer::is_scratch(path) && self.layer.get(path).is_none() {
            self.recorder.present(&self.view, path);
        }
    }

    /// Returns the digest of an input file and records that its content matters.
    pub(crate) fn digest(&mut self, path: &WorkspacePath) -> Option<Digest> {
        match self.ask(Question::Content(path.clone())) {
            Answer::Content(digest) => Some(digest),
            _ => None,
        }
    }

    /// Returns the content of an input file and records that it matters.
    ///
    /// # Errors
    /// When it is not to be had.
    pub(crate) fn content(&mut self, path: &WorkspacePath) -> Result<Bytes, Fault> {
        let gone = || {
            let message = format!("the content of the input `{path}` is not to be had");
            Fault::new(Blame::Infrastructure, fault::INPUT_GONE, message)
                .help("run again; if it persists, `belljar cache verify` checks the store")
        };
        let digest = self.digest(path).ok_or_else(gone)?;
        if let Some(bytes) = self.at_hand.get(&digest) {
            return Ok(bytes.clone());
        }
        // Whoever reads one file of a folder usually reads those behind it, too. Whoever reads it from
        // its end has these already: not all of them are looked at each time.
        let (root, at_hand) = (&self.view.root, &self.at_hand);
        let next = iter::once_with(|| root.files_after(path).take(BEHIND)).flatten();
        let mut next = next.filter(|digest| !at_hand.contains_key(digest));
        let bytes = self.blobs.inputs.get_ahead(&digest, &mut next)?.ok_or_else(gone)?;
        self.cost.files_read += 1;
        if self.at_hand_bytes + digest.size() > AT_HAND {
            self.at_hand.clear();
            self.at_hand_bytes = 0;
        }
        self.at_hand_bytes += digest.size();
        self.at_hand.insert(digest, bytes.clone());
        Ok(bytes)
    }

    /// Counts bytes of inputs that went to the guest.
    pub(crate) const fn count_read(&mut self, bytes: usize) {
        self.cost.bytes_read += bytes as u64;
    }

    /// Makes the content of an input an output and returns its digest.
    ///
    /// # Errors
    /// When it is not to be had or cannot be kept.
    pub(crate) fn copy_into_store(&mut self, path: &WorkspacePath) -> Result<Digest, Fault> {
        if let Some(digest) = self.digest(path)
            && self.blobs.outputs.contains(&digest)
        {
            return Ok(digest);
        }
        let bytes = self.content(path)?;
        self.blobs.outputs.put(&bytes)
    }

    /// Moves the outputs into the store and lists them, sorted by path.
    ///
    /// # Errors
    /// When one cannot be kept.
    pub(crate) fn collect(&self) -> Result<Vec<OutputFile>, Fault> {
        let keep = |(path, file, mode): (WorkspacePath, SharedFile, Mode)| {
            let digest = file.body().digest(self.store())?;
            Ok(OutputFile { path, digest, executable: mode == Mode::Executable })
        };
        self.layer.outputs().into_iter().map(keep).collect()
    }

    /// Returns what was asked, and what reading cost.
    pub(crate) fn finish(self) -> (Trace, Cost) {
        (self.recorder.finish(), self.cost)
    }
}
