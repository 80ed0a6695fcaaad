//! Tools that are WebAssembly: what they find, what they leave, and how they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use belljar_model::event::{LogLine, Source};
use belljar_model::limits::Limit;
use belljar_model::ports::{
    BlobSource as _, BlobStore as _, Cancel, LogSink, MemoryBlobs, ToolExecutor as _, ToolLimits,
    ToolRequest, ToolRun, Unheard,
};
use belljar_model::tool::{GrantedTool, StateMount, Tier};
use belljar_model::{Blame, Digest, Directory, Entry, Fault, Node, Patterns, StepName, ToolAction};
use belljar_sandbox::{AotOptions, Options, Sandbox};
use bytes::Bytes;

use crate::harness::{COMMAND, GUEST, at};

/// One run of a tool.
struct Run {
    blobs: MemoryBlobs,
    action: ToolAction,
    limits: ToolLimits,
    cancel: Cancel,
}

fn identity() -> Digest {
    Digest::of(b"another digest than the file's")
}

impl Run {
    fn new(args: &[&str]) -> Self {
        let blobs = MemoryBlobs::default();
        let stdin = blobs.put(b"fed").unwrap();
        let digest = blobs.put(b"one\n").unwrap();
        let node = Node::File { digest, executable: false };
        let root = Directory::from_entries([Entry { path: at("src/a.txt"), node }]);
        let action = ToolAction {
            tool: "md".to_owned(),
            label: String::new(),
            granted: GrantedTool { identity: identity(), tier: Tier::Wasm },
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            cwd: at("src"),
            stdin,
            root: Arc::new(root),
            writes: Patterns::parse(&["out/**"]).unwrap(),
            state: Vec::new(),
            network: Vec::new(),
        };
        let limits = ToolLimits {
            time: Limit::default_of(Duration::from_secs(60)),
            memory: Limit::default_of(64 << 20),
            processes: Limit::default_of(1),
            output_bytes: Limit::default_of(1_000),
            output_files: Limit::default_of(10),
            log_bytes: Limit::default_of(1_000),
        };
        Self { blobs, action, limits, cancel: Cancel::new() }
    }

    fn run_as(&self, program: &Bytes) -> Result<ToolRun, Fault> {
        let blobs = Arc::new(self.blobs.clone());
        let options = Options { aot: None, blobs_in: blobs.clone(), blobs_out: blobs, parallel: 1 };
        let sandbox = Sandbox::new(options).unwrap();
        let bytes = program.clone();
        let read = Arc::new(move || Ok(bytes.clone()));
        sandbox.load_command("md", identity(), Digest::of(program), read)?;
        self.run_in(&sandbox)
    }

    fn run_in(&self, sandbox: &Sandbox) -> Result<ToolRun, Fault> {
        let (step, log): (_, Arc<dyn LogSink>) = (StepName::new("step"), Arc::new(Unheard));
        let Self { action, limits, cancel, .. } = self;
        sandbox.execute(&ToolRequest {
            step: &step,
            action,
            limits,
            cpus: 1,
            reuse: belljar_model::ports::Reuse::Allowed,
            cancel,
            log: &log,
        })
    }

    #[track_caller]
    fn ran(&self) -> ToolRun {
        self.run_as(&COMMAND).unwrap_or_else(|fault| panic!("{fault:#?}"))
    }

