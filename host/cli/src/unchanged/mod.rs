//! Unchanged: what a run need not do again, known by a look at what the last one saw.
//!
//! After a run in which every step passed, a note in the store says what it depended on: the
//! pipeline file and all that reading it asked for, the lock file, every path of the workspace
//! that was looked at, the outputs, and the [frame]. A later run for which all of that is the same
//! would look up the same records and find the same outputs in place, so it says that, and no
//! more. If only paths of the workspace changed, it runs the [part] that they concern. See
//! `docs/design/0013-unchanged-runs.md`.

mod frame;
mod kept;
mod part;

use std::collections::BTreeSet;
use std::path::PathBuf;

use belljar_disk::Root;
use belljar_model::event::{SCHEMA, Status, StepReport};
use belljar_model::ports::Clock as _;
use belljar_model::{Capability, Class, Digest, Event, OutputFile};
use belljar_pipeline::{Pipeline, Plan};
use belljar_report::console::Console;
use belljar_store::{MachineKey, Notes};
use belljar_worker::EarlyWorkers;
use belljar_workspace::{ChangeKind, Looked, STATE, Watched};
use serde::{Deserialize, Serialize};

use crate::args::{Global, RunArgs};
use crate::clock::SystemClock;
use crate::execution::Executed;
use crate::exit_code::Exit;
use crate::files::{Heard, WorkspaceFiles};
use crate::plugins::is_built_here;
use crate::recording::{Recordings, new_id};
use crate::session::Session;
use crate::stream::{JsonLines, Reader as _};
use crate::terminal::Terminal;
use crate::{lock, opening, project, shown, trust, worker};
use part::Basis;
pub(crate) use part::{OpenPart, Part};

/// How old a note may be, in milliseconds: a day. A run that looks at everything tells the store
/// which records are still used, and that must not be put off for ever.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// How many runs of a part may follow one another before one looks at everything: a recording is
/// read with all that it goes on from.
const MOST_LINKS: u32 = 64;

/// What the last run depended on, and how it ended.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The variables that its steps were granted.
    variables: Vec<String>,
    /// All outside of the workspace.
    frame: Digest,
    /// What reading the pipeline file asked for.
    heard: Vec<Heard>,
    /// The lock file: its name, and its digest if there is one.
    lock: (String, Option<Digest>),
    /// What it saw of the workspace.
    watched: Watched,
    /// When the last run that looked at everything ended, in milliseconds since 1970-01-01 UTC.
    at: u64,
    /// The last run that executed something or looked at everything.
    run: String,
    /// How many runs of a part lie between these two.
    links: u32,
    /// What each step has made, in the order of the plan.
    made: Vec<Made>,
    /// The run that kept the plan, if it could.
    kept: Option<String>,
}

/// What a step has made, and what that took.
#[derive(Serialize, Deserialize)]
struct Made {
    /// Its outputs, in bytes: most are never read.
    #[serde(with = "serde_bytes")]
    outputs: Vec<u8>,
    /// Wall time of its execution, in microseconds.
    cost_us: u64,
}

impl Made {
    fn of(report: &StepReport) -> Self {
        let outputs = postcard::to_stdvec(&report.outputs).expect("outputs are plain values");
        Self { outputs, cost_us: report.cost.wall_us }
    }

    fn outputs(&self) -> Option<Vec<OutputFile>> {
        postcard::from_bytes(&self.outputs).ok()
    }
}

/// What can be said of a run before it is begun.
pub(crate) enum Answer {
    /// Nothing changed; that was told.
    Unchanged(Exit),
    /// Only these steps have to be looked at.
    Part(Box<Part>),
    /// All have to be.
    Unknown,
}

/// A run that may turn out to be one in which nothing changed.
pub(crate) struct Candidate<'a> {
    args: &'a RunArgs,
    terminal: &'a Terminal,
    root: PathBuf,
    file: String,
    clock: SystemClock,
    store: PathBuf,
    key: Box<MachineKey>,
    /// The notes of the store as they were when the run began; `None` without a store.
    notes: Option<Notes>,
    name: Digest,
    /// Workers that are being started because something changed.
    early: Option<EarlyWorkers>,
}

