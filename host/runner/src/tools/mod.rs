//! ToolRunner: a run of a tool takes the same way as a step: look up, execute, record.

mod slots;
mod spans;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use belljar_model::event::{LogLine, Source};
use belljar_model::fault::Blame;
use belljar_model::ports::{
    ActionCache, BlobStore, Record, Reuse, Secrets, ToolExecutor, ToolRequest, ToolRun, Tools,
};
use belljar_model::tool::ToolResult;
use belljar_model::{
    ActionDigest, ActionResult, Class, Code, Cost, FamilyDigest, Fault, Isolation, Sharing, Tier,
    ToolAction, Trace, Veil, Verdict,
};
use tracing::trace_span;

use self::slots::Slots;
use crate::flight::Flights;
use crate::ports::ForceMode;
use crate::veil::{check_made, check_run};

/// The run was cancelled while a tool waited for its turn.
const CANCELLED: Code = Code::new("E0408");
/// A secret that no variable can hold.
const UNUSABLE: Code = Code::new("E0433");

/// The outside world, as far as runs of tools meet it.
#[derive(Clone)]
pub struct ToolPorts {
    /// Remembers what runs produced.
    pub cache: Arc<dyn ActionCache>,
    /// Keeps blobs.
    pub blobs: Arc<dyn BlobStore>,
    /// Executes runs.
    pub executor: Arc<dyn ToolExecutor>,
    /// Has the values of secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Masks the values that were read so far.
    pub veil: Veil,
}

/// Runs tools for the steps of one run: equal runs once, and never more at a time than the
/// machine has room for.
pub struct ToolRunner {
    ports: ToolPorts,
    force: ForceMode,
    flights: Flights,
    slots: Slots,
}

impl ToolRunner {
    /// Makes a runner of tools that may keep `cpus` processors busy together. The tools of a
    /// step that `force` names are executed although a result is known.
    pub fn new(ports: ToolPorts, cpus: u32, force: ForceMode) -> Self {
        Self { ports, force, flights: Flights::default(), slots: Slots::new(cpus) }
    }

    /// The recorded result of an equal run, if all of it is still there.
    fn look(&self, key: &ActionDigest) -> Result<Option<ToolRun>, Fault> {
        let _span = trace_span!("look up").entered();
        let Some(record) = self.ports.cache.get(key)? else { return Ok(None) };
        if !record.blobs().all(|digest| self.ports.blobs.contains(&digest)) {
            return Ok(None);
        }
        let Some(result) = record.tool else { return Ok(None) };
        let Some(lines) = self.lines(&result)? else { return Ok(None) };
        Ok(Some(ToolRun { result, lines, source: Source::ExactHit }))
    }

    /// The lines of a result; `None` if their blob went meanwhile.
    fn lines(&self, result: &ToolResult) -> Result<Option<Vec<LogLine>>, Fault> {
        let Some(log) = &result.log else { return Ok(Some(Vec::new())) };
        let Some(bytes) = self.ports.blobs.get(log)? else { return Ok(None) };
        Ok(LogLine::decode(&bytes))
    }

    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let wait = trace_span!("wait for processors", wanted = request.cpus);
        let Some(_taken) = wait.in_scope(|| self.slots.take(request.cpus, request.cancel)) else {
            return Err(Fault::new(Blame::Cancelled, CANCELLED, "the run was cancelled"));
        };
        let run = if request.action.secrets.is_empty() {
            self.ports.executor.execute(request)
        } else {
            let action = self.filled(request.action)?;
            self.ports.executor.execute(&ToolRequest { action: &action, ..*request })
        }?;
        check_made(&self.ports.veil.mask(), &run.result)?;
        Ok(run)
    }

    /// The action with the values of its secrets in its environment, for the one who starts it.
    fn filled(&self, action: &ToolAction) -> Result<ToolAction, Fault> {
        let mut filled = action.clone();
        for (variable, granted) in std::mem::take(&mut filled.secrets) {
            let name = granted.split_once('@').map_or(&*granted, |(name, _)| name);
            let value = self.ports.secrets.reveal(name)?;
            let text = std::str::from_utf8(value.expose()).ok().filter(|text| !text.contains('\0'));
            let text = text.ok_or_else(|| {
                let message = format!("the secret `{name}` cannot be the value of a variable");
                Fault::new(Blame::Configuration, UNUSABLE, message)
                    .note("it is not UTF-8 text, or holds a NUL")
            })?;
            filled.env.insert(variable, text.to_owned());
        }
        Ok(filled)
    }

    fn record(&self, request: &ToolRequest<'_>, run: &ToolRun) -> Result<(), Fault> {
        let _span = trace_span!("record").entered();
        let result = &run.result;
        let is_pure = request.action.granted.tier == Tier::Wasm;
        let record = ActionResult {
            verdict: Verdict::Passed,
            summary: String::new(),
            class: if is_pure { Class::Pure } else { Class::Exec },
            outputs: result.outputs.clone(),
            findings: Vec::new(),
            tests: Vec::new(),
            coverage: Vec::new(),
            log: result.log,
            isolation: Some(Isolation::of(request.action)),
            tool: Some(result.clone()),
            sharing: if request.action.secrets.is_empty() { Sharing::Free } else { Sharing::Local },
            cost: Cost { wall_us: result.cost.wall_us, ..Cost::default() },
        };
        let action = request.action.digest();
        // A run asks no questions that are answered while it goes on: its key covers all. So it
        // has no relatives, and its family is itself.
        let family = FamilyDigest::from_bytes(*action.as_bytes());
        let trace = &Trace::default();
        // A tool promises less than a plugin: that it made something else this time is told of
        // the step, if anything of the step differs.
        self.ports.cache.put(Record { action, family, result: &record, trace })?;
        Ok(())
    }
}

impl Tools for ToolRunner {
    fn run(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let span = spans::tool(request).entered();
        check_run(&self.ports.veil.mask(), request.action)?;
        let key = request.action.digest();
        let _flight = self.flights.board(key);
        if request.reuse == Reuse::Denied {
            return self.execute(request);
        }
        if !self.force.includes(request.step)
            && let Some(run) = self.look(&key)?
        {
            spans::ran(&span, &key, &run);
            for line in &run.lines {
                request.log.line(request.step, line);
            }
            return Ok(run);
        }
        let run = self.execute(request)?;
        self.record(request, &run)?;
        spans::ran(&span, &key, &run);
        Ok(run)
    }
}
