//! Recordings: every run leaves its event stream in `.belljar/runs-v1/`.
//!
//! A recording is a file of JSON lines named `<milliseconds since 1970>-<id>.jsonl`, so that
//! the names sort by time. The newest [`KEPT`] stay. A run in which some steps, or all, had nothing
//! to do since another run is `<milliseconds>-<id>-as-<id of the other>.jsonl`, and holds the other
//! steps only. That other run may refer to one before it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use belljar_disk::Root;
use belljar_model::event::Source;
use belljar_model::{Event, StepName};

use crate::error::CommandError;

/// How many recordings stay.
const KEPT: usize = 200;

/// The folder, below the workspace's state folder.
const FOLDER: &str = "runs-v1";

/// The recordings of one workspace.
pub(crate) struct Recordings {
    folder: Root,
}

/// One recorded run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Recorded {
    /// The run's id.
    pub(crate) id: String,
    /// When it started, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The run that holds the steps for which nothing had changed since; `None` if there are none.
    since: Option<String>,
    file: String,
}

impl Recordings {
    /// Opens the recordings below a workspace's state folder.
    pub(crate) fn open(state: &Path) -> anyhow::Result<Self> {
        let folder = Root::create(&state.join(FOLDER));
        Ok(Self { folder: folder.context("the run recordings cannot be kept")? })
    }

    /// Starts the recording of a run. `since` is the run that holds the steps which it leaves out.
    pub(crate) fn start(
        &self,
        id: &str,
        at: u64,
        since: Option<&str>,
    ) -> anyhow::Result<impl std::io::Write + Send + use<>> {
        let file = self.folder.create_file(&file_name(id, at, since))?;
        Ok(std::io::BufWriter::new(file))
    }

    /// Whether a run that starts now may refer to this one: its recording is older, is there, and
    /// so is all that it refers to. `now` is in milliseconds since 1970.
    pub(crate) fn has_all_of(&self, id: &str, now: u64) -> anyhow::Result<bool> {
        let runs = self.list()?;
        let run = runs.iter().find(|run| run.id == id && run.at < now);
        let Some(run) = run else { return Ok(false) };
        Ok(lineage(run, &runs).last().is_some_and(|first| first.since.is_none()))
    }

    /// All recordings, newest first.
    pub(crate) fn list(&self) -> anyhow::Result<Vec<Recorded>> {
        let files = self.folder.list("")?;
        let names = files.iter().filter_map(|file| file.name.to_str());
        let mut runs: Vec<_> = names.filter_map(Recorded::of).collect();
        runs.sort_by(|one, two| two.file.cmp(&one.file));
        Ok(runs)
    }

    /// Finds a run by `latest`, its id, or the start of its id.
    pub(crate) fn find(&self, asked: &str) -> Result<Recorded, CommandError> {
        let runs = self.list()?;
        let mut found = runs.iter().filter(|run| asked == "latest" || run.id.starts_with(asked));
        match (found.next(), found.next()) {
            (None, _) if runs.is_empty() => {
                Err(CommandError::usage_help("nothing was run here yet", "belljar run"))
            }
            (None, _) => {
                let message =
                    format!("no run of this workspace has an id that starts with `{asked}`");
                Err(CommandError::usage_help(message, "belljar ls runs"))
            }
            (Some(_), Some(_)) if asked != "latest" => {
                let message = format!("several runs have an id that starts with `{asked}`");
                Err(CommandError::usage_help(message, "belljar ls runs"))
            }
            (Some(run), _) => Ok(run.clone()),
        }
    }

    /// Reads the events of a run. The steps for which nothing had changed since another one are
    /// those of that one, as hits.
    pub(crate) fn read(&self, run: &Recorded) -> anyhow::Result<Vec<Event>> {
        if run.since.is_none() {
            return self.read_own(run);
        }
        let runs = self.list()?;
        let mut events = Vec::new();
        for run in lineage(run, &runs).collect::<Vec<_>>().into_iter().rev() {
            events = added(events, self.read_own(run)?);
        }
        Ok(events)
    }

    /// Reads the events of a run without those of the steps that it left out.
    pub(crate) fn read_own(&self, run: &Recorded) -> anyhow::Result<Vec<Event>> {
        let bytes = self.folder.read(&run.file)?;
        Ok(belljar_report::json::read(&String::from_utf8_lossy(&bytes)))
    }

