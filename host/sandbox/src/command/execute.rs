//! One run of a tool, from its input tree to its result.

use std::sync::Arc;
use std::time::Instant;

use belljar_model::event::{LogLine, Source};
use belljar_model::ports::{
    BlobStore, NoSecrets, NoTools, Request, Secrets, ToolLimits, ToolRequest, ToolRun, Tools,
    Variation, keep_log,
};
use belljar_model::tool::{ToolCost, ToolResult};
use belljar_model::{Action, Class, Fault, Limits, OutputFile, Patterns, ToolAction, View};
use bytes::Bytes;
use wasmtime::{Result as Wasm, Store};

use super::fault;
use super::program::Program;
use crate::bindings::command::CommandPre;
use crate::execute::micros;
use crate::guest::{self, Ended};
use crate::random::RandomStream;
use crate::state::State;
use crate::trap;
use crate::vfs::Blobs;
use belljar_model::text::harmless;

/// Runs a tool to its end. `began` is when the run was asked for.
///
/// # Errors
/// When it was ended by a limit, by the user or by a trap. An exit code is a result.
pub(crate) fn execute(
    pre: &CommandPre<State>,
    request: &ToolRequest<'_>,
    blobs: Blobs,
    began: Instant,
) -> Result<ToolRun, Fault> {
    let action = request.action;
    let tool = harmless(&action.tool);
    check(action, &tool)?;
    let store = Arc::clone(&blobs.outputs);
    let stdin = stdin(action, &blobs)?.ok_or_else(|| fault::no_stdin(&tool))?;
    let state = state(request, stdin, blobs);
    let setup_us = micros(began);
    let Ended { returned, state } = guest::call(pre.engine(), state, |store| run(pre, store));
    let collected = returned.and_then(|code| Ok((code, state.vfs.collect()?)));
    let State { meter, log, program, label, .. } = state;
    let (lines, last_words) = log.finish();
    let (code, outputs) = collected.map_err(|fault| {
        fault::of_tool(&tool, trap::with_last_words(fault, &label, &last_words))
    })?;
    let program = program.expect("a tool was given its program, which is never taken away");
    let cost = ToolCost { wall_us: micros(began), setup_us, peak_memory: meter.peak };
    let result = result((code, outputs), program, &lines, &*store)?;
    Ok(ToolRun { result: ToolResult { cost, ..result }, lines, source: Source::Executed })
}

fn result(
    (code, outputs): (u8, Vec<OutputFile>),
    program: Program,
    lines: &[LogLine],
    store: &dyn BlobStore,
) -> Result<ToolResult, Fault> {
    let [stdout, stderr] = program.printed.keep(store)?;
    let (log, cost) = (keep_log(store, lines)?, ToolCost::default());
    // The interface lets a program make no links.
    Ok(ToolResult { code: i32::from(code), stdout, stderr, log, outputs, links: Vec::new(), cost })
}

/// Calls the program and returns its exit code.
fn run(pre: &CommandPre<State>, store: &mut Store<State>) -> Wasm<u8> {
    let instance = pre.instantiate(&mut *store)?;
    let returned = instance.wasi_cli_run().call_run(&mut *store);
    let exited = store.data().program.as_ref().and_then(Program::exited);
    match (exited, returned) {
        (Some(code), _) => Ok(code),
        (None, Ok(returned)) => Ok(u8::from(returned.is_err())),
        (None, Err(error)) => Err(error),
    }
}

fn check(action: &ToolAction, tool: &str) -> Result<(), Fault> {
    if !action.state.is_empty() {
        return Err(fault::not_for_wasm(tool, "state folders"));
    }
    if !action.network.is_empty() {
        return Err(fault::not_for_wasm(tool, "network"));
    }
    Ok(())
}

fn stdin(action: &ToolAction, blobs: &Blobs) -> Result<Option<Bytes>, Fault> {
    match blobs.outputs.get(&action.stdin)? {
        Some(bytes) => Ok(Some(bytes)),
        None => blobs.inputs.get(&action.stdin),
    }
}

/// Everything that the run owns, like that of a step which may read its whole tree.
fn state(request: &ToolRequest<'_>, stdin: Bytes, blobs: Blobs) -> State {
    let ToolRequest { step, action, limits, cancel, log, .. } = *request;
    let whole = Action {
        plugin: action.granted.identity,
        class: Class::Pure,
        config: "{}".to_owned(),
        grants: Vec::new(),
        outputs: action.writes.clone(),
        view: View {
            root: Arc::clone(&action.root),
            declared: Patterns::parse(&["**"]).expect("it is a pattern"),
            environment: Arc::default(),
            tools: Arc::default(),
        },
    };
    let tools: Arc<dyn Tools> = Arc::new(NoTools);
    let (bounds, label) = (bounds(limits), format!("`{}`", harmless(&action.tool)));
    let variation = Variation::default();
    let secrets: Arc<dyn Secrets> = Arc::new(NoSecrets);
    let request = Request {
        step,
        action: &whole,
        limits: &bounds,
        cancel,
        log,
        tools: &tools,
        secrets: &secrets,
        variation,
    };
    let mut state = State::new(&request, &label, blobs);
    state.log = state.log.labeled(&action.label);
    state.random = RandomStream::of_run(&action.digest());
    state.program = Some(Program::new(action, stdin, &limits.log_bytes));
    state
}

fn bounds(limits: &ToolLimits) -> Limits {
    Limits {
        time: limits.time.clone(),
        memory: limits.memory.clone(),
        output_bytes: limits.output_bytes.clone(),
        output_files: limits.output_files.clone(),
        log_bytes: limits.log_bytes.clone(),
        ..Limits::default()
    }
}
