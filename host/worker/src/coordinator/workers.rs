//! Workers: a few processes, each of which does one call at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use belljar_model::Fault;
use belljar_model::limits::Limit;
use belljar_model::ports::{BlobSource, BlobStore, Cancel};
use bytes::Bytes;

use super::answers::Answers;
use super::process::{Ordered, Process, Start, Starter, Walls, how};
use super::talk::{Stopped, Vigil, talk};
use crate::fault;
use crate::message::{Call, Done};
use crate::stream::Broken;

/// What [`Workers`] are made of.
pub struct Options {
    /// The program of every worker.
    pub program: PathBuf,
    /// Its only argument when it runs guests.
    pub runs: &'static str,
    /// Its only argument when it compiles.
    pub compiles: &'static str,
    /// How much a process that compiles may take, as that process holds it.
    pub bounds: Bounds,
    /// Has the contents of inputs.
    pub inputs: Arc<dyn BlobSource>,
    /// Takes the contents of outputs.
    pub outputs: Arc<dyn BlobStore>,
    /// How the one who runs guests says what happened.
    pub sentences: Sentences,
}

/// How much compiling may take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Processor time, as messages say it; the process itself holds it.
    pub cpu: String,
    /// Memory, as messages say it; the process itself holds it.
    pub memory: String,
    /// Wall time.
    pub wall: Duration,
    /// More to know about them, if they are not the usual ones.
    pub note: Option<String>,
}

/// Faults that are the same wherever guests run.
#[derive(Clone, Copy)]
pub struct Sentences {
    /// The time of a step is up.
    pub time_up: fn(&Limit<Duration>) -> Fault,
    /// The run was cancelled.
    pub cancelled: fn() -> Fault,
}

/// Runs guests in worker processes, and compiles each component in a process of its own.
///
/// None is started before it is needed.
pub struct Workers {
    pub(super) options: Options,
    idle: Mutex<Vec<Process>>,
    /// Those that were begun before anyone needed them.
    early: Mutex<VecDeque<Ordered>>,
    starter: Mutex<Option<Starter>>,
}

/// Workers that are being started before there is anything for them to do, because whoever begins
/// a run may know that it will need them.
pub struct EarlyWorkers {
    starter: Starter,
    ordered: VecDeque<Ordered>,
}

impl EarlyWorkers {
    /// Begins to start so many workers, and waits for none. `program` and `runs` are what
    /// [`Options`] will say. `None` if that fails: then the first call says why.
    pub fn start(program: &Path, runs: &'static str, count: usize) -> Option<Self> {
        let starter = Starter::new().ok()?;
        let order = |_| starter.order(Start { program: program.to_owned(), argument: runs }).ok();
        let ordered = (0..count).filter_map(order).collect();
        Some(Self { starter, ordered })
    }
}

/// What is done, for messages, and how long it may take.
pub(super) struct Errand<'a> {
    /// Such as `` step `lint` ``.
    pub(super) what: &'a str,
    /// The limit.
    pub(super) time: &'a Limit<Duration>,
    /// Asked while it goes on.
    pub(super) cancel: &'a Cancel,
}

/// Waits until a worker is there and has said that it is sealed.
fn greeted(ordered: Ordered) -> Result<Process, Fault> {
    let _span = tracing::trace_span!("start a worker").entered();
    ordered.greeted().map_err(|error| fault::no_worker(&error.to_string()))
}

impl Workers {
    /// Workers of which none is started yet, or some are.
    pub fn new(options: Options, early: Option<EarlyWorkers>) -> Self {
        let (starter, early) = match early {
            Some(EarlyWorkers { starter, ordered }) => (Some(starter), ordered),
            None => (None, VecDeque::new()),
        };
        let (idle, early, starter) = (Mutex::default(), Mutex::new(early), Mutex::new(starter));
        Self { options, idle, early, starter }
    }

    /// What keeps workers apart on this machine: starts one if there is none.
    ///
    /// # Errors
    /// When there can be none.
    pub fn walls(&self) -> Result<Walls, Fault> {
        let process = self.worker()?;
        let walls = process.walls;
        self.give_back(process);
        Ok(walls)
    }

    /// Ends the workers that wait for a call: for whoever knows that there will be no more calls. It
    /// does not wait until those have ended that had one before. A call that comes nevertheless
    /// starts another worker.
    pub fn dismiss(&self) {
        self.early().clear();
        self.idle().iter_mut().for_each(Process::end);
    }

