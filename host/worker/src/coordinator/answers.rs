//! Answers: what a worker may ask during one call. Whatever the call does not name is denied.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::event::LogLine;
use belljar_model::ports::{
    BlobSource, BlobStore, BlobWriter, Cancel, Guest, LogSink, Outlet, Secrets,
};
use belljar_model::text::harmless;
use belljar_model::{Digest, Fault, StepName};
use bytes::Bytes;

use super::foreseen::Foreseen;
use super::scope::Scope;
use super::tools::ToolGate;
use crate::message::{Answer, Ask, FolderNode, OutletAnswer, OutletAsk, Raw};
use crate::stream::Broken;

/// Blobs in the making at once: as many handles as a guest may hold.
const WRITERS: usize = 10_000;
/// What a worker may write beside what its guest is limited to: logs and what it measured.
const MORE: u64 = 256 << 20;

/// Reads the raw bytes that a question named.
pub(super) type ReadRaw<'a> = &'a mut dyn FnMut(u64) -> Result<Bytes, Broken>;

/// What a worker may ask during one call.
pub(super) struct Answers<'a> {
    /// Whose code may be asked for.
    pub(super) guest: Option<&'a Guest<'a>>,
    /// Has the contents of inputs.
    pub(super) inputs: &'a dyn BlobSource,
    /// Takes the contents of outputs.
    pub(super) outputs: &'a dyn BlobStore,
    /// What it may name.
    pub(super) scope: Scope,
    /// Which step or environment it is, and where its lines go.
    pub(super) log: Option<(&'a StepName, &'a Arc<dyn LogSink>)>,
    /// How far a cancellation has come.
    pub(super) cancel: &'a Cancel,
    /// The tools of a step.
    pub(super) tools: Option<ToolGate<'a>>,
    /// The secrets of a step.
    pub(super) secrets: Option<&'a dyn Secrets>,
    /// The way out of a plugin that deploys.
    pub(super) outlet: Option<&'a dyn Outlet>,
    /// Bytes that it may still write.
    pub(super) room: u64,
    /// Bytes of log that it may still write.
    pub(super) log_room: u64,
    writers: BTreeMap<u32, Box<dyn BlobWriter>>,
    begun: u32,
    is_begun: bool,
    /// What it will ask for next.
    foreseen: Foreseen,
    /// Why a blob was not kept, though the worker was not told.
    unkept: Option<Fault>,
}

/// What a worker may not ask.
pub(super) fn denied(what: &str) -> Broken {
    Broken::Protocol(format!("it asked for {what}"))
}

