//! Recordings: every run leaves its event stream in `.belljar/runs-v1/`.
//!
//! A recording is a file of JSON lines named `<milliseconds since 1970>-<id>.jsonl`, so that
//! the names sort by time. The newest [`KEPT`] stay. A run in which nothing changed is
//! `<milliseconds>-<id>-as-<id of the other>.jsonl`, and holds no steps.

use std::path::Path;

use anyhow::Context as _;
use belljar_disk::Root;
use belljar_model::Event;
use belljar_model::event::Source;

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
    /// The run since which nothing had changed; `None` if something had.
    since: Option<String>,
    file: String,
}

impl Recordings {
    /// Opens the recordings below a workspace's state folder.
    pub(crate) fn open(state: &Path) -> anyhow::Result<Self> {
        let folder = Root::create(&state.join(FOLDER));
        Ok(Self { folder: folder.context("the run recordings cannot be kept")? })
    }

    /// Starts the recording of a run.
    pub(crate) fn start(
        &self,
        id: &str,
        at: u64,
    ) -> anyhow::Result<impl std::io::Write + Send + use<>> {
        let file = self.folder.create_file(&file_name(id, at, None))?;
        Ok(std::io::BufWriter::new(file))
    }

    /// Starts the recording of a run in which nothing changed since another. `None` if that one's
    /// recording is gone.
    pub(crate) fn start_unchanged(
        &self,
        id: &str,
        at: u64,
        since: &str,
    ) -> anyhow::Result<Option<impl std::io::Write + Send + use<>>> {
        if !self.list()?.iter().any(|run| run.id == since && run.since.is_none()) {
            return Ok(None);
        }
        let file = self.folder.create_file(&file_name(id, at, Some(since)))?;
        Ok(Some(std::io::BufWriter::new(file)))
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

    /// Reads the events of a run. If nothing changed since another one, its steps are those of
    /// that one, as hits.
    pub(crate) fn read(&self, run: &Recorded) -> anyhow::Result<Vec<Event>> {
        let events = self.read_file(run)?;
        let Some(since) = &run.since else { return Ok(events) };
        let full = self.list()?.into_iter().find(|full| full.id == *since && full.since.is_none());
        let full = full.map(|full| self.read_file(&full)).transpose()?.unwrap_or_default();
        let (started, ended) = events.split_at(events.len().min(1));
        let steps = full.into_iter().filter_map(as_hit);
        Ok(started.iter().cloned().chain(steps).chain(ended.iter().cloned()).collect())
    }

    fn read_file(&self, run: &Recorded) -> anyhow::Result<Vec<Event>> {
        let bytes = self.folder.read(&run.file)?;
        Ok(belljar_report::json::read(&String::from_utf8_lossy(&bytes)))
    }

    /// Removes all but the newest recordings, and those that these refer to.
    pub(crate) fn prune(&self) -> anyhow::Result<()> {
        let runs = self.list()?;
        let (kept, old) = runs.split_at(runs.len().min(KEPT));
        for old in old {
            if !kept.iter().any(|run| run.since.as_ref() == Some(&old.id)) {
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

/// Thirteen digits are enough until the year 2286.
fn file_name(id: &str, at: u64, since: Option<&str>) -> String {
    let since = since.map_or_else(String::new, |since| format!("-as-{since}"));
    format!("{at:013}-{id}{since}.jsonl")
}

/// What an event of a run is in one in which nothing changed; `None` if it does not happen.
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
    use super::*;

    #[test]
    fn a_file_name_tells_the_run() {
        let run = Recorded::of(&file_name("0a41bc2d", 1_700_000_000_000, None)).unwrap();
        assert_eq!((run.id.as_str(), run.at, run.since), ("0a41bc2d", 1_700_000_000_000, None));
        let run = Recorded::of(&file_name("0a41bc2d", 1, Some("77aa00ff"))).unwrap();
        assert_eq!((run.id.as_str(), run.since.as_deref()), ("0a41bc2d", Some("77aa00ff")));
        assert_eq!(Recorded::of("notes.txt"), None);
    }
}
