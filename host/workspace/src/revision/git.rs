//! Git, run in a way that a repository has no say in: nothing that it configures is executed.
//!
//! A repository may come from anybody, and its configuration names programs: for watching files,
//! for filters, for hooks, for fetching. So git gets an environment of its own; whatever it could
//! start is overridden by settings that win over those of the repository.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use belljar_disk::{Kind, Root};
use belljar_model::{Blame, Code, Fault};

/// How long one call of git may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How many bytes of an answer are read.
const MOST_BYTES: u64 = 64 << 20;

/// Settings that win over those of the repository.
const SETTINGS: &[(&str, &str)] = &[
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.commitGraph", "false"),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
];
/// The whole environment, besides settings.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    // A missing object is missing: nothing is fetched, by no protocol that the repository allows.
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    // History is what the commits say.
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
];

/// Git, for one folder.
pub(super) struct Git {
    program: PathBuf,
    folder: PathBuf,
    time_limit: Duration,
    /// The settings of filters, all of which do nothing.
    filters: Vec<(String, &'static str)>,
}

/// What git answered.
pub(super) struct Answer {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Git {
    /// Finds git in a `PATH`. Folders of the workspace are left out, whatever it says.
    pub(super) fn find(folder: &Path, path: &str) -> Result<Self, Fault> {
        let outside = |place: &&Path| place.is_absolute() && !place.starts_with(folder);
        let is_there = |place: &Path| {
            let stat = Root::open(place).and_then(|root| root.stat("git")).ok().flatten();
            stat.is_some_and(|stat| stat.kind != Kind::Directory)
        };
        let mut places = path.split(':').map(Path::new).filter(outside);
        let Some(place) = places.find(|place| is_there(place)) else {
            let message = "the workspace is in a repository, but git is not in PATH";
            return Err(Fault::new(Blame::Infrastructure, Code::new("E0930"), message)
                .help("install git, or make PATH hold the folder that it is in"));
        };
        let program = place.join("git");
        let folder = folder.to_owned();
        Ok(Self { program, folder, time_limit: TIME_LIMIT, filters: Vec::new() })
    }

    /// Gives each call less time.
    #[cfg(test)]
    pub(super) fn within(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Turns every filter off that the repository configures, by its name.
    pub(super) fn without_filters(mut self) -> Result<Self, Fault> {
        let pattern = "^filter\\..*\\.(clean|smudge|process|required)$";
        let answer = self.ask(&["config", "--null", "--name-only", "--get-regexp", pattern])?;
        if answer.status.success() {
            let names = String::from_utf8(answer.stdout).map_err(|_| {
                let message = "the repository has a filter whose name is not UTF-8";
                Fault::new(Blame::Configuration, Code::new("E0930"), message)
            })?;
            let off = |name: &str| {
                let value = if name.ends_with(".required") { "false" } else { "" };
                (name.to_owned(), value)
            };
            self.filters = names.split_terminator('\0').map(off).collect();
        }
        Ok(self)
    }

    /// Runs git to its end, whether it succeeds or not.
    pub(super) fn ask(&self, args: &[&str]) -> Result<Answer, Fault> {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(ENVIRONMENT.iter().copied());
        let settings = SETTINGS.iter().copied();
        let filters = self.filters.iter().map(|(name, value)| (name.as_str(), *value));
        let mut count = 0;
        for (name, value) in settings.chain(filters) {
            command.env(format!("GIT_CONFIG_KEY_{count}"), name);
            command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command.args(["--no-pager", "--no-optional-locks"]).args(args);
        command.current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| {
            self.failed(args, &format!("{} cannot be started: {error}", self.program.display()))
        })?;
        let answer = wait(child, self.time_limit).map_err(|reason| self.failed(args, &reason))?;
        if answer.stderr.contains("dubious ownership") {
            let message = format!(
                "the repository of `{}` belongs to another user, so git does not read it",
                self.folder.display()
            );
            return Err(Fault::new(Blame::Configuration, Code::new("E0934"), message)
                .help("run belljar as the owner of the repository, or change its owner"));
        }
        Ok(answer)
    }

    /// Runs git, and returns what it printed. Its failure is a fault.
    pub(super) fn tell(&self, args: &[&str]) -> Result<Vec<u8>, Fault> {
        let answer = self.ask(args)?;
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        Err(self.complaint(args, &answer))
    }

    /// The fault of a call that ended badly, with git's own words.
    pub(super) fn complaint(&self, args: &[&str], answer: &Answer) -> Fault {
        let mut fault = self.failed(args, &format!("it ended with {}", answer.status));
        fault.notes = answer.stderr.lines().map(str::to_owned).collect();
        fault
    }

    fn failed(&self, args: &[&str], reason: &str) -> Fault {
        let verb = args.first().copied().unwrap_or_default();
        let folder = self.folder.display();
        let message = format!("`git {verb}` did not work in `{folder}`: {reason}");
        Fault::new(Blame::Infrastructure, Code::new("E0930"), message)
    }
}

/// Reads all that a child prints, and ends it if that takes too long.
fn wait(mut child: Child, time_limit: Duration) -> Result<Answer, String> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take().expect("it is piped");
    let stderr = child.stderr.take().expect("it is piped");
    let words = thread::spawn(move || {
        let mut words = Vec::new();
        // What cannot be read is no word; the exit code tells what happened.
        let _ = stderr.take(64 << 10).read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    });
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        // Nobody listens any more once the time is over.
        let _ = sender.send(read.map(|_| bytes));
    });
    let read = receiver.recv_timeout(time_limit);
    let reason = match read {
        Ok(Ok(bytes)) if bytes.len() as u64 <= MOST_BYTES => {
            let status = child.wait().map_err(|error| error.to_string())?;
            let stderr = words.join().unwrap_or_default();
            return Ok(Answer { status, stdout: bytes, stderr });
        }
        Ok(Ok(_)) => "its answer is too long".to_owned(),
        Ok(Err(error)) => format!("its answer cannot be read: {error}"),
        Err(RecvTimeoutError::Timeout) => {
            format!("it took more than {time_limit:?}")
        }
        Err(RecvTimeoutError::Disconnected) => "its answer cannot be read".to_owned(),
    };
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
    Err(reason)
}
