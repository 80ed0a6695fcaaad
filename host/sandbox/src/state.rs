//! State: everything that one execution owns, for the time it runs.

use std::sync::Arc;
use std::time::Instant;

use belljar_model::event::ToolReport;
use belljar_model::ports::{Cancel, LogSink, Request, Secrets, Tools, Variation};
use belljar_model::{
    Answer, Class, Fault, Grant, Isolation, Limits, Question, StepName, WorkspacePath,
};
use wasmtime::component::ResourceTable;
use wasmtime::{Result, format_err};

use crate::clocks::VirtualClock;
use crate::command::Program;
use crate::deploy::Deployment;
use crate::fault;
use crate::limits::{HANDLES, Meter};
use crate::log::StepLog;
use crate::random::RandomStream;
use crate::step_imports::Reported;
use crate::vfs::{Blobs, Vfs};

/// Everything that one execution owns. Thrown away after it, whatever came of it.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) vfs: Vfs,
    pub(crate) log: StepLog,
    pub(crate) reported: Reported,
    pub(crate) clock: VirtualClock,
    pub(crate) random: RandomStream,
    pub(crate) variation: Variation,
    pub(crate) class: Class,
    pub(crate) grants: Vec<Grant>,
    pub(crate) limits: Limits,
    pub(crate) cancel: Cancel,
    pub(crate) step: StepName,
    pub(crate) sink: Arc<dyn LogSink>,
    pub(crate) tools: Arc<dyn Tools>,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// The runs of tools so far.
    pub(crate) tool_reports: Vec<ToolReport>,
    /// How they were kept apart.
    pub(crate) isolation: Option<Isolation>,
    pub(crate) started: Instant,
    /// Whether the guest was told that it should stop. What it returns then is no result.
    pub(crate) told_to_stop: bool,
    /// What only a tool has; `None` for a plugin.
    pub(crate) program: Option<Program>,
    /// What only a plugin that deploys has, while it deploys.
    pub(crate) deployment: Option<Deployment>,
    /// The plugin as `name@version`, for messages.
    pub(crate) label: String,
    stop: Option<Fault>,
}

impl State {
    /// Prepares the execution of `request` by the plugin called `label`.
    pub(crate) fn new(request: &Request<'_>, label: &str, blobs: Blobs) -> Self {
        let Request { step, action, limits, cancel, log, tools, secrets, variation } = *request;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            table,
            meter: Meter::new(limits.memory.clone()),
            vfs: Vfs::new(action, limits, blobs),
            log: StepLog::new(step.clone(), Arc::clone(log), limits.log_bytes.clone()),
            reported: Reported::default(),
            clock: VirtualClock::ahead(variation.clock_ahead),
            random: RandomStream::seeded(&action.family()).varied(variation.seed),
            variation,
            class: action.class,
            grants: action.grants.clone(),
            limits: limits.clone(),
            cancel: cancel.clone(),
            step: step.clone(),
            sink: Arc::clone(log),
            tools: Arc::clone(tools),
            secrets: Arc::clone(secrets),
            tool_reports: Vec::new(),
            isolation: None,
            started: Instant::now(),
            told_to_stop: false,
            program: None,
            deployment: None,
            label: label.to_owned(),
            stop: None,
        }
    }

    /// Ends the execution: remembers why, and returns the error that unwinds the guest.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn end<T>(&mut self, fault: Fault) -> Result<T> {
        let error = format_err!("{}", fault.message);
        self.stop.get_or_insert(fault);
        Err(error)
    }

    /// Ends the execution if `result` is a fault.
    ///
    /// # Errors
    /// When it is.
    pub(crate) fn or_end<T>(&mut self, result: std::result::Result<T, Fault>) -> Result<T> {
        result.or_else(|fault| self.end(fault))
    }

    /// Returns why the host ended the execution, if it did.
    pub(crate) fn take_stop(&mut self) -> Option<Fault> {
        self.stop.take().or_else(|| self.meter.refusal.take())
    }

    /// Answers a question of the guest and records it.
    pub(crate) fn ask(&mut self, question: Question) -> Answer {
        self.vfs.ask(question)
    }

    /// Parses a path that the guest passed to one of our interfaces.
    pub(crate) fn path(text: &str) -> Option<WorkspacePath> {
        WorkspacePath::parse(text).ok().filter(|path| path.as_str() == text)
    }

    /// The fault of a guest that broke a rule of the interface.
    pub(crate) fn misuse(&self, what: &str) -> Fault {
        fault::misuse(&self.label, what)
    }
}
