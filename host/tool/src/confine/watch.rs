//! Watch: sees what a process tree uses while it runs, and ends it when it uses too much.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use belljar_model::ports::{Cancel, ToolLimits};
use belljar_model::{Fault, Tier};

use super::tree::{below, children, held};
use super::usage::{DEEPEST, bytes_below};
use super::{Confinement, fault};

/// How often processes are counted.
const PROCESSES: Duration = Duration::from_millis(25);
/// How often files are counted.
const FILES: Duration = Duration::from_millis(250);
/// At most this part of the time is spent with counting.
const PART: u32 = 20;

/// What is watched, and what has been seen of it.
pub(super) struct Watch<'a> {
    tool: &'a str,
    limits: &'a ToolLimits,
    cancel: &'a Cancel,
    tier: Tier,
    root: u32,
    start: Instant,
    folders: Vec<PathBuf>,
    /// What was in the folders before the tool could write much.
    before: Option<u64>,
    processes_at: Instant,
    files_at: Instant,
    /// The most memory that was seen.
    pub(super) peak: u64,
}

impl<'a> Watch<'a> {
    /// Watches the tree below this process, from now on.
    pub(super) fn new(confinement: &'a Confinement, cancel: &'a Cancel, start: Instant) -> Self {
        let mut folders = vec![confinement.workspace.clone()];
        if confinement.tier != Tier::T1 {
            folders.push(confinement.scratch.clone());
        }
        Self {
            tool: &confinement.tool,
            limits: &confinement.limits,
            cancel,
            tier: confinement.tier,
            root: 0,
            start,
            folders,
            before: None,
            processes_at: start + PROCESSES,
            files_at: start,
            peak: 0,
        }
    }

    /// Names the process below which the tool is.
    pub(super) fn started(&mut self, root: u32) {
        self.root = root;
    }

    /// How long nothing needs to be looked at.
    pub(super) fn idle(&self, now: Instant) -> Duration {
        self.processes_at.min(self.files_at).saturating_duration_since(now)
    }

    /// Looks, if it is time for it, and says why the tree must end.
    pub(super) fn look(&mut self, now: Instant) -> Option<Fault> {
        if self.cancel.is_asked() {
            return Some(fault::cancelled());
        }
        if now.duration_since(self.start) >= self.limits.time.value {
            return Some(fault::time(self.tool, &self.limits.time));
        }
        if now >= self.processes_at {
            let over = self.look_at_processes();
            self.processes_at = next(now, PROCESSES);
            if over.is_some() {
                return over;
            }
        }
        if now >= self.files_at {
            let over = self.look_at_files();
            self.files_at = next(now, FILES);
            return over;
        }
        None
    }

    /// The processes of the tool, without ours.
    fn processes(&self) -> Vec<u32> {
        let mut found = below(self.root);
        if self.tier == Tier::T1 {
            let launcher = children(self.root);
            found.retain(|pid| !launcher.contains(pid));
        }
        found
    }

    fn look_at_processes(&mut self) -> Option<Fault> {
        let held = held(&self.processes());
        self.peak = self.peak.max(held.memory);
        if held.threads > self.limits.processes.value {
            return Some(fault::processes(self.tool, &self.limits.processes));
        }
        let over = held.memory > self.limits.memory.value;
        over.then(|| fault::memory(self.tool, &self.limits.memory))
    }

    /// Looks at the files once more. Called at the end, too, when nothing is written any more.
    pub(super) fn look_at_files(&mut self) -> Option<Fault> {
        let mut bytes = 0_u64;
        for folder in &self.folders {
            match bytes_below(folder) {
                Ok(found) => bytes = bytes.saturating_add(found),
                Err(_) => return Some(fault::too_deep(self.tool, DEEPEST)),
            }
        }
        let before = *self.before.get_or_insert(bytes);
        let over = bytes.saturating_sub(before) > self.limits.output_bytes.value;
        over.then(|| fault::output(self.tool, &self.limits.output_bytes))
    }
}

/// The next time, such that looking takes only a small part of all time.
fn next(began: Instant, every: Duration) -> Instant {
    let took = began.elapsed();
    began + took + every.max(took * PART)
}
