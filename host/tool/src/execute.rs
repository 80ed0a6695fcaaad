//! Execute: one run of a tool from its inputs to its result.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use belljar_disk::Root;
use belljar_model::event::Source;
use belljar_model::limits::Limit;
use belljar_model::ports::{Cancel, ToolExecutor, ToolLimits, ToolRequest, ToolRun, keep_log};
use belljar_model::tool::{ToolCost, ToolResult};
use belljar_model::{Blame, Directory, Fault, ToolAction, WorkspacePath};
use tracing::trace_span;

use crate::confine::{self, Confinement, Ended, Streams};
use crate::fault;
use crate::find::Found;
use crate::lines::{Finished, Printed};
use crate::prepare::{Mounted, Placing, RunFolder, States, Times, collect, hold, place};
use crate::tools::{Known, NativeTools};

/// Bytes without which hardly a tool gets on.
const LEAST: u64 = 64 << 10;

impl ToolExecutor for NativeTools {
    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let ToolRequest { action, cancel, .. } = *request;
        let known = self.known(&action.tool, &action.granted.identity)?;
        let ports = ports(&action.network)?;
        let stdin = self.options.blobs_in.get(&action.stdin)?;
        let stdin = match stdin {
            Some(stdin) => Some(stdin),
            None => self.options.blobs_out.get(&action.stdin)?,
        };
        let stdin = stdin.ok_or_else(|| fault::input_gone("standard input", &action.stdin))?;
        let wait = trace_span!("wait for state folders");
        let states = wait.in_scope(|| hold(&self.options.state, &action.state, cancel))?;
        let began = Instant::now();
        let span = trace_span!("put inputs in place").entered();
        let folder = self.runs.start(states.as_ref().map(States::stable_name).as_deref())?;
        let mut times = times(request, states.as_ref())?;
        self.fill(request, &folder, states.as_ref(), &mut times)?;
        drop(span);
        let prepared = began.elapsed();

        let confinement = confinement(request, &known, &folder, (states.as_ref(), ports));
        let (blobs, kept) = (&*self.options.blobs_out, &*self.options.printed);
        let mut printed =
            Printed::new(request.step, request.log, &action.label, &request.limits.log_bytes);
        let mut take = |channel, bytes: &[u8]| printed.take(channel, bytes, kept);
        let streams = Streams { stdin: &stdin, printed: &mut take, cancel };
        let ended = confine::run(&confinement, streams);
        times.over()?;
        let ended = match ended {
            Ok(ended) => ended,
            Err(fault) => return Err(printed.explain(fault)),
        };
        if ended.code != 0 && is_full(&folder.work) {
            let place = &self.options.scratch;
            return Err(printed.explain(fault::no_room(&action.tool, ended.code, place)));
        }
        let state = states.as_ref().map_or(&[][..], |states| &states.folders);
        let from = Mounted { work: &folder.work, state };
        let span = trace_span!("collect outputs");
        let collected = span.in_scope(|| collect(from, &action.writes, request.limits, blobs));
        let collected = match collected {
            Ok(collected) => collected,
            Err(fault) => return Err(printed.explain(fault)),
        };
        let Finished { stdout, stderr, lines } = printed.finish(kept)?;
        let result = ToolResult {
            code: ended.code,
            stdout,
            stderr,
            log: keep_log(kept, &lines)?,
            outputs: collected.files,
            links: collected.links,
            cost: cost(&ended, prepared),
        };
        Ok(ToolRun { result, lines, source: Source::Executed })
    }
}

impl NativeTools {
    fn fill(
        &self,
        request: &ToolRequest<'_>,
        folder: &RunFolder,
        states: Option<&States>,
        times: &mut Times,
    ) -> Result<(), Fault> {
        let action = request.action;
        let folders = states.map_or(&[][..], |states| &states.folders);
        let placing = Placing {
            blobs: &*self.options.blobs_in,
            times,
            mounts: folders.iter().map(|(_, at)| at.clone()).collect(),
            cwd: &action.cwd,
        };
        place(&folder.work, &action.root, placing)?;
        times.save()
    }