impl<'a> Answers<'a> {
    /// A call that may ask for nothing.
    pub(super) fn nothing(
        inputs: &'a dyn BlobSource,
        outputs: &'a dyn BlobStore,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            guest: None,
            inputs,
            outputs,
            scope: Scope::new(None, []),
            log: None,
            cancel,
            tools: None,
            secrets: None,
            outlet: None,
            room: 0,
            log_room: 0,
            writers: BTreeMap::new(),
            begun: 0,
            is_begun: false,
            foreseen: Foreseen::default(),
            unkept: None,
        }
    }

    /// Whether a worker has said anything in this call.
    pub(super) const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Lets it write as much as a guest with these limits does, and twice that: a file may be
    /// written, read and written again.
    pub(super) fn limited(&mut self, output_bytes: u64, log_bytes: u64) {
        self.room = output_bytes.saturating_mul(2).saturating_add(MORE);
        self.log_room = log_bytes.saturating_mul(2).saturating_add(1 << 20);
    }

    /// Takes a line.
    pub(super) fn line(&mut self, line: &LogLine) -> Result<(), Broken> {
        self.is_begun = true;
        let size = line.text.len() as u64 + 1;
        self.log_room =
            self.log_room.checked_sub(size).ok_or_else(|| denied("more log than there may be"))?;
        if let Some((step, log)) = self.log {
            log.line(step, &LogLine { text: harmless(&line.text), ..line.clone() });
        }
        Ok(())
    }

    /// Takes a blob that the worker wants to hear no more of.
    pub(super) fn keep(&mut self, size: u64, raw: ReadRaw<'_>) -> Result<(), Broken> {
        self.is_begun = true;
        self.take(size)?;
        match self.outputs.put(&raw(size)?) {
            Ok(digest) => self.scope.add(digest),
            Err(fault) => drop(self.unkept.get_or_insert(fault)),
        }
        Ok(())
    }

    /// Whether all blobs were kept; else why the first one was not.
    pub(super) fn all_kept(&mut self) -> Result<(), Fault> {
        self.unkept.take().map_or(Ok(()), Err)
    }

    /// Drops a blob in the making.
    pub(super) fn forget(&mut self, number: u32) {
        self.writers.remove(&number);
    }

    /// Answers a question, with the bytes that follow.
    ///
    /// # Errors
    /// When it is one that may not be asked.
    pub(super) fn answer(&mut self, ask: Ask, raw: ReadRaw<'_>) -> Result<(Answer, Bytes), Broken> {
        self.is_begun = true;
        let nothing = Bytes::new();
        let answer = match ask {
            Ask::Stage => Answer::Stage(self.cancel.stage()),
            Ask::Code => {
                let guest = self.guest.ok_or_else(|| denied("code in a call without any"))?;
                return Ok(bytes((guest.code)().map(Some)));
            }
            Ask::Folders(asked) => self.folders(&asked)?,
            Ask::Inputs { now, then } => return self.inputs(&now, then),
            Ask::Stored(digest) => {
                self.within(&digest)?;
                return Ok(bytes(self.outputs.get(&digest)));
            }
            Ask::Put { size } => {
                self.take(size)?;
                let kept = self.outputs.put(&raw(size)?);
                self.kept(kept)
            }
            Ask::Open => self.open()?,
            Ask::Append { writer, size } => {
                self.take(size)?;
                let writer = self.writers.get_mut(&writer);
                let writer = writer.ok_or_else(|| denied("a blob that it did not begin"))?;
                writer.append(&raw(size)?).map_or_else(Answer::from, |()| Answer::Done)
            }
            Ask::Finish(number) => {
                let writer = self.writers.remove(&number);
                let writer = writer.ok_or_else(|| denied("a blob that it did not begin"))?;
                let kept = writer.finish();
                self.kept(kept)
            }
            Ask::Contains(digest) => {
                Answer::Flag(self.scope.has(&digest) && self.outputs.contains(&digest))
            }
            Ask::Secret(name) => {
                // What it is handed knows the secrets of its grants, and no other.
                let secrets = self.secrets.ok_or_else(|| denied("a secret, and has none"))?;
                match secrets.reveal(&name) {
                    Ok(value) => Answer::Secret(Raw(Bytes::copy_from_slice(value.expose()))),
                    Err(fault) => fault.into(),
                }
            }
            Ask::Tools(asked) => {
                let gate = self.tools.as_mut().ok_or_else(|| denied("tools, and has none"))?;
                gate.run(asked, &mut self.scope)?
            }
            Ask::Outlet(ask) => Answer::Outlet(self.go_out(ask)?),
        };
        Ok((answer, nothing))
    }

    /// Several inputs, all of them of the call.
    fn inputs(&mut self, now: &[Digest], then: Vec<Digest>) -> Result<(Answer, Bytes), Broken> {
        now.iter().chain(&then).try_for_each(|digest| self.within(digest))?;
        self.foreseen.answer(self.inputs, now, then)
    }

    /// Reads what will most likely be asked for next, while the worker is busy with what it got.
    pub(super) fn foresee(&mut self) {
        self.foreseen.read(self.inputs);
    }

    fn within(&mut self, digest: &Digest) -> Result<(), Broken> {
        if self.scope.has(digest) {
            Ok(())
        } else {
            Err(denied(&format!("blob {}, which is not of its call", digest.short())))
        }
    }

    fn take(&mut self, size: u64) -> Result<(), Broken> {
        let left = self.room.checked_sub(size);
        self.room = left.ok_or_else(|| denied("more room than its limits are"))?;
        Ok(())
    }

    fn kept(&mut self, kept: Result<Digest, Fault>) -> Answer {
        match kept {
            Ok(digest) => {
                self.scope.add(digest);
                Answer::Kept(digest)
            }
            Err(fault) => fault.into(),
        }
    }

    fn open(&mut self) -> Result<Answer, Broken> {
        if self.writers.len() >= WRITERS || self.room == 0 {
            return Err(denied("more blobs at once than there may be"));
        }
        Ok(match self.outputs.writer() {
            Ok(writer) => {
                self.begun = self.begun.wrapping_add(1);
                self.writers.insert(self.begun, writer);
                Answer::Writer(self.begun)
            }
            Err(fault) => fault.into(),
        })
    }

    fn folders(&mut self, asked: &[Digest]) -> Result<Answer, Broken> {
        let mut folders = Vec::with_capacity(asked.len());
        for digest in asked {
            let folder = self.scope.folder(digest);
            let folder = folder.ok_or_else(|| denied("a folder that is not of its call"))?;
            let nodes = folder.nodes().iter();
            folders.push(
                nodes
                    .map(|(name, node)| (name.clone(), node.into()))
                    .collect::<Vec<(String, FolderNode)>>(),
            );
        }
        Ok(Answer::Folders(folders))
    }

    fn go_out(&mut self, ask: OutletAsk) -> Result<OutletAnswer, Broken> {
        let outlet = self.outlet.ok_or_else(|| denied("a way out, and has none"))?;
        let failed = |error: belljar_model::ports::OutletError| OutletAnswer::Failed(error.into());
        Ok(match ask {
            OutletAsk::Http(request) => {
                let request = self.request(request)?;
                outlet.http(&request).map_or_else(failed, OutletAnswer::from)
            }
            OutletAsk::MaySend(request) => outlet.may_send(&self.request(request)?).into(),
            OutletAsk::List(prefix) => outlet.list(&prefix).map_or_else(failed, OutletAnswer::from),
            OutletAsk::Read(path) => {
                outlet.read(&path).map_or_else(failed, |bytes| OutletAnswer::Read(Raw(bytes)))
            }
            OutletAsk::Put(path, blob) => {
                self.within(&blob)?;
                outlet.put(&path, &blob).into()
            }
            OutletAsk::Write(path, data) => outlet.write(&path, &data.0).into(),
            OutletAsk::Swap(path, expected, data) => {
                let expected = expected.map(|expected| expected.0);
                outlet.swap(&path, expected.as_ref(), &data.0).into()
            }
            OutletAsk::Remove(path) => outlet.remove(&path).into(),
            OutletAsk::Tool(tool, stdin) => {
                self.within(&tool.stdin)?;
                outlet.tool(&tool, &stdin.0).map_or_else(failed, OutletAnswer::from)
            }
        })
    }

    fn request(
        &mut self,
        sent: crate::message::SentRequest,
    ) -> Result<belljar_model::delivery::HttpRequest, Broken> {
        let request = belljar_model::delivery::HttpRequest::from(sent);
        if let belljar_model::delivery::Body::Artifact(digest) = &request.body {
            self.within(digest)?;
        }
        Ok(request)
    }
}

fn bytes(read: Result<Option<Bytes>, Fault>) -> (Answer, Bytes) {
    match read {
        Ok(Some(bytes)) => (Answer::Bytes(Some(bytes.len() as u64)), bytes),
        Ok(None) => (Answer::Bytes(None), Bytes::new()),
        Err(fault) => (fault.into(), Bytes::new()),
    }
}
