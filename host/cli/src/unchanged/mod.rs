//! Unchanged: a run in which nothing is to be done is answered by a look at what the last one saw.
//!
//! After a run in which every step passed, a note in the store says what it depended on: the
//! pipeline file and all that reading it asked for, the lock file, every path of the workspace
//! that was looked at, the outputs, and the [frame]. A later run for which all of that is the same
//! would look up the same records and find the same outputs in place, so it says that, and no
//! more. See `docs/design/0013-unchanged-runs.md`.

mod frame;

use std::path::PathBuf;

use belljar_disk::Root;
use belljar_model::event::{SCHEMA, Status, Totals};
use belljar_model::ports::Clock as _;
use belljar_model::{Capability, Class, Digest, Event};
use belljar_pipeline::{Pipeline, Plan};
use belljar_report::console::Console;
use belljar_store::{MachineKey, Notes};
use belljar_workspace::{STATE, Watched};
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
use crate::{lock, opening, project, shown, trust};

/// How old a note may be, in milliseconds: a day. A run that looks at everything tells the store
/// which records are still used, and that must not be put off for ever.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

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
    /// When it ended, in milliseconds since 1970-01-01 UTC.
    at: u64,
    /// The run that has a recording of every step.
    run: String,
    /// How many steps there were, and what their executions took.
    totals: Totals,
}

/// A run that may turn out to be one in which nothing changed.
pub(crate) struct Candidate<'a> {
    args: &'a RunArgs,
    terminal: &'a Terminal,
    root: PathBuf,
    clock: SystemClock,
    store: PathBuf,
    key: Box<MachineKey>,
    name: Digest,
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
        Some(Self { args, terminal, root, clock, store, key, name })
    }

    /// The notes of the store, once there is one.
    fn notes(&self) -> Option<Notes> {
        Notes::of(&self.store, &self.key).ok()
    }

    /// Answers the run if nothing changed: it is recorded, and its summary shown.
    pub(crate) fn answer(&self) -> Option<Exit> {
        let note: Note = postcard::from_bytes(&self.notes()?.read(&self.name)?).ok()?;
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
        if !note.heard.iter().all(|heard| heard.holds(&files)) || !note.watched.holds(&root) {
            return None;
        }
        tracing::debug!(paths = note.watched.len(), "nothing changed");
        self.tell(note, now)
    }

    fn tell(&self, note: Note, now: u64) -> Option<Exit> {
        let recordings = Recordings::open(&self.root.join(STATE)).ok()?;
        let id = new_id();
        let recording = recordings.start_unchanged(&id, now, &note.run).ok()??;
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
            totals: note.totals,
            exit_code: 0,
        };
        for event in [started, Event::Unchanged { since: note.run }, finished] {
            recording.read(&event);
            console.read(&event);
        }
        recordings.prune().ok()?;
        Some(Exit::Success)
    }

    /// Leaves a note of a run, if one that follows can be answered by it. That it cannot be
    /// written is no error: the next run looks at everything.
    pub(crate) fn remember(&self, session: &Session, plan: &Plan, executed: &Executed) {
        match self.note(session, plan, executed) {
            None => tracing::debug!("the next run looks at everything"),
            Some(note) => {
                let bytes = postcard::to_stdvec(&note).expect("a note is plain values");
                let written = self.notes().map(|notes| notes.write(&self.name, &bytes));
                if !matches!(written, Some(Ok(()))) {
                    tracing::debug!(?written, "the next run looks at everything");
                }
            }
        }
    }

    fn note(&self, session: &Session, plan: &Plan, executed: &Executed) -> Option<Note> {
        let reports = &executed.summary.reports;
        let passed = reports.iter().all(|report| {
            // What another machine vouches for may lose its trust at any time.
            let of_others = report.origin.as_ref().is_some_and(|origin| origin.name.is_some());
            report.status == Status::Passed && report.class != Class::Effect && !of_others
        });
        let project = &session.project;
        let quiet = executed.had_nothing_to_tell && project.warnings.is_empty();
        if !passed
            || !quiet
            || !session.store.remarks().is_empty()
            || !is_watchable(plan, &project.pipeline)
        {
            return None;
        }
        let variables: Vec<String> = Session::environment_names(plan).collect();
        let outputs = reports.iter().flat_map(|report| &report.outputs);
        let steps = executed.summary.totals.steps;
        let saved = reports.iter().map(|report| report.cost.wall_us).sum();
        Some(Note {
            frame: frame::frame(&variables)?,
            variables,
            heard: project.heard.clone(),
            lock: lock::as_held(session)?,
            watched: session.watched(outputs)?,
            at: self.clock.now_ms(),
            run: executed.run.clone(),
            totals: Totals {
                steps,
                passed: steps,
                cached: steps,
                saved_us: saved,
                ..Totals::default()
            },
        })
    }
}

/// Whether all that the steps of a plan depend on is in the workspace: tools are on the machine,
/// and a plugin that is built here depends on whatever its build reads.
fn is_watchable(plan: &Plan, pipeline: &Pipeline) -> bool {
    let is_here = |capability| matches!(capability, Capability::Env | Capability::Secret);
    let mut grants = plan.steps.iter().flat_map(|step| &step.grants);
    grants.all(|at| is_here(at.grant.capability))
        && !pipeline.plugins.values().any(|plugin| is_built_here(&plugin.location))
}