    /// The numbers of the workers that wait for a call.
    pub fn waiting(&self) -> Vec<u32> {
        self.idle().iter().map(Process::id).collect()
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn worker(&self) -> Result<Process, Fault> {
        if let Some(idle) = self.idle().pop() {
            return Ok(idle);
        }
        let early = self.early().pop_front();
        match early {
            // It has waited as one that was used has: both may be gone by now.
            Some(ordered) => match greeted(ordered) {
                Ok(mut process) => {
                    process.has_waited = true;
                    Ok(process)
                }
                Err(_) => self.start(self.options.runs),
            },
            None => self.start(self.options.runs),
        }
    }

    pub(super) fn start(&self, argument: &'static str) -> Result<Process, Fault> {
        greeted(self.order(argument)?)
    }

    fn order(&self, argument: &'static str) -> Result<Ordered, Fault> {
        let start = Start { program: self.options.program.clone(), argument };
        let mut starter = self.starter.lock().unwrap_or_else(PoisonError::into_inner);
        let made = match starter.take() {
            Some(made) => made,
            None => Starter::new().map_err(|error| fault::no_worker(&error.to_string()))?,
        };
        let ordered = starter.insert(made).order(start);
        ordered.map_err(|error| fault::no_worker(&error.to_string()))
    }

    fn early(&self) -> std::sync::MutexGuard<'_, VecDeque<Ordered>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, mut process: Process) {
        process.has_waited = true;
        self.idle().push(process);
    }

    /// Makes a call in a worker; `call` is made anew if the worker turns out to be dead.
    ///
    /// # Errors
    /// When it came to no end of its own.
    pub(super) fn call(
        &self,
        call: impl Fn() -> (Call, Vec<u8>),
        answers: &mut Answers<'_>,
        errand: &Errand<'_>,
    ) -> Result<Done, Fault> {
        loop {
            let mut process = self.worker()?;
            let _span = tracing::trace_span!("worker", process = process.id()).entered();
            let mut vigil = Vigil::new(errand.cancel, errand.time.value);
            let (call, raw) = call();
            let talked = talk(&mut process.stream, (call, &raw), answers, &mut vigil);
            match talked {
                Ok((done, _)) => {
                    self.give_back(process);
                    return Ok(done);
                }
                // It died while nobody needed it, so this call has not begun.
                Err(Broken::Gone) if process.has_waited && !answers.is_begun() => {
                    tracing::debug!(worker = process.id(), "a worker died while it was idle");
                }
                Err(broken) => return Err(self.failed(process, &broken, (&vigil, errand))),
            }
        }
    }

    /// Compiles in a process of its own, which ends with it.
    ///
    /// # Errors
    /// When it came to no end of its own.
    pub(super) fn compile(
        &self,
        (call, bytes): (Call, &[u8]),
        name: &str,
        answers: &mut Answers<'_>,
    ) -> Result<(Done, Bytes), Fault> {
        let Bounds { cpu, memory, wall, note } = &self.options.bounds;
        let limit = |what: String| fault::compile_limit(name, &what, note.as_deref());
        let mut process = self.start(self.options.compiles)?;
        let cancel = Cancel::new();
        let mut vigil = Vigil::new(&cancel, *wall);
        let talked = talk(&mut process.stream, (call, bytes), answers, &mut vigil);
        talked.map_err(|broken| match broken {
            Broken::Stopped => limit(format!("{} s", wall.as_secs())),
            Broken::Protocol(how) => fault::lied(&format!("compiling `{name}`"), &how),
            Broken::Gone | Broken::Io(_) => {
                use std::os::unix::process::ExitStatusExt;
                let status = process.ended();
                match status.and_then(|status| status.signal()) {
                    Some(24) => limit(format!("{cpu} of processor time")),
                    Some(6) => limit(format!("{memory} of memory")),
                    _ => {
                        let how = status.map_or_else(|| "it hung".to_owned(), how);
                        fault::compile_died(name, &how)
                    }
                }
            }
        })
    }

    fn failed(
        &self,
        mut process: Process,
        broken: &Broken,
        (vigil, errand): (&Vigil<'_>, &Errand<'_>),
    ) -> Fault {
        let Sentences { time_up, cancelled } = self.options.sentences;
        match broken {
            Broken::Stopped => match vigil.stopped {
                Some(Stopped::Cancelled) => cancelled(),
                Some(Stopped::TimeUp) | None => {
                    time_up(errand.time).note("its worker did not end it and was killed")
                }
            },
            Broken::Protocol(how) => fault::lied(errand.what, how),
            Broken::Gone | Broken::Io(_) => {
                let how = match process.ended() {
                    Some(status) => how(status),
                    None => "it closed its socket and went on".to_owned(),
                };
                fault::died(errand.what, &how)
            }
        }
    }
}
