//! What goes over the socket: calls and answers there, questions and results back.

mod action;
mod deploy;
mod enclosed;
mod outcome;

use belljar_model::Digest;
use belljar_model::event::LogLine;
use belljar_model::{Descriptor, Fault};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use action::{FolderNode, SentAction, SentLimits, SentTool};
pub(crate) use deploy::{OutletAnswer, OutletAsk, SentDeploy, SentRequest};
pub(crate) use enclosed::{Enclosed, Names};
pub(crate) use outcome::{SentDeployed, SentExecution, SentFault, SentToolRun};

/// How much may be asked for at once.
pub(crate) struct AtOnce {
    /// The most files.
    pub(crate) files: usize,
    /// The most bytes, of more than one file.
    pub(crate) bytes: u64,
}

/// How many inputs are asked for at once: enough that the way over no longer counts, and so few
/// that those which nobody wants do not count either.
pub(crate) const AT_ONCE: AtOnce = AtOnce { files: 64, bytes: 256 << 10 };

impl AtOnce {
    /// Whether no more is asked for than may be.
    pub(crate) fn holds(&self, files: &[Digest]) -> bool {
        let size = files.iter().map(Digest::size).fold(0, u64::saturating_add);
        files.len() <= self.files && size <= self.bytes
    }
}

/// What the coordinator sends.
#[derive(Serialize, Deserialize)]
pub(crate) enum ToWorker {
    /// Begins a call.
    Call(Box<Call>),
    /// Answers the last question.
    Answer(Answer),
}

/// What a worker is to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum Call {
    /// Compile a component, whose bytes follow.
    Compile { command: bool, name: String, size: u64 },
    /// Ask a plugin what it is.
    Describe { code: SentGuest },
    /// Execute an Action. The bytes of the files that are enclosed follow.
    Step {
        code: SentGuest,
        step: String,
        action: SentAction,
        limits: SentLimits,
        enclosed: Enclosed,
    },
    /// Make a call of a plugin that deploys.
    Deploy { code: SentGuest, call: SentDeploy },
    /// Run a tool.
    Command { code: SentGuest, step: String, tool: SentTool },
}

/// A guest, by its digest; its code is asked for if it is not at hand.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentGuest {
    pub(crate) digest: Digest,
    pub(crate) label: String,
}

/// What a worker sends.
#[derive(Serialize, Deserialize)]
pub(crate) enum FromWorker {
    /// Its first word: what keeps it apart.
    Ready(Walled),
    /// Its first word if it cannot be kept apart: why. It ends then.
    Refused(String),
    /// A line of the log. Not answered.
    Line(LogLine),
    /// A blob in the making that is wanted no more. Not answered.
    Forget(u32),
    /// A question.
    Ask(Box<Ask>),
    /// The end of the call.
    Done(Box<Done>),
    /// Keep a small blob, whose bytes follow. Not answered: the worker knows its name, and the
    /// call fails if it cannot be kept.
    Keep { size: u64 },
}

/// What keeps a worker apart.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Walled {
    pub(crate) seccomp: bool,
    pub(crate) landlock: i64,
}

/// A question of a worker.
#[derive(Serialize, Deserialize)]
pub(crate) enum Ask {
    /// The machine code of the call's guest.
    Code,
    /// Folders of the call's tree, by digest.
    Folders(Vec<Digest>),
    /// The content of the first of these inputs, and of the others if it is easily had. `then` is
    /// what will most likely be asked for next. Both are at most as much as [`AT_ONCE`] says.
    Inputs { now: Vec<Digest>, then: Vec<Digest> },
    /// A blob that this call wrote.
    Stored(Digest),
    /// Keep a blob, whose bytes follow.
    Put { size: u64 },
    /// Begin a blob.
    Open,
    /// Add to a blob; the bytes follow.
    Append { writer: u32, size: u64 },
    /// Finish a blob.
    Finish(u32),
    /// Whether a blob is kept.
    Contains(Digest),
    /// Run tools, all at once.
    Tools(Vec<SentTool>),
    /// How far a cancellation has come.
    Stage,
    /// The value of a secret.
    Secret(String),
    /// Use the way out.
    Outlet(OutletAsk),
}

/// The answer to a question.
#[derive(Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// This many bytes follow; `None`: it is not to be had.
    Bytes(Option<u64>),
    /// Which of the inputs are to be had; their bytes follow, one after the other.
    Inputs(Vec<bool>),
    /// The folders, in the order in which they were asked for.
    Folders(Vec<Vec<(String, FolderNode)>>),
    /// A blob was kept under this name.
    Kept(Digest),
    /// A blob was begun under this number.
    Writer(u32),
    /// Yes or no.
    Flag(bool),
    /// How far a cancellation has come.
    Stage(u8),
    /// The value of a secret.
    Secret(Raw),
    /// What came of the tools, in their order.
    Tools(Vec<Result<SentToolRun, SentFault>>),
    /// What came of the way out.
    Outlet(OutletAnswer),
    /// It failed.
    Failed(SentFault),
}

/// What came of a call.
#[derive(Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "it travels in a box")]
pub(crate) enum Done {
    /// Machine code, which follows, and what was found.
    Compiled(Result<(u64, Raw), SentFault>),
    /// What a plugin says of itself.
    Described(Result<Descriptor, SentFault>),
    /// What came of an Action.
    Executed(SentExecution),
    /// What came of a call that deploys.
    Deployed(SentDeployed),
    /// What came of a tool.
    Ran(Result<SentToolRun, SentFault>),
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self::Failed(SentFault::from(fault))
    }
}

/// Bytes within a message.
#[derive(Clone)]
pub(crate) struct Raw(pub(crate) Bytes);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Raw;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw(Bytes::copy_from_slice(bytes)))
            }
        }
        from.deserialize_bytes(Visitor)
    }
}
