//! Executor: Action -> ActionResult, without caching.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::action::Action;
use crate::action_result::{ActionResult, Cost};
use crate::event::{LogLine, ToolReport};
use crate::fault::Fault;
use crate::limits::Limits;
use crate::observation::Trace;
use crate::ports::secrets::Secrets;
use crate::ports::tools::Tools;
use crate::ports::variation::Variation;
use crate::step::StepName;

/// Tells how far a cancellation has come: 0 not asked, 1 asked, 2 now.
type Teller = Arc<dyn Fn() -> u8 + Send + Sync>;

/// Whether a run should stop. Cloned handles share one state, which only moves forward.
#[derive(Clone, Default)]
pub struct Cancel {
    stage: Arc<AtomicU8>,
    told_by: Option<Teller>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cancel({})", self.stage())
    }
}

impl Cancel {
    /// A run that goes on.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run that goes on until it is stopped here, or `tell` says so: 1 when it is asked to
    /// stop, 2 when it must stop now. `tell` is called whenever someone asks this handle.
    pub fn told_by(tell: impl Fn() -> u8 + Send + Sync + 'static) -> Self {
        Self { stage: Arc::default(), told_by: Some(Arc::new(tell)) }
    }

    /// Asks running steps to stop, and starts no more.
    pub fn ask(&self) {
        self.stage.fetch_max(1, Ordering::SeqCst);
    }

    /// Stops running steps now.
    pub fn now(&self) {
        self.stage.fetch_max(2, Ordering::SeqCst);
    }

    /// Whether steps were asked to stop.
    pub fn is_asked(&self) -> bool {
        self.stage() >= 1
    }

    /// Whether steps must stop now.
    pub fn is_now(&self) -> bool {
        self.stage() >= 2
    }

    /// How far it has come: 0 not asked, 1 asked, 2 now.
    pub fn stage(&self) -> u8 {
        let stage = self.stage.load(Ordering::SeqCst);
        match &self.told_by {
            Some(tell) if stage < 2 => {
                let told = tell().min(2);
                self.stage.fetch_max(told, Ordering::SeqCst).max(told)
            }
            _ => stage,
        }
    }
}

/// Takes the lines of a running step.
pub trait LogSink: Send + Sync {
    /// Takes one line.
    fn line(&self, step: &StepName, line: &LogLine);
}

/// One Action to execute, and all that must not be part of its key.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// For messages only.
    pub step: &'a StepName,
    /// What to execute.
    pub action: &'a Action,
    /// How much of the machine it may use.
    pub limits: &'a Limits,
    /// Asked again and again while it runs.
    pub cancel: &'a Cancel,
    /// Where its lines go while it runs. Shared, because the guest's state owns a handle to it.
    pub log: &'a Arc<dyn LogSink>,
    /// Runs tools for it. Shared, because the guest's state owns a handle to it.
    pub tools: &'a Arc<dyn Tools>,
    /// Has the secrets that it was granted, and no other. Shared as well. A value leaves it only
    /// when the guest asks to see it.
    pub secrets: &'a Arc<dyn Secrets>,
    /// How it differs from the usual execution. What is recorded comes from the usual one.
    pub variation: Variation,
}

/// What came of one execution. Trace, log and cost are there even if there is no result.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The result (passed or failed), or why there is none. `log` in it is `None`: the caller
    /// keeps the lines and fills it in.
    pub outcome: Result<ActionResult, Fault>,
    /// What the guest asked and was told.
    pub trace: Trace,
    /// All lines, in order.
    pub log: Vec<LogLine>,
    /// What it cost.
    pub cost: Cost,
    /// The tools that it ran, in the order in which it asked.
    pub tools: Vec<ToolReport>,
}

/// Executes Actions.
pub trait Executor: Send + Sync {
    /// Executes one Action to its end, on the caller's thread. Called from many threads at once.
    fn execute(&self, request: &Request<'_>) -> Execution;
}
