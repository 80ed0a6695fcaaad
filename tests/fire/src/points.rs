//! Points: the system calls of an exerciser that change something, each a place to kill it or to
//! let the call fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};

/// The calls that change what is on a disk, or who may change it.
const CALLS: &[&str] = &[
    "openat",
    "openat2",
    "write",
    "pwrite64",
    "pwritev",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "syncfs",
    "sync_file_range",
    "fchmod",
    "fchmodat",
    "flock",
    "fcntl",
];

/// One call: its name, and how many calls of that name the thread made before it, plus one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Point {
    /// The name of the call.
    pub call: String,
    /// Which of the calls of this name.
    pub number: usize,
}

/// What happens at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blow {
    /// The process dies before the call has any effect.
    Kill,
    /// This one call fails with an error, such as `EIO`.
    Once(&'static str),
    /// This call and all later ones of its name fail.
    FromNowOn(&'static str),
}

/// How an exerciser is started.
#[derive(Clone, Debug)]
pub struct Exerciser {
    /// The program that has the verb `exercise`.
    pub program: PathBuf,
    /// What decides all it does.
    pub seed: u64,
    /// How much it does.
    pub turns: u64,
    /// Whether it takes back what it was promised.
    pub keep: bool,
}

impl Exerciser {
    /// The command that works on the store in `place`.
    pub fn command(&self, place: &Path) -> Command {
        let mut command = Command::new(&self.program);
        self.arguments(&mut command, place);
        command
    }

    fn arguments(&self, command: &mut Command, place: &Path) {
        command.arg("exercise").arg(place);
        command.args(["--seed", &self.seed.to_string(), "--turns", &self.turns.to_string()]);
        if self.keep {
            command.arg("--keep");
        }
        command.stdin(Stdio::null()).env_clear();
    }

    fn traced(&self, place: &Path, options: &[&str]) -> Result<Output> {
        let mut command = Command::new("strace");
        command.arg("-f").args(options).arg(&self.program);
        self.arguments(&mut command, place);
        command.output().context("this needs `strace`: install it")
    }

    /// All points of the exerciser's first thread, from one run that nothing disturbs.
    ///
    /// # Errors
    /// When it cannot be traced, or does not do well.
    pub fn points(&self) -> Result<Vec<Point>> {
        let folder = crate::place::quick()?;
        let log = folder.path().join("trace");
        let log = log.to_str().context("the temporary folder has no name")?;
        let trace = format!("trace={}", CALLS.join(","));
        let place = folder.path().join("store");
        let output = self.traced(&place, &["-o", log, "-e", &trace, "-s", "0"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "tracing is not permitted, or it failed: {said}");
        let text = std::fs::read_to_string(log)?;
        Ok(points(&text))
    }

    /// Runs with a blow at a point. Returns how it ended and what it said.
    ///
    /// # Errors
    /// When it cannot be traced.
    pub fn strike(&self, place: &Path, point: &Point, blow: Blow) -> Result<Output> {
        let Point { call, number } = point;
        let what = match blow {
            Blow::Kill => format!("signal=SIGKILL:when={number}"),
            Blow::Once(error) => format!("error={error}:when={number}"),
            Blow::FromNowOn(error) => format!("error={error}:when={number}+"),
        };
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:{what}"));
        self.traced(place, &["-o", "/dev/null", "-e", &trace, "-e", &inject])
    }
}

/// The points in what `strace -f` wrote.
fn points(log: &str) -> Vec<Point> {
    let mut points = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let first = log.split_whitespace().next();
    for line in log.lines() {
        let mut words = line.splitn(2, ' ');
        if words.next() != first {
            continue;
        }
        let rest = words.next().unwrap_or_default().trim_start();
        let Some((call, arguments)) = rest.split_once('(') else { continue };
        let Some(call) = CALLS.iter().find(|known| **known == call) else { continue };
        let count = counts.entry(call).or_default();
        *count += 1;
        let only_looks = match *call {
            "openat" | "openat2" => !arguments.contains("O_CREAT"),
            "fcntl" => !arguments.contains("F_SETLK"),
            _ => false,
        };
        if !only_looks {
            points.push(Point { call: (*call).to_owned(), number: *count });
        }
    }
    points
}

/// At most `count` of some points, evenly spread over all.
pub(crate) fn sample(points: &[Point], count: usize) -> Vec<Point> {
    if points.len() <= count {
        return points.to_vec();
    }
    (0..count).map(|number| points[number * points.len() / count].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_only_look_are_counted_and_left_out() {
        let log = "7 openat(AT_FDCWD, \"\"..., O_RDONLY) = 3\n\
                   7 openat(3, \"\"..., O_WRONLY|O_CREAT|O_EXCL, 0444) = 4\n\
                   8 write(4, \"\"..., 9) = 9\n\
                   7 write(4, \"\"..., 9) = 9\n\
                   7 +++ exited with 0 +++\n";
        let point = |call: &str, number| Point { call: call.to_owned(), number };
        assert_eq!(points(log), [point("openat", 2), point("write", 1)]);
    }
}