    /// Removes all but the newest recordings, and those that these refer to.
    pub(crate) fn prune(&self) -> anyhow::Result<()> {
        let runs = self.list()?;
        if runs.len() <= KEPT {
            return Ok(());
        }
        let mut kept = BTreeSet::new();
        for run in &runs[..KEPT] {
            for run in lineage(run, &runs) {
                if !kept.insert(run.file.as_str()) {
                    break; // behind one that was met before, all were
                }
            }
        }
        for old in &runs[KEPT..] {
            if !kept.contains(old.file.as_str()) {
                self.folder.remove(&old.file)?;
            }
        }
        Ok(())
    }
}

impl Recorded {
    fn of(file: &str) -> Option<Self> {
        let (at, id) = file.strip_suffix(".jsonl")?.split_once('-')?;
        let (id, since) = match id.split_once("-as-") {
            Some((id, since)) => (id, Some(since.to_owned())),
            None => (id, None),
        };
        Some(Self { id: id.to_owned(), at: at.parse().ok()?, since, file: file.to_owned() })
    }
}

/// A run, and one after another those that hold what it left out, as far as they are there.
fn lineage<'a>(
    run: &'a Recorded,
    runs: &'a [Recorded],
) -> impl Iterator<Item = &'a Recorded> + use<'a> {
    let next = |run: &&'a Recorded| {
        let since = run.since.as_ref()?;
        // Each is older than the one that refers to it; a name made by hand leads to no circle.
        runs.iter().find(|older| older.id == *since && older.file < run.file)
    };
    std::iter::successors(Some(run), next)
}

/// The events of a run, with those of the run before for the steps that it left out.
fn added(before: Vec<Event>, own: Vec<Event>) -> Vec<Event> {
    // It is told behind the plan, so without it nothing is known yet of what is left out: the run
    // goes on, or was killed.
    if before.is_empty() || !own.iter().any(|event| matches!(event, Event::Unchanged { .. })) {
        return own;
    }
    let mut planned = Vec::new();
    for event in &own {
        if let Event::Planned { steps } = event {
            planned.extend(steps.iter().map(|step| step.name.clone()));
        }
    }
    let planned: BTreeSet<StepName> = planned.into_iter().collect();
    let left_out = |event: &Event| match event {
        Event::StepFinding { step, .. } | Event::StepTest { step, .. } => !planned.contains(step),
        Event::StepFinished { report, .. } => !planned.contains(&report.step),
        _ => true,
    };
    let mut own = own.into_iter();
    let started = own.next();
    let settled = before.into_iter().filter(left_out).filter_map(as_hit);
    // The plan of the run before names all steps.
    let own = own.filter(|event| !matches!(event, Event::Planned { .. }));
    started.into_iter().chain(settled).chain(own).collect()
}

/// Thirteen digits are enough until the year 2286.
fn file_name(id: &str, at: u64, since: Option<&str>) -> String {
    let since = since.map_or_else(String::new, |since| format!("-as-{since}"));
    format!("{at:013}-{id}{since}.jsonl")
}

/// What an event of a run is in one that left its step out; `None` if it does not happen there.
fn as_hit(event: Event) -> Option<Event> {
    match event {
        Event::Planned { .. } | Event::StepFinding { .. } | Event::StepTest { .. } => Some(event),
        Event::StepFinished { at, mut report } => {
            report.source = Some(Source::ExactHit);
            report.miss.clear();
            report.tools.clear();
            (report.attempts, report.wall_us) = (0, 0);
            Some(Event::StepFinished { at, report })
        }
        Event::RunStarted { .. }
        | Event::StepStarted { .. }
        | Event::StepLog { .. }
        | Event::RecordDisputed { .. }
        | Event::StepVerified { .. }
        | Event::Unchanged { .. }
        | Event::RunFinished { .. } => None,
    }
}

