//! Recordings: every run leaves its event stream in `.belljar/runs-v1/`.
//!
//! A recording is a file of JSON lines named `<milliseconds since 1970>-<id>.jsonl`, so that
//! the names sort by time. The newest [`KEPT`] stay.

use std::path::Path;

use anyhow::Context as _;
use belljar_disk::Root;
use belljar_model::Event;

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
        let file = self.folder.create_file(&file_name(id, at))?;
        Ok(std::io::BufWriter::new(file))
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

    /// Reads the events of a run.
    pub(crate) fn read(&self, run: &Recorded) -> anyhow::Result<Vec<Event>> {
        let bytes = self.folder.read(&run.file)?;
        Ok(belljar_report::json::read(&String::from_utf8_lossy(&bytes)))
    }

    /// Removes all but the newest recordings.
    pub(crate) fn prune(&self) -> anyhow::Result<()> {
        for old in self.list()?.iter().skip(KEPT) {
            self.folder.remove(&old.file)?;
        }
        Ok(())
    }
}

impl Recorded {
    fn of(file: &str) -> Option<Self> {
        let (at, id) = file.strip_suffix(".jsonl")?.split_once('-')?;
        Some(Self { id: id.to_owned(), at: at.parse().ok()?, file: file.to_owned() })
    }
}

/// Thirteen digits are enough until the year 2286.
fn file_name(id: &str, at: u64) -> String {
    format!("{at:013}-{id}.jsonl")
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
        let run = Recorded::of(&file_name("0a41bc2d", 1_700_000_000_000)).unwrap();
        assert_eq!((run.id.as_str(), run.at), ("0a41bc2d", 1_700_000_000_000));
        assert_eq!(Recorded::of("notes.txt"), None);
    }
}
