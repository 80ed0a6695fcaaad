//! Serves calls until the coordinator is gone.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use belljar_model::ports::{
    Cancel, Compiler, DeployCall, Deployed, Guest, GuestKind, Guests, LogSink, Outlet, Request,
    Reuse, Secrets, Source, ToolRequest, Tools,
};
use belljar_model::{Digest, Fault, Limits, StepName};
use bytes::Bytes;

use super::inputs::{AskedInputs, AtHand};
use super::link::{Link, unexpected};
use super::ports::{AskedOutlet, AskedOutputs, AskedSecrets, AskedTools, ToldLines, WorkerBlobs};
use super::trees::Trees;
use crate::fault;
use crate::message::{
    Answer, Ask, Call, Done, Enclosed, FromWorker, Raw, SentAction, SentDeploy, SentFault,
    SentGuest, SentTool, ToWorker, Walled,
};
use crate::stream::{Endless, Stream};

/// What a worker is for.
pub enum Role {
    /// It runs guests.
    Guests(Arc<dyn Guests>),
    /// It compiles.
    Compiler(Arc<dyn Compiler>),
}

/// Tells the coordinator why this process cannot be a worker.
pub fn refuse(socket: UnixStream, why: &str) {
    let refused = FromWorker::Refused(why.to_owned());
    // If nobody hears it, nobody waits for this process either.
    let _ = Stream::new(socket).send(&refused, &[], &mut Endless);
}

/// Serves the calls that come over `socket` until it ends. `seccomp` and `landlock` (its
/// version, or 0) say what keeps this process apart; the coordinator shows it.
pub fn serve(
    socket: UnixStream,
    (seccomp, landlock): (bool, i64),
    role: impl FnOnce(WorkerBlobs) -> Role,
) {
    let link = Arc::new(Link::new(Stream::new(socket)));
    let at_hand = Arc::new(AtHand::default());
    let blobs = WorkerBlobs {
        inputs: Arc::new(AskedInputs { link: Arc::clone(&link), at_hand: Arc::clone(&at_hand) }),
        outputs: Arc::new(AskedOutputs(Arc::clone(&link))),
    };
    let role = role(blobs);
    if link.tell(&FromWorker::Ready(Walled { seccomp, landlock }), &[]).is_err() {
        return;
    }
    let mut serving = Serving::new(link, role, at_hand);
    while let Ok(ToWorker::Call(call)) = serving.link.hear() {
        let (done, raw) = serving.act(*call);
        if serving.link.tell(&FromWorker::Done(Box::new(done)), &raw).is_err() {
            return;
        }
    }
}

struct Serving {
    link: Arc<Link>,
    role: Role,
    trees: Trees,
    at_hand: Arc<AtHand>,
    log: Arc<dyn LogSink>,
    tools: Arc<dyn Tools>,
    secrets: Arc<dyn Secrets>,
    outlet: Arc<dyn Outlet>,
    cancel: Cancel,
}

impl Serving {
    fn new(link: Arc<Link>, role: Role, at_hand: Arc<AtHand>) -> Self {
        Self {
            log: Arc::new(ToldLines(Arc::clone(&link))),
            tools: Arc::new(AskedTools(Arc::clone(&link))),
            secrets: Arc::new(AskedSecrets(Arc::clone(&link))),
            outlet: Arc::new(AskedOutlet(Arc::clone(&link))),
            cancel: Cancel::new(),
            trees: Trees::default(),
            at_hand,
            link,
            role,
        }
    }

    /// Does what is asked for, and returns what came of it, with the bytes that follow.
    fn act(&mut self, call: Call) -> (Done, Bytes) {
        // A handle remembers that it was stopped, so each call gets one of its own.
        let link = Arc::clone(&self.link);
        self.cancel = Cancel::told_by(move || match link.ask(Ask::Stage) {
            Ok(Answer::Stage(stage)) => stage,
            _ => 2,
        });
        let done = match call {
            Call::Compile { command, name, size } => {
                let kind = if command { GuestKind::Command } else { GuestKind::Plugin };
                return self.compile(kind, &name, size);
            }
            Call::Describe { code } => self.describe(&code),
            Call::Step { code, step, action, limits, enclosed } => match self.open(enclosed) {
                Ok(()) => self.step(&code, &StepName::new(&step), (action, &limits.into())),
                Err(fault) => Done::Executed(failed(fault).into()),
            },
            Call::Deploy { code, call } => self.deploy(&code, &call.limits.clone().into(), &call),
            Call::Command { code, step, tool } => self.command(&code, &StepName::new(&step), tool),
        };
        (done, Bytes::new())
    }

