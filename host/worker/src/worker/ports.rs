//! The ports of a call, each of them a question to the coordinator.

use std::sync::Arc;

use belljar_model::delivery::{HttpAnswer, HttpRequest, ToolEffect};
use belljar_model::event::LogLine;
use belljar_model::ports::{
    BlobSource, BlobStore, BlobWriter, LogSink, Outlet, OutletError, Secrets, StoredObject,
    ToolAnswer, ToolRequest, ToolRun, Tools,
};
use belljar_model::secret::SecretValue;
use belljar_model::{Digest, Fault, StepName, WorkspacePath};
use bytes::Bytes;

use super::link::{Link, unexpected};
use crate::message::{Answer, Ask, FromWorker, OutletAnswer, OutletAsk, Raw, SentTool};

/// The most bytes of a blob that go over at once; more go in pieces.
const PIECE: usize = 64 << 20;

/// The most bytes of a blob of which a worker says the digest itself, instead of waiting for it.
const SMALL: usize = 64 << 10;

/// Where a worker's guests read inputs and put outputs: all of it with the coordinator.
#[derive(Clone)]
pub struct WorkerBlobs {
    /// Has the contents of inputs.
    pub inputs: Arc<dyn BlobSource>,
    /// Takes the contents of outputs.
    pub outputs: Arc<dyn BlobStore>,
}

/// Outputs.
pub(super) struct AskedOutputs(pub(super) Arc<Link>);

impl BlobSource for AskedOutputs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        self.0.bytes(Ask::Stored(*digest))
    }
}

impl BlobStore for AskedOutputs {
    fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        if bytes.len() <= SMALL {
            self.0.tell(&FromWorker::Keep { size: bytes.len() as u64 }, bytes)?;
            return Ok(Digest::of(bytes));
        }
        if bytes.len() > PIECE {
            let mut writer = self.writer()?;
            for piece in bytes.chunks(PIECE) {
                writer.append(piece)?;
            }
            return writer.finish();
        }
        kept(&self.0.ask_with(Ask::Put { size: bytes.len() as u64 }, bytes)?)
    }

    fn contains(&self, digest: &Digest) -> bool {
        matches!(self.0.ask(Ask::Contains(*digest)), Ok(Answer::Flag(true)))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, Fault> {
        let Answer::Writer(number) = self.0.ask(Ask::Open)? else { return Err(unexpected()) };
        Ok(Box::new(AskedWriter { link: Arc::clone(&self.0), number, is_open: true }))
    }
}

fn kept(answer: &Answer) -> Result<Digest, Fault> {
    match answer {
        Answer::Kept(digest) => Ok(*digest),
        _ => Err(unexpected()),
    }
}

struct AskedWriter {
    link: Arc<Link>,
    number: u32,
    is_open: bool,
}

impl BlobWriter for AskedWriter {
    fn append(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        for piece in bytes.chunks(PIECE) {
            let ask = Ask::Append { writer: self.number, size: piece.len() as u64 };
            self.link.ask_with(ask, piece)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Digest, Fault> {
        self.is_open = false;
        kept(&self.link.ask(Ask::Finish(self.number))?)
    }
}

impl Drop for AskedWriter {
    fn drop(&mut self) {
        if self.is_open {
            // Nobody is left to hear that it failed.
            let _ = self.link.tell(&FromWorker::Forget(self.number), &[]);
        }
    }
}

/// The log.
pub(super) struct ToldLines(pub(super) Arc<Link>);

impl LogSink for ToldLines {
    fn line(&self, _step: &StepName, line: &LogLine) {
        // A coordinator that is gone is noticed at the next question.
        let _ = self.0.tell(&FromWorker::Line(line.clone()), &[]);
    }
}

/// Tools.
pub(super) struct AskedTools(pub(super) Arc<Link>);

impl Tools for AskedTools {
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let mut all = self.run_all(&[*request]);
        all.pop().unwrap_or_else(|| Err(unexpected()))
    }

    fn run_all(&self, requests: &[ToolRequest<'_>]) -> Vec<Result<ToolRun, Fault>> {
        let sent = requests.iter().map(|one| SentTool::whole(one.action, one.limits, one.cpus));
        let runs = match self.0.ask(Ask::Tools(sent.collect())) {
            Ok(Answer::Tools(runs)) if runs.len() == requests.len() => runs,
            Ok(_) => return requests.iter().map(|_| Err(unexpected())).collect(),
            Err(fault) => return requests.iter().map(|_| Err(fault.clone())).collect(),
        };
        runs.into_iter().map(|run| run.map(ToolRun::from).map_err(Fault::from)).collect()
    }
}

/// Secrets.
pub(super) struct AskedSecrets(pub(super) Arc<Link>);

impl Secrets for AskedSecrets {
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault> {
        match self.0.ask(Ask::Secret(name.to_owned()))? {
            Answer::Secret(value) => SecretValue::new(value.0.to_vec()).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        }
    }
}

/// The way out.
pub(super) struct AskedOutlet(pub(super) Arc<Link>);

impl AskedOutlet {
    fn ask(&self, ask: OutletAsk) -> Result<OutletAnswer, OutletError> {
        match self.0.ask(Ask::Outlet(ask)) {
            Ok(Answer::Outlet(OutletAnswer::Failed(error))) => Err(error.into()),
            Ok(Answer::Outlet(answer)) => Ok(answer),
            Ok(_) => Err(OutletError::Stop(unexpected())),
            Err(fault) => Err(OutletError::Stop(fault)),
        }
    }

    fn done(&self, ask: OutletAsk) -> Result<(), OutletError> {
        match self.ask(ask)? {
            OutletAnswer::Done => Ok(()),
            _ => Err(OutletError::Stop(unexpected())),
        }
    }
}

impl Outlet for AskedOutlet {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        match self.ask(OutletAsk::Http(request.into()))? {
            OutletAnswer::Http { status, headers, body } => {
                Ok(HttpAnswer { status, headers, body: body.0 })
            }
            _ => Err(OutletError::Stop(unexpected())),
        }
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.done(OutletAsk::MaySend(request.into()))
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        match self.ask(OutletAsk::List(prefix.clone()))? {
            OutletAnswer::Listed(objects) => {
                Ok(objects.into_iter().map(|(path, size)| StoredObject { path, size }).collect())
            }
            _ => Err(OutletError::Stop(unexpected())),
        }
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        match self.ask(OutletAsk::Read(path.clone()))? {
            OutletAnswer::Read(bytes) => Ok(bytes.0),
            _ => Err(OutletError::Stop(unexpected())),
        }
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        self.done(OutletAsk::Put(path.clone(), *blob))
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        self.done(OutletAsk::Write(path.clone(), Raw(data.clone())))
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        let expected = expected.map(|expected| Raw(expected.clone()));
        self.done(OutletAsk::Swap(path.clone(), expected, Raw(data.clone())))
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.done(OutletAsk::Remove(path.clone()))
    }

    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        match self.ask(OutletAsk::Tool(tool.clone(), Raw(stdin.clone())))? {
            OutletAnswer::Tool { code, stdout, stderr } => {
                Ok(ToolAnswer { code, stdout: stdout.0, stderr: stderr.0 })
            }
            _ => Err(OutletError::Stop(unexpected())),
        }
    }
}
