//! An Executor of tiny scripts: each step's configuration is `{"script": [[op, argument..]..]}`.
//!
//! It tells its script only what the View answers, and records each question, so its Traces are
//! as honest as the sandbox's.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

use belljar_model::event::{LogLevel, LogLine};
use belljar_model::fault::Blame;
use belljar_model::ports::{BlobStore, Execution, Executor, ListingOrder, Request, Variation};
use belljar_model::{
    ActionResult, Answer, Code, Cost, Fault, Observation, OutputFile, Question, Sharing, StepName,
    Trace, Verdict,
};
use serde_json::Value;

use super::{MemoryBlobs, path};

#[derive(Default)]
pub(crate) struct ScriptExecutor {
    /// The executions so far, in the order of their starts.
    pub(crate) executed: Mutex<Vec<StepName>>,
    running: Mutex<Crowd>,
    moved: Condvar,
}

/// How many executions run at once, now and at most.
#[derive(Default)]
struct Crowd {
    now: usize,
    most: usize,
}

/// One script while it runs.
struct Script<'a> {
    request: &'a Request<'a>,
    blobs: &'a MemoryBlobs,
    trace: Vec<Observation>,
    /// All that it was told so far: what its outputs depend on.
    told: String,
    outputs: BTreeMap<String, OutputFile>,
    log: Vec<LogLine>,
}

/// The ports of an execution: the executor and the store that it writes to.
pub(crate) struct Executing<'a> {
    pub(crate) scripts: &'a ScriptExecutor,
    pub(crate) blobs: &'a MemoryBlobs,
}

impl ScriptExecutor {
    pub(crate) fn most_at_once(&self) -> usize {
        self.running.lock().unwrap().most
    }

    /// Waits until `count` executions run at once.
    fn meet(&self, count: usize) {
        let crowd = self.running.lock().unwrap();
        drop(self.moved.wait_while(crowd, |crowd| crowd.most < count).unwrap());
    }

    fn enter(&self, change: isize) {
        let mut crowd = self.running.lock().unwrap();
        crowd.now = crowd.now.checked_add_signed(change).unwrap();
        crowd.most = crowd.most.max(crowd.now);
        self.moved.notify_all();
    }
}

impl Executor for Executing<'_> {
    fn execute(&self, request: &Request<'_>) -> Execution {
        let attempt = {
            let mut executed = self.scripts.executed.lock().unwrap();
            executed.push(request.step.clone());
            executed.iter().filter(|step| *step == request.step).count()
        };
        let config: Value = serde_json::from_str(&request.action.config).unwrap();
        let ops = config["script"].as_array().cloned().unwrap_or_default();
        let (trace, told, outputs, log) = Default::default();
        let blobs = self.blobs;
        let mut script = Script { request, blobs, trace, told, outputs, log };
        self.scripts.enter(1);
        let mut outcome = Ok(Verdict::Passed);
        for op in &ops {
            outcome = script.op(self.scripts, op, attempt);
            if outcome != Ok(Verdict::Passed) {
                break;
            }
        }
        self.scripts.enter(-1);
        script.end(outcome)
    }
}