    fn guests(&self) -> Result<Arc<dyn Guests>, Fault> {
        match &self.role {
            Role::Guests(guests) => Ok(Arc::clone(guests)),
            Role::Compiler(_) => Err(fault::own("this worker compiles, and runs nothing")),
        }
    }

    fn compile(&self, kind: GuestKind, name: &str, size: u64) -> (Done, Bytes) {
        let compiled = self.link.raw(size).and_then(|bytes| match &self.role {
            Role::Compiler(compiler) => compiler.compile(&Source { kind, name, bytes: &bytes }),
            Role::Guests(_) => Err(fault::own("this worker runs guests, and compiles nothing")),
        });
        match compiled {
            Ok(compiled) => {
                let size = compiled.code.len() as u64;
                (Done::Compiled(Ok((size, Raw(compiled.facts)))), compiled.code)
            }
            Err(fault) => (Done::Compiled(Err(fault.into())), Bytes::new()),
        }
    }

    fn describe(&self, code: &SentGuest) -> Done {
        let read = self.reader();
        let described = self.guests().and_then(|guests| guests.describe(&guest(code, &read)));
        Done::Described(described.map_err(SentFault::from))
    }

    fn step(
        &mut self,
        code: &SentGuest,
        step: &StepName,
        (sent, limits): (SentAction, &Limits),
    ) -> Done {
        let variation = sent.variation;
        let action = self.tree(sent.root).and_then(|root| sent.over(root).ok_or_else(unexpected));
        let executed = action.and_then(|action| {
            let read = self.reader();
            let request = Request {
                step,
                action: &action,
                limits,
                cancel: &self.cancel,
                log: &self.log,
                tools: &self.tools,
                secrets: &self.secrets,
                variation,
            };
            Ok(self.guests()?.step(&guest(code, &read), &request))
        });
        Done::Executed(executed.unwrap_or_else(failed).into())
    }

    /// Takes what came with a call.
    fn open(&mut self, enclosed: Enclosed) -> Result<(), Fault> {
        let bytes = self.link.raw(enclosed.size())?;
        self.at_hand.hold(&enclosed.files, bytes);
        self.trees.bound();
        self.trees.learn(enclosed.folders)
    }

    fn deploy(&self, code: &SentGuest, limits: &Limits, sent: &SentDeploy) -> Done {
        let read = self.reader();
        let call = DeployCall {
            plugin: code.digest,
            phase: sent.phase,
            config: &sent.config,
            environment: &sent.environment,
            release: &sent.release,
            idempotency_key: &sent.idempotency_key,
            artifacts: &sent.artifacts,
            tools: &sent.tools,
            secrets: &sent.secrets,
            limits,
            cancel: &self.cancel,
            log: &self.log,
            outlet: &self.outlet,
        };
        let ended = match self.guests() {
            Ok(guests) => guests.deploy(&guest(code, &read), &call),
            Err(fault) => belljar_model::ports::DeployEnded {
                outcome: Err::<Deployed, _>(fault),
                log: Vec::new(),
            },
        };
        Done::Deployed(ended.into())
    }

    fn command(&mut self, code: &SentGuest, step: &StepName, tool: SentTool) -> Done {
        let root = tool.root.map(|root| self.tree(root)).transpose();
        let read = self.reader();
        let opened = root.and_then(|root| tool.over(root).ok_or_else(unexpected));
        let ran = opened.and_then(|(action, limits, cpus)| {
            let request = ToolRequest {
                step,
                action: &action,
                limits: &limits,
                cpus,
                reuse: Reuse::Allowed,
                cancel: &self.cancel,
                log: &self.log,
            };
            self.guests()?.command(&guest(code, &read), &request)
        });
        Done::Ran(ran.map(Into::into).map_err(SentFault::from))
    }

    fn tree(&mut self, root: Digest) -> Result<Arc<belljar_model::Directory>, Fault> {
        self.trees.folder(&self.link, root)
    }

    /// Reads the code of the call's guest.
    fn reader(&self) -> impl Fn() -> Result<Bytes, Fault> + Sync + 'static {
        let link = Arc::clone(&self.link);
        move || link.bytes(Ask::Code)?.ok_or_else(unexpected)
    }
}

fn guest<'a>(
    code: &'a SentGuest,
    read: &'a (dyn Fn() -> Result<Bytes, Fault> + Sync),
) -> Guest<'a> {
    Guest { digest: code.digest, label: &code.label, code: read }
}

fn failed(fault: Fault) -> belljar_model::ports::Execution {
    belljar_model::ports::Execution {
        outcome: Err(fault),
        trace: belljar_model::Trace::default(),
        log: Vec::new(),
        cost: belljar_model::Cost::default(),
        tools: Vec::new(),
    }
}