impl<'a> Candidate<'a> {
    /// Says whether a run could be answered by a note, or leave one: not if it is to do or to
    /// tell more than usual.
    pub(crate) fn of(global: &Global, args: &'a RunArgs, terminal: &'a Terminal) -> Option<Self> {
        let wants_more = args.force
            || args.verify
            || args.audit_only
            || args.events.is_some()
            || !args.report.is_empty()
            || global.json
            || global.verbose > 0;
        if wants_more {
            return None;
        }
        let clock = SystemClock::start();
        let (root, file) = project::find(global).ok()?;
        let trust::Kept::Key(key) = trust::machine_key().ok()? else { return None };
        let store = opening::place(global).ok()?;
        let name = [root.to_str()?, &file].into_iter().chain(args.steps.iter().map(String::as_str));
        let name = Digest::of(&serde_json::to_vec(&name.collect::<Vec<_>>()).ok()?);
        let notes = Notes::of(&store, &key).ok();
        let early = None;
        Some(Self { args, terminal, root, file, clock, store, key, notes, name, early })
    }

    /// Looks at what the last run saw. If nothing changed, the run is recorded, and its summary
    /// shown.
    pub(crate) fn answer(&mut self) -> Answer {
        self.look().unwrap_or(Answer::Unknown)
    }

    fn look(&mut self) -> Option<Answer> {
        let mut note: Note = postcard::from_bytes(&self.read(&self.name)?).ok()?;
        let now = self.clock.now_ms();
        let is_fresh = note.at <= now && now - note.at < LONGEST_MS;
        if !is_fresh || frame::frame(&note.variables)? != note.frame {
            return None;
        }
        let root = Root::open(&self.root).ok()?;
        let (name, digest) = &note.lock;
        if root.read_if_there(name).ok()?.map(|text| Digest::of(&text)) != *digest {
            return None;
        }
        let files = WorkspaceFiles::open(&self.root).ok()?;
        if !note.heard.iter().all(|heard| heard.holds(&files)) {
            return None;
        }
        let recordings = Recordings::open(&self.root.join(STATE)).ok()?;
        if !recordings.has_all_of(&note.run, now).ok()? {
            return None;
        }
        let Looked { changes, settled } = note.watched.look(&root, now);
        tracing::debug!(paths = note.watched.len(), changes = changes.len(), settled, "looked");
        if changes.is_empty() {
            if settled > 0 {
                self.write_note(&note); // later runs need not read these files
            }
            return self.tell(&note, &recordings, now).map(Answer::Unchanged);
        }
        // What a step has made is put back. Anything else that changed is likely to be for steps.
        let read = changes.iter().filter(|change| change.kind != ChangeKind::Made).count();
        if read > 0 {
            let jobs = self.args.jobs.unwrap_or_else(opening::processors);
            self.early = worker::start_early(read.min(jobs).min(opening::processors()));
        }
        if note.links >= MOST_LINKS {
            return None;
        }
        let kept = self.read(&self.name_of_kept())?;
        let part = Part::of(note, &postcard::from_bytes(&kept).ok()?, changes)?;
        Some(Answer::Part(Box::new(part)))
    }

    /// The workers that are being started, for whoever opens the store.
    pub(crate) const fn take_early(&mut self) -> Option<EarlyWorkers> {
        self.early.take()
    }

    /// The name of the note with the plan.
    fn name_of_kept(&self) -> Digest {
        Digest::of(format!("{} plan", self.name.hex()).as_bytes())
    }