impl Script<'_> {
    fn op(
        &mut self,
        scripts: &ScriptExecutor,
        op: &Value,
        attempt: usize,
    ) -> Result<Verdict, Fault> {
        let text = |at: usize| op[at].as_str().unwrap_or_default().to_owned();
        let number = |at: usize| usize::try_from(op[at].as_u64().unwrap()).unwrap();
        match text(0).as_str() {
            "read" => drop(self.ask(Question::Content(path(&text(1))))),
            "stat" => drop(self.ask(Question::Stat(path(&text(1))))),
            "list" => drop(self.ask(Question::Listing(path(&text(1))))),
            "declared" => drop(self.ask(Question::Declared(path(&text(1))))),
            "env" => drop(self.ask(Question::Environment(text(1)))),
            "glob" => self.glob(&text(1)),
            "either" => {
                let first = self.ask(Question::Content(path(&text(1))));
                if first == Answer::Absent {
                    self.ask(Question::Content(path(&text(2))));
                }
            }
            "write" => self.write(&text(1), &self.told.clone()),
            "write-parity" => self.write(&text(1), &(self.told.len() % 2).to_string()),
            "write-varied" => {
                let Variation { clock_ahead, seed, listing } = self.request.variation;
                let seen = match text(2).as_str() {
                    "clock" => format!("{clock_ahead}"),
                    "seed" => format!("{seed}"),
                    _ => format!("{}", u8::from(listing == ListingOrder::Reversed)),
                };
                self.write(&text(1), &format!("told {seen}"));
            }
            "write-attempt" => self.write(&text(1), &format!("attempt {attempt}")),
            "say" => self.say(text(1)),
            // Reveals a secret of this name, and says it, or does with it what another verb says.
            "tell" => {
                let value = self.request.secrets.reveal(&text(1))?;
                return self.tell(String::from_utf8(value.expose().to_vec()).unwrap(), &text(2));
            }
            "fail-with" => {
                if self.ask(Question::Content(path(&text(1)))) != Answer::Absent {
                    let (code, message) = ("found".to_owned(), format!("{} is there", text(1)));
                    return Ok(Verdict::Failed { code, message });
                }
            }
            "trap" if attempt <= number(1) => {
                return Err(Fault::new(Blame::Plugin, Code::new("E0401"), "it trapped"));
            }
            "trap" => {}
            "denied" => return Err(Fault::new(Blame::Policy, Code::new("E0304"), "not granted")),
            "cancel" => {
                self.request.cancel.ask();
                return Err(Fault::new(Blame::Cancelled, Code::new("E0405"), "it was cancelled"));
            }
            "panic" => panic!("a port with a defect"),
            "meet" => scripts.meet(number(1)),
            other => unreachable!("unknown operation `{other}`"),
        }
        Ok(Verdict::Passed)
    }

    /// Gives a secret away.
    fn tell(&mut self, value: String, how: &str) -> Result<Verdict, Fault> {
        match how {
            "say" => self.say(format!("it is {value}!")),
            "name" => self.write(&format!("out/{value}"), "x"),
            "ask" => drop(self.ask(Question::Environment(value))),
            "fail" => {
                let message = format!("it is {value}");
                return Ok(Verdict::Failed { code: value, message });
            }
            "err" => {
                let fault = Fault::new(Blame::Plugin, Code::new("E0401"), &value);
                return Err(fault.note(&value).help(value));
            }
            verb => unreachable!("unknown `{verb}`"),
        }
        Ok(Verdict::Passed)
    }

    fn ask(&mut self, question: Question) -> Answer {
        let answer = self.request.action.view.answer(&question);
        self.told.push_str(&format!("{question:?} {answer:?}\n"));
        if !self.trace.iter().any(|seen| seen.question == question) {
            self.trace.push(Observation { question, answer: answer.clone() });
        }
        answer
    }

    /// Reads all that a pattern matches.
    fn glob(&mut self, pattern: &str) {
        let question = Question::Glob { patterns: vec![pattern.to_owned()], except: vec![] };
        let Answer::Paths(paths) = self.ask(question) else { return };
        for (path, _) in paths {
            self.ask(Question::Content(path));
        }
    }

    fn write(&mut self, at: &str, content: &str) {
        let digest = self.blobs.put(content.as_bytes()).unwrap();
        let file = OutputFile { path: path(at), digest, executable: false };
        self.outputs.insert(at.to_owned(), file);
    }

    fn say(&mut self, text: String) {
        let line = LogLine { level: LogLevel::Info, text };
        self.request.log.line(self.request.step, &line);
        self.log.push(line);
    }

    fn end(self, outcome: Result<Verdict, Fault>) -> Execution {
        let passed = outcome == Ok(Verdict::Passed);
        let outputs = if passed { self.outputs.into_values().collect() } else { Vec::new() };
        let cost = Cost { wall_us: 1000, ..Cost::default() };
        let class = self.request.action.class;
        let summary = format!("told {} bytes", self.told.len());
        let outcome = outcome.map(|verdict| ActionResult {
            verdict,
            summary,
            class,
            outputs,
            findings: Vec::new(),
            tests: Vec::new(),
            coverage: Vec::new(),
            log: None,
            isolation: None,
            tool: None,
            sharing: Sharing::Free,
            cost,
        });
        Execution { outcome, trace: Trace(self.trace), log: self.log, cost, tools: Vec::new() }
    }
}