    #[track_caller]
    fn text(&self, digest: &Digest) -> String {
        let bytes = self.blobs.get(digest).unwrap().expect("it was kept");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The exit code and what came on standard output.
    #[track_caller]
    fn told(&self) -> (i32, String) {
        let result = self.ran().result;
        (result.code, self.text(&result.stdout))
    }

    #[track_caller]
    fn fails(&self, blame: Blame, code: &str, message: &str) -> Fault {
        fails(self.run_as(&COMMAND), blame, code, message)
    }
}

#[track_caller]
fn fails(ran: Result<ToolRun, Fault>, blame: Blame, code: &str, message: &str) -> Fault {
    let fault = ran.expect_err("it should have no result");
    assert_eq!((fault.blame, fault.code.as_str()), (blame, code), "{fault:#?}");
    assert!(fault.message.contains(message), "{fault:#?}");
    fault
}

#[test]
fn a_program_reads_its_tree_and_leaves_outputs() {
    let run = Run::new(&["upper", "/src/a.txt", "out/b.txt", "--", "write", ".scratch/t", "x"]);
    let ran = run.ran();
    let outputs = &ran.result.outputs;
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    assert_eq!(outputs[0].path, at("out/b.txt"));
    assert_eq!(run.text(&outputs[0].digest), "ONE\n");
    assert_eq!((ran.result.code, ran.result.log, ran.source), (0, None, Source::Executed));
    assert!(ran.result.cost.peak_memory > 0 && ran.result.cost.wall_us > 0);
}

#[test]
fn a_program_finds_arguments_environment_and_standard_input() {
    let mut run = Run::new(&["args", "--", "say", "{workspace}/src", "--", "stdin"]);
    let args = r#"["md", "args", "--", "say", "/src", "--", "stdin"]"#;
    assert_eq!(run.told(), (0, format!("{args}\n/src\nfed")));
    run.action.args = vec!["env".to_owned()];
    run.action.env = BTreeMap::from([("ROOT".to_owned(), "{workspace}".to_owned())]);
    assert_eq!(run.told(), (0, "ROOT=/\nTMPDIR=/.scratch\n".to_owned()));
}

#[test]
fn an_exit_code_is_a_result() {
    let check = |args: &[&str], code| assert_eq!(Run::new(args).told().0, code, "{args:?}");
    check(&["exit", "0"], 0);
    check(&["exit", "1"], 1);
    check(&["read", "absent"], 1);
    check(&["write", "src/a.txt", "x"], 1);
    let run = Run::new(&["write", "out/a", "x", "--", "exit", "1"]);
    assert_eq!(run.ran().result.outputs.len(), 1, "what it made before stays");
}

#[test]
fn what_is_printed_is_kept_byte_for_byte_and_as_clean_lines() {
    let plain = Run::new(&["say", "::error::x"]).ran();
    assert_eq!(plain.lines[0].text, "> ::error::x", "no CI system takes it for a command");
    let mut run = Run::new(&["bytes", "--", "warn", "careful"]);
    run.action.label = "render".to_owned();
    let ran = run.ran();
    let lines: Vec<_> = ran.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["[render] a\u{fffd}\\u{1b}[2J", "[render] careful"]);
    let stdout = run.blobs.get(&ran.result.stdout).unwrap().unwrap();
    assert_eq!(&stdout[..], b"a\xff\x1b[2J\n");
    assert_eq!(run.text(&ran.result.stderr), "careful\n");
    let log = run.text(&ran.result.log.expect("it was not silent"));
    let kept: Vec<LogLine> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept, ran.lines);
}

#[test]
fn what_is_printed_over_the_limit_is_cut() {
    belljar_cases::case!("G04");
    let long = "x".repeat(1_500);
    let run = Run::new(&["say", &long]);
    let (code, stdout) = run.told();
    assert_eq!(code, 0);
    assert_eq!(stdout, format!("{}\n[cut: `limits.log-bytes` is 1000]\n", &long[..1_000]));
}

#[test]
fn equal_runs_are_equal_to_the_last_random_number() {
    belljar_cases::case!("F05");
    let random = |args: &[&str]| Run::new(args).told().1;
    assert_eq!(random(&["random"]), random(&["random"]));
    let first = |text: String| text.lines().next().map(str::to_owned);
    let other = random(&["random", "--", "say", "x"]);
    assert_ne!(first(random(&["random"])), first(other), "another run is another key");
}

#[test]
fn limits_end_the_tool_and_blame_the_project() {
    belljar_cases::case!("B01");
    let mut run = Run::new(&["spin"]);
    run.limits.time = Limit::default_of(Duration::from_millis(200));
    run.fails(Blame::Project, "E0844", "tool `md` ran longer than 200ms");
    let fault = Run::new(&["allocate", "128"]).fails(Blame::Project, "E0844", "of memory");
    assert_eq!(fault.notes, ["`limits.tool-memory` is 64 MiB (the default)"]);
    let long = "x".repeat(1_001);
    Run::new(&["write", "out/a", &long]).fails(Blame::Project, "E0844", "more than 1000 bytes");
    run.cancel.now();
    run.limits.time = Limit::default_of(Duration::from_secs(60));
    run.fails(Blame::Cancelled, "E0408", "cancelled");
}

#[test]
fn a_panic_is_told_with_its_message() {
    let run = Run::new(&["panic", "all is lost"]);
    let fault = run.fails(Blame::Project, "E0843", "tool `md` panicked: all is lost");
    assert!(fault.notes.iter().any(|note| note.contains("last words")), "{fault:#?}");
}