/// Makes the id of a new run: eight random hexadecimal digits.
pub(crate) fn new_id() -> String {
    let random = uuid::Uuid::now_v7().simple().to_string();
    random[random.len() - 8..].to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use belljar_model::event::{PlannedStep, SCHEMA};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_name_tells_the_run() {
        let run = Recorded::of(&file_name("0a41bc2d", 1_700_000_000_000, None)).unwrap();
        assert_eq!((run.id.as_str(), run.at, run.since), ("0a41bc2d", 1_700_000_000_000, None));
        let run = Recorded::of(&file_name("0a41bc2d", 1, Some("77aa00ff"))).unwrap();
        assert_eq!((run.id.as_str(), run.since.as_deref()), ("0a41bc2d", Some("77aa00ff")));
        assert_eq!(Recorded::of("notes.txt"), None);
    }

    fn finished(step: &str, source: Source) -> Event {
        let report = json!({
            "step": step, "status": "passed", "source": source, "summary": "", "plugin": "p",
            "class": "pure", "miss": [], "attempts": 1, "wall_us": 9, "cost": belljar_model::Cost::default(),
            "outputs": [],
        });
        Event::StepFinished { at: 1, report: serde_json::from_value(report).unwrap() }
    }

    fn planned(steps: &[&str]) -> Event {
        let step = |name: &&str| PlannedStep {
            name: StepName::new(name),
            needs: Vec::new(),
            expected_us: None,
        };
        Event::Planned { steps: steps.iter().map(step).collect() }
    }

    fn recorded(recordings: &Recordings, id: &str, since: Option<&str>, events: &[Event]) {
        let at = recordings.list().unwrap().len() as u64;
        let mut to = recordings.start(id, at, since).unwrap();
        let (schema, run, host) = (SCHEMA.to_owned(), id.to_owned(), String::new());
        let started = Event::RunStarted { schema, run, at, host, asked: Vec::new() };
        for event in [&started].into_iter().chain(events) {
            writeln!(to, "{}", serde_json::to_string(event).unwrap()).unwrap();
        }
    }

    /// The steps of a run and where their results are from, and its plan.
    fn steps(recordings: &Recordings, run: &str) -> (Vec<(String, Source)>, usize) {
        let run = recordings.list().unwrap().into_iter().find(|found| found.id == run).unwrap();
        let events = recordings.read(&run).unwrap();
        let mut steps = Vec::new();
        for event in &events {
            if let Event::StepFinished { report, .. } = event {
                steps.push((report.step.to_string(), report.source.unwrap()));
            }
        }
        steps.sort_by(|(one, _), (other, _)| one.cmp(other));
        let plans = events.iter().filter_map(|event| match event {
            Event::Planned { steps } => Some(steps.len()),
            _ => None,
        });
        (steps, plans.sum())
    }

    #[test]
    fn what_a_run_left_out_is_read_from_those_before() {
        use Source::{ExactHit, Executed};
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(folder.path()).unwrap();
        let full = [planned(&["a", "b", "c"]), finished("a", Executed), finished("b", Executed)];
        recorded(&recordings, "aa", None, &[&full[..], &[finished("c", ExactHit)]].concat());
        let since = |run: &str| Event::Unchanged { since: run.to_owned() };
        let part = [planned(&["b"]), since("aa"), finished("b", Executed)];
        recorded(&recordings, "bb", Some("aa"), &part);
        recorded(&recordings, "cc", Some("bb"), &[since("bb")]);
        let of = |sources: [Source; 3]| {
            (["a", "b", "c"].map(str::to_owned).into_iter().zip(sources).collect::<Vec<_>>(), 3)
        };
        assert_eq!(steps(&recordings, "aa"), of([Executed, Executed, ExactHit]));
        assert_eq!(steps(&recordings, "bb"), of([ExactHit, Executed, ExactHit]));
        assert_eq!(steps(&recordings, "cc"), of([ExactHit; 3]));
        for (run, all) in [("aa", true), ("cc", true), ("none", false)] {
            assert_eq!(recordings.has_all_of(run, 9).unwrap(), all, "{run}");
        }
        assert!(!recordings.has_all_of("cc", 2).unwrap(), "the clock was set back");
        // One that goes on, or was killed, says nothing of a step before it says what it left out.
        recorded(&recordings, "dd", Some("aa"), &[]);
        assert_eq!(steps(&recordings, "dd"), (Vec::new(), 0));
        recorded(&recordings, "d2", Some("aa"), &[planned(&["b"])]);
        assert_eq!(steps(&recordings, "d2"), (Vec::new(), 1));
        // One that refers to itself, or to what is gone, leads nowhere.
        recorded(&recordings, "ee", Some("ee"), &[since("ee")]);
        recorded(&recordings, "ff", Some("gone"), &[since("gone")]);
        for run in ["ee", "ff"] {
            assert!(!recordings.has_all_of(run, 9).unwrap(), "{run}");
            assert_eq!(steps(&recordings, run).0, [], "{run}");
        }
    }

    #[test]
    fn what_a_kept_run_refers_to_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = Recordings::open(folder.path()).unwrap();
        recorded(&recordings, "old", None, &[]);
        recorded(&recordings, "first", None, &[]);
        recorded(&recordings, "second", Some("first"), &[]);
        for number in 0..KEPT {
            recorded(&recordings, &format!("n{number}"), Some("second"), &[]);
        }
        recordings.prune().unwrap();
        let kept = recordings.list().unwrap();
        assert_eq!(kept.len(), KEPT + 2);
        assert!(!kept.iter().any(|run| run.id == "old"));
    }
}
