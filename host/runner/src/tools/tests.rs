//! When a tool is run, and when its result is found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use belljar_model::event::{LogLevel, LogLine};
use belljar_model::limits::Limits;
use belljar_model::ports::{Cancel, LogSink, ToolLimits};
use belljar_model::tool::{GrantedTool, ToolCost};
use belljar_model::{Digest, Directory, OutputFile, Patterns, StepName, ToolAction, WorkspacePath};

use super::*;
use crate::testing::{MemoryBlobs, MemoryCache, path};

/// A tool that makes one file of its arguments, and says one line.
struct Making {
    blobs: Arc<MemoryBlobs>,
    runs: AtomicUsize,
    refusal: Option<&'static str>,
}

impl ToolExecutor for Making {
    fn execute(&self, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if let Some(reason) = self.refusal {
            return Err(Fault::new(Blame::Project, Code::new("E0810"), reason));
        }
        let text = request.action.args.join(" ");
        let made = self.blobs.put(text.as_bytes())?;
        let line = LogLine { level: LogLevel::Info, text };
        request.log.line(request.step, &line);
        let log = serde_json::to_vec(&line).unwrap();
        let result = ToolResult {
            code: 3,
            stdout: made,
            stderr: self.blobs.put(b"")?,
            log: Some(self.blobs.put(&log)?),
            outputs: vec![OutputFile { path: path("out"), digest: made, executable: false }],
            links: Vec::new(),
            cost: ToolCost::default(),
        };
        Ok(ToolRun { result, lines: vec![line], source: Source::Executed })
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl LogSink for Heard {
    fn line(&self, _step: &StepName, line: &LogLine) {
        self.0.lock().unwrap().push(line.text.clone());
    }
}

struct Bench {
    runner: ToolRunner,
    making: Arc<Making>,
    blobs: Arc<MemoryBlobs>,
    heard: Arc<Heard>,
    log: Arc<dyn LogSink>,
}

impl Bench {
    fn new(force: ForceMode, refusal: Option<&'static str>) -> Self {
        let blobs = Arc::new(MemoryBlobs::default());
        let making =
            Arc::new(Making { blobs: Arc::clone(&blobs), runs: AtomicUsize::new(0), refusal });
        let ports = ToolPorts {
            cache: Arc::new(MemoryCache::default()),
            blobs: Arc::clone(&blobs) as Arc<dyn BlobStore>,
            executor: Arc::clone(&making) as Arc<dyn ToolExecutor>,
            secrets: Arc::new(belljar_model::ports::NoSecrets),
            veil: belljar_model::Veil::default(),
        };
        let heard = Arc::new(Heard::default());
        let log = Arc::clone(&heard) as Arc<dyn LogSink>;
        Self { runner: ToolRunner::new(ports, 2, force), making, blobs, heard, log }
    }

    fn run(&self, step: &str, arg: &str) -> Result<ToolRun, Fault> {
        self.run_with(step, arg, Reuse::Allowed)
    }

    fn run_with(&self, step: &str, arg: &str, reuse: Reuse) -> Result<ToolRun, Fault> {
        let action = ToolAction {
            tool: "make".to_owned(),
            label: String::new(),
            granted: GrantedTool { identity: Digest::of(b"make"), tier: Tier::T1 },
            args: vec![arg.to_owned()],
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            cwd: WorkspacePath::root(),
            stdin: Digest::of(b""),
            root: Arc::new(Directory::empty()),
            writes: Patterns::none(),
            state: Vec::new(),
            network: Vec::new(),
        };
        let Limits { time, output_bytes, output_files, log_bytes, tool_memory, .. } =
            Limits::default();
        let processes = Limits::default().tool_processes;
        let limits = ToolLimits {
            time,
            memory: tool_memory,
            processes,
            output_bytes,
            output_files,
            log_bytes,
        };
        let (step, cancel) = (StepName::new(step), Cancel::new());
        let (action, limits) = (&action, &limits);
        let request = ToolRequest {
            step: &step,
            action,
            limits,
            cpus: 1,
            reuse,
            cancel: &cancel,
            log: &self.log,
        };
        self.runner.run(&request)
    }

    fn runs(&self) -> usize {
        self.making.runs.load(Ordering::SeqCst)
    }
}

#[test]
fn an_equal_run_is_found_whichever_step_asks_and_its_lines_are_told_again() {
    let bench = Bench::new(ForceMode::Nothing, None);
    let first = bench.run("a", "x").unwrap();
    let second = bench.run("b", "x").unwrap();
    assert_eq!((first.source, second.source), (Source::Executed, Source::ExactHit));
    assert_eq!((&first.result, &first.lines), (&second.result, &second.lines));
    assert_eq!(bench.run("b", "y").unwrap().source, Source::Executed);
    assert_eq!(bench.runs(), 2);
    assert_eq!(*bench.heard.0.lock().unwrap(), ["x", "x", "y"]);
}

#[test]
fn a_run_of_which_something_is_gone_is_run_again() {
    belljar_cases::case!("H04");
    let bench = Bench::new(ForceMode::Nothing, None);
    let ToolResult { stdout, stderr, log, .. } = bench.run("a", "x").unwrap().result;
    for gone in [stdout, stderr, log.unwrap()] {
        assert!(bench.blobs.lose(&gone));
        assert_eq!(bench.run("a", "x").unwrap().source, Source::Executed, "{gone}");
    }
}

#[test]
fn a_run_that_was_ended_is_not_remembered() {
    let bench = Bench::new(ForceMode::Nothing, Some("it took too long"));
    for _ in 0..2 {
        assert_eq!(bench.run("a", "x").unwrap_err().code.as_str(), "E0810");
    }
    assert_eq!(bench.runs(), 2);
}

#[test]
fn the_tools_of_a_forced_step_run_although_a_result_is_known() {
    let forced = ForceMode::Steps(BTreeSet::from([StepName::new("a")]));
    let bench = Bench::new(forced, None);
    let sources = ["b", "a", "b"].map(|step| bench.run(step, "x").unwrap().source);
    assert_eq!(sources, [Source::Executed, Source::Executed, Source::ExactHit]);
}

#[test]
fn a_run_that_is_to_be_seen_happens_and_leaves_the_record_as_it_is() {
    let bench = Bench::new(ForceMode::Nothing, None);
    let again = |reuse| bench.run_with("a", "x", reuse).unwrap().source;
    assert_eq!(again(Reuse::Denied), Source::Executed);
    assert_eq!(again(Reuse::Allowed), Source::Executed, "nothing was recorded");
    assert_eq!(again(Reuse::Denied), Source::Executed);
    assert_eq!(again(Reuse::Allowed), Source::ExactHit);
    assert_eq!(bench.runs(), 3);
}

#[test]
fn equal_runs_at_the_same_time_are_one() {
    let bench = Bench::new(ForceMode::Nothing, None);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| bench.run("a", "x").unwrap());
        }
    });
    assert_eq!(bench.runs(), 1);
}