    fn tell(&self, note: &Note, recordings: &Recordings, now: u64) -> Option<Exit> {
        let totals = part::totals(note.made.iter())?;
        let id = new_id();
        let recording = recordings.start(&id, now, Some(&note.run)).ok()?;
        let mut recording = JsonLines::new(recording);
        let mut console = Console::new(
            Box::new(std::io::stderr()),
            self.terminal.err,
            shown::options((self.args.progress, self.args.logs), self.terminal),
        );
        let started = Event::RunStarted {
            schema: SCHEMA.to_owned(),
            run: id,
            at: now,
            host: env!("CARGO_PKG_VERSION").to_owned(),
            asked: self.args.steps.clone(),
        };
        let finished = Event::RunFinished {
            at: self.clock.now_ms(),
            wall_us: u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX),
            totals,
            exit_code: 0,
        };
        for event in [started, Event::Unchanged { since: note.run.clone() }, finished] {
            recording.read(&event);
            console.read(&event);
        }
        if let Err(error) = recordings.prune() {
            tracing::debug!(%error, "old recordings stay");
        }
        Some(Exit::Success)
    }

    /// Leaves a note of a run, if one that follows can be answered by it. That it cannot be
    /// written is no error: the next run looks at everything.
    pub(crate) fn remember(&mut self, session: &Session, plan: &Plan, executed: &Executed) {
        let Some(mut note) = self.note(session, plan, executed) else {
            return tracing::debug!("the next run looks at everything");
        };
        let kept = kept::keep(&executed.run, plan, session);
        if kept.is_some_and(|bytes| self.write(&self.name_of_kept(), &bytes)) {
            note.kept = Some(executed.run.clone());
        }
        self.write_note(&note);
    }

    /// Leaves a note of a run of a part, together with what it went on from.
    pub(crate) fn remember_part(&mut self, session: &Session, basis: Basis, executed: &Executed) {
        let Some(watched) = watched(session, executed) else {
            return tracing::debug!("the next run looks at what this one did");
        };
        let Basis { mut note, changes, indexes } = basis;
        let mut outdated: BTreeSet<_> = changes.into_iter().map(|change| change.path).collect();
        for (index, report) in indexes.iter().zip(&executed.summary.reports) {
            // Whoever reads what it has made needs it, and so is of this part.
            let before = note.made[*index].outputs().unwrap_or_default();
            let made = before.iter().chain(&report.outputs).map(|output| output.path.clone());
            outdated.extend(made);
            note.made[*index] = Made::of(report);
        }
        let Some(watched) = note.watched.renewed(&outdated, watched) else {
            return tracing::debug!("something changed during the run: the next one looks again");
        };
        note.watched = watched;
        note.links += 1;
        note.run.clone_from(&executed.run);
        self.write_note(&note);
    }

    fn read(&self, name: &Digest) -> Option<Vec<u8>> {
        self.notes.as_ref()?.read(name)
    }

    fn write_note(&mut self, note: &Note) {
        let bytes = postcard::to_stdvec(note).expect("a note is plain values");
        let name = self.name;
        self.write(&name, &bytes);
    }

    /// Writes a note, and says whether it could be.
    fn write(&mut self, name: &Digest, bytes: &[u8]) -> bool {
        if self.notes.is_none() {
            // The run has made the store.
            self.notes = Notes::of(&self.store, &self.key).ok();
        }
        let written = self.notes.as_mut().map(|notes| notes.write(name, bytes));
        let is_written = matches!(written, Some(Ok(true)));
        if !is_written {
            tracing::debug!(?written, "the next run looks at everything");
        }
        is_written
    }

    fn note(&self, session: &Session, plan: &Plan, executed: &Executed) -> Option<Note> {
        if !session.project.warnings.is_empty() || !is_watchable(plan, &session.project.pipeline) {
            return None;
        }
        let variables: Vec<String> = Session::environment_names(plan).collect();
        Some(Note {
            frame: frame::frame(&variables)?,
            variables,
            heard: session.project.heard.clone(),
            lock: lock::as_held(session)?,
            watched: watched(session, executed)?,
            at: self.clock.now_ms(),
            run: executed.run.clone(),
            links: 0,
            made: executed.summary.reports.iter().map(Made::of).collect(),
            kept: None,
        })
    }
}

/// What a run saw of its workspace, if it ended so that another one like it has nothing to do.
fn watched(session: &Session, executed: &Executed) -> Option<Watched> {
    let reports = &executed.summary.reports;
    let passed = reports.iter().all(|report| {
        // What another machine vouches for may lose its trust at any time.
        let of_others = report.origin.as_ref().is_some_and(|origin| origin.name.is_some());
        report.status == Status::Passed && report.class != Class::Effect && !of_others
    });
    if !passed || !executed.had_nothing_to_tell || !session.store.remarks().is_empty() {
        return None;
    }
    session.watched(reports.iter().flat_map(|report| &report.outputs))
}

/// Whether all that the steps of a plan depend on is in the workspace: tools are on the machine,
/// and a plugin that is built here depends on whatever its build reads.
fn is_watchable(plan: &Plan, pipeline: &Pipeline) -> bool {
    let is_here = |capability| matches!(capability, Capability::Env | Capability::Secret);
    let mut grants = plan.steps.iter().flat_map(|step| &step.grants);
    grants.all(|at| is_here(at.grant.capability))
        && !pipeline.plugins.values().any(|plugin| is_built_here(&plugin.location))
}