#[test]
fn what_webassembly_does_not_have_is_refused() {
    let mut run = Run::new(&["args"]);
    run.action.network = vec!["example.org:443".to_owned()];
    run.fails(Blame::Configuration, "E0845", "has no network");
    let mut run = Run::new(&["args"]);
    run.action.state = vec![StateMount { name: "s".to_owned(), path: at("s") }];
    run.fails(Blame::Configuration, "E0845", "has no state folders");
    let mut run = Run::new(&["args"]);
    run.action.stdin = Digest::of(b"nowhere");
    run.fails(Blame::Infrastructure, "E0412", "standard input of tool `md`");
}

/// Prints a line and exits with 3, as a core module of WASI 0.1.
const OLD: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\04\00\00\00old\n")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
        (call $exit (i32.const 3))))"#;

#[test]
fn a_core_module_of_the_old_interface_runs_too() {
    let run = Run::new(&[]);
    let ran = run.run_as(&wat::parse_str(OLD).unwrap().into()).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(run.text(&ran.result.stdout), "old\n");
    assert_eq!(ran.result.code, 1, "the old interface only tells that it failed");
}

/// Exits with 7, as a program can since WASI 0.2 has exit codes.
const CODE: &str = r#"(component
    (import "wasi:cli/exit@0.2.12" (instance $exit
        (export "exit-with-code" (func (param "status-code" u8)))))
    (core func $lowered (canon lower (func $exit "exit-with-code")))
    (core module $module
        (import "exit" "code" (func $code (param i32)))
        (func (export "run") (result i32)
            (call $code (i32.const 7))
            unreachable))
    (core instance $core (instantiate $module
        (with "exit" (instance (export "code" (func $lowered))))))
    (func $run (result (result)) (canon lift (core func $core "run")))
    (instance $exports (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $exports)))"#;

#[test]
fn a_program_may_end_with_any_exit_code() {
    let ran = Run::new(&[]).run_as(&wat::parse_str(CODE).unwrap().into());
    assert_eq!(ran.unwrap_or_else(|fault| panic!("{fault:#?}")).result.code, 7);
}

#[test]
fn what_is_no_program_is_refused_when_it_is_loaded() {
    belljar_cases::case!("A02");
    let check = |bytes: &[u8], blame, code, message| {
        let ran = Run::new(&[]).run_as(&Bytes::copy_from_slice(bytes));
        fails(ran, blame, code, message);
    };
    let wat = |text: &str| wat::parse_str(text).unwrap();
    check(b"#!/bin/sh\n", Blame::Configuration, "E0841", "it is text");
    check(&wat("(module)"), Blame::Configuration, "E0841", "no command of WASI 0.1");
    let own = wat(r#"(module (import "env" "f" (func)) (func (export "_start")))"#);
    check(&own, Blame::Configuration, "E0841", "no command of WASI 0.1");
    check(&wat("(component)"), Blame::Configuration, "E0841", "does not export `wasi:cli/run`");
    check(&GUEST, Blame::Policy, "E0842", "imports what a tool is not given");
    let sockets = wat(r#"(component (import "wasi:sockets/tcp@0.2.6" (instance)))"#);
    check(&sockets, Blame::Policy, "E0842", "wasi:sockets/tcp@0.2.6");
    let cut = &COMMAND[..COMMAND.len() / 2];
    check(cut, Blame::Configuration, "E0841", "is not valid WebAssembly");
}

#[test]
fn a_tool_that_was_not_loaded_is_not_run() {
    belljar_cases::case!("D01");
    let blobs = Arc::new(MemoryBlobs::default());
    let options = Options { aot: None, blobs_in: blobs.clone(), blobs_out: blobs, parallel: 1 };
    let ran = Run::new(&[]).run_in(&Sandbox::new(options).unwrap());
    fails(ran, Blame::Infrastructure, "E0410", "tool `md` was not loaded");
}

#[test]
fn a_compiled_tool_is_taken_from_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let old = Bytes::from(wat::parse_str(OLD).unwrap());
    let load = |read: Option<Bytes>| {
        let run = Run::new(&[]);
        let aot = Some(AotOptions { dir: dir.path().to_owned(), key: [7; 32] });
        let blobs = Arc::new(run.blobs.clone());
        let options = Options { aot, blobs_in: blobs.clone(), blobs_out: blobs, parallel: 1 };
        let sandbox = Sandbox::new(options).unwrap();
        let read = Arc::new(move || Ok(read.clone().expect("it is not read again")));
        sandbox.load_command("md", identity(), Digest::of(&old), read).unwrap();
        run.run_in(&sandbox).unwrap().result.stdout
    };
    assert_eq!(load(Some(old.clone())), load(None));
}
