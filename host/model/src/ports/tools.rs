//! Tools and ToolExecutor: runs of tools, as a step asks for them and as they are executed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::code::Code;
use crate::event::{LogLine, Source};
use crate::fault::{Blame, Fault};
use crate::limits::Limit;
use crate::ports::executor::{Cancel, LogSink};
use crate::step::StepName;
use crate::tool::{ToolAction, ToolResult};

/// How many threads wait for tools at most. How many tools run at once is not decided here.
const WAITING: usize = 32;
/// A host that runs no tools was asked for one.
const NO_TOOLS: Code = Code::new("E0801");

/// How much of the machine one run of a tool may use. Not part of the key: a run that reaches a
/// limit is ended, and what was ended is never recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolLimits {
    /// Wall time.
    pub time: Limit<Duration>,
    /// Bytes of memory that its processes hold together (`limits.tool-memory`).
    pub memory: Limit<u64>,
    /// Processes and threads at once (`limits.tool-processes`).
    pub processes: Limit<u64>,
    /// Bytes of all files that it writes, temporary ones included (`limits.output-bytes`).
    pub output_bytes: Limit<u64>,
    /// Files that it leaves as outputs (`limits.output-files`).
    pub output_files: Limit<u64>,
    /// Bytes of what it prints that are kept (`limits.log-bytes`); the rest is dropped with a
    /// notice.
    pub log_bytes: Limit<u64>,
}

/// Whether the result of an earlier, equal run will do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Reuse {
    /// It will; a new one is recorded.
    #[default]
    Allowed,
    /// The tool is to be run, to see what it makes; that is not recorded.
    Denied,
}

/// One run of a tool, and all that must not be part of its key.
#[derive(Clone, Copy)]
pub struct ToolRequest<'a> {
    /// The step that asks; for messages, and where lines belong.
    pub step: &'a StepName,
    /// What to run.
    pub action: &'a ToolAction,
    /// How much of the machine it may use.
    pub limits: &'a ToolLimits,
    /// How many processors it is expected to keep busy; at least 1.
    pub cpus: u32,
    /// Whether the result of an earlier, equal run will do.
    pub reuse: Reuse,
    /// Asked again and again while it runs.
    pub cancel: &'a Cancel,
    /// Where its lines go while it runs.
    pub log: &'a Arc<dyn LogSink>,
}

/// What came of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolRun {
    /// The result.
    pub result: ToolResult,
    /// All lines, in order. They went to the [`LogSink`] already.
    pub lines: Vec<LogLine>,
    /// Where the result came from.
    pub source: Source,
}

/// Runs tools for steps: looks up, executes, records. Called from many threads at once.
pub trait Tools: Send + Sync {
    /// Runs a tool to its end, or finds the result of an equal run.
    ///
    /// # Errors
    /// When it was ended by a limit or by the user, when it made what cannot be an output, or
    /// when the sandbox fails it.
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault>;

    /// Runs several tools at once, and returns what came of each, in their order.
    fn run_all(&self, requests: &[ToolRequest<'_>]) -> Vec<Result<ToolRun, Fault>> {
        if let [only] = requests {
            return vec![self.run(only)];
        }
        let results: Vec<_> = requests.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while let at = next.fetch_add(1, Ordering::SeqCst)
                && let (Some(request), Some(slot)) = (requests.get(at), results.get(at))
            {
                let result = self.run(request);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            }
        };
        thread::scope(|scope| {
            for _ in 1..requests.len().min(WAITING) {
                // Threads that cannot be had are done without.
                drop(thread::Builder::new().spawn_scoped(scope, work));
            }
            work();
        });
        let result = |slot: Mutex<Option<_>>| {
            let result = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            result.expect("every request was taken by one of the threads, which have ended")
        };
        results.into_iter().map(result).collect()
    }
}

/// Executes runs of tools, without caching.
pub trait ToolExecutor: Send + Sync {
    /// Runs a tool to its end, on the caller's thread. Its [`ToolRun::source`] is
    /// [`Source::Executed`], and the blobs of its result are in the store.
    ///
    /// # Errors
    /// As for [`Tools::run`].
    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault>;
}

/// The tools of a host that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTools;

impl Tools for NoTools {
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let message = format!("tool `{}` cannot be run here", request.action.tool);
        Err(Fault::new(Blame::Infrastructure, NO_TOOLS, message))
    }
}