    /// Runs a tool for itself: no inputs, no outputs. Returns its exit code and what it printed.
    pub(crate) fn run_alone(
        &self,
        found: &Found,
        args: &[String],
    ) -> Result<(i32, Vec<u8>), Fault> {
        let folder = self.runs.start(None)?;
        let placing = Placing {
            blobs: &*self.options.blobs_in,
            times: &mut Times::Fixed,
            mounts: Vec::new(),
            cwd: &WorkspacePath::root(),
        };
        place(&folder.work, &Directory::empty(), placing)?;
        let mut env = found.env.clone();
        complete(&mut env, &found.path);
        let confinement = Confinement {
            tier: self.options.tier,
            tool: found.name.clone(),
            program: found.program.clone(),
            args: args.to_vec(),
            env,
            cwd: String::new(),
            readable: found.closure.iter().map(|entry| entry.path.clone()).collect(),
            workspace: folder.work.path().to_owned(),
            scratch: folder.tmp.clone(),
            state: Vec::new(),
            ports: Vec::new(),
            limits: alone(),
        };
        let mut text = Vec::new();
        let most = 64 << 10;
        let mut take = |_, bytes: &[u8]| {
            let room: usize = most - text.len().min(most);
            text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        };
        let cancel = Cancel::new();
        let ended = confine::run(
            &confinement,
            Streams { stdin: b"", printed: &mut take, cancel: &cancel },
        )?;
        Ok((ended.code, text))
    }
}

/// The limits of a run that only prints a version.
fn alone() -> ToolLimits {
    ToolLimits {
        time: Limit::default_of(Duration::from_secs(60)),
        memory: Limit::default_of(4 << 30),
        processes: Limit::default_of(200),
        output_bytes: Limit::default_of(64 << 20),
        output_files: Limit::default_of(0),
        log_bytes: Limit::default_of(64 << 10),
    }
}

fn times(request: &ToolRequest<'_>, states: Option<&States>) -> Result<Times, Fault> {
    let Some(states) = states else { return Ok(Times::Fixed) };
    let ToolAction { tool, label, .. } = request.action;
    let who = format!("{}\n{tool}\n{label}", request.step);
    Times::remembered(&states.root, &states.first, who)
}

fn confinement(
    request: &ToolRequest<'_>,
    known: &Known,
    folder: &RunFolder,
    (states, ports): (Option<&States>, Vec<u16>),
) -> Confinement {
    let action = request.action;
    let mut env = known.found.env.clone();
    env.extend(action.env.clone());
    complete(&mut env, &known.found.path);
    Confinement {
        tier: action.granted.tier,
        tool: action.tool.clone(),
        program: known.found.program.clone(),
        args: action.args.clone(),
        env,
        cwd: action.cwd.as_str().to_owned(),
        readable: known.found.closure.iter().map(|entry| entry.path.clone()).collect(),
        workspace: folder.work.path().to_owned(),
        scratch: folder.tmp.clone(),
        state: states.map(States::for_sandbox).unwrap_or_default(),
        ports,
        limits: request.limits.clone(),
    }
}

/// Adds what every tool has, unless something else is wanted. Home and the folder for temporary
/// files are where the sandbox has them.
fn complete(env: &mut std::collections::BTreeMap<String, String>, path: &[PathBuf]) {
    let path: Vec<_> = path.iter().map(|folder| folder.display().to_string()).collect();
    env.entry("PATH".to_owned()).or_insert_with(|| path.join(":"));
    env.entry("LANG".to_owned()).or_insert_with(|| "C.UTF-8".to_owned());
}

/// The ports of `host:port`. Names of hosts are for the record: the sandbox knows ports only.
fn ports(network: &[String]) -> Result<Vec<u16>, Fault> {
    let port = |entry: &String| {
        let port = entry.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let port = port.and_then(|(_, port)| port.parse().ok()).filter(|port| *port != 0);
        port.ok_or_else(|| {
            let message = format!("`{entry}` is not a host and a port");
            Fault::new(Blame::Configuration, fault::BAD_HOST, message)
                .help("write `host:port`, such as `example.org:443`")
        })
    };
    let mut ports = network.iter().map(port).collect::<Result<Vec<_>, _>>()?;
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// Whether the disk of a folder takes next to nothing more. One that does not say takes more.
fn is_full(folder: &Root) -> bool {
    let bytes = folder.free_bytes().unwrap_or(u64::MAX);
    bytes < LEAST || matches!(folder.free_files(), Ok(Some(0)))
}

fn cost(ended: &Ended, prepared: Duration) -> ToolCost {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    ToolCost {
        wall_us: micros(ended.wall),
        setup_us: micros(prepared + ended.setup),
        peak_memory: ended.peak_memory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_taken_from_hosts_and_what_is_none_is_refused() {
        let check = |entries: &[&str], expected: Option<&[u16]>| {
            let entries: Vec<_> = entries.iter().map(|&entry| entry.to_owned()).collect();
            assert_eq!(ports(&entries).ok().as_deref(), expected, "{entries:?}");
        };
        check(&["b:443", "a:80", "c:443"], Some(&[80, 443]));
        check(&["[::1]:80"], Some(&[80]));
        for entry in ["host", "host:", ":80", "host:0", "host:65536", "host:http"] {
            check(&[entry], None);
        }
    }
}
