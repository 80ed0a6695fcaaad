//! Confine: one process tree, from its start to the death of its last process.

mod bubblewrap;
mod direct;
mod drive;
mod etc;
mod fault;
mod launcher;
mod namespaces;
mod outcome;
mod seed;
mod start;
mod tree;
mod usage;
mod view;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use belljar_model::ports::{Cancel, ToolLimits};
use belljar_model::{Fault, Tier};

pub(crate) use launcher::find as find_launcher;
pub(crate) use launcher::{listed, loader_of};
pub(crate) use tree::below;

/// Where a confined program prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Everything that one process tree is given. What is not named here is not there.
#[derive(Clone, Debug)]
pub struct Confinement {
    /// How it is kept apart.
    pub tier: Tier,
    /// The tool's name, for messages.
    pub tool: String,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments; `{workspace}` is not filled in yet.
    pub args: Vec<String>,
    /// The whole environment; `{workspace}` in values is not filled in yet.
    pub env: BTreeMap<String, String>,
    /// The directory it starts in, relative to the workspace.
    pub cwd: String,
    /// Files and directories of the machine that it may read and execute.
    pub readable: Vec<PathBuf>,
    /// The folder of the machine that it finds as its workspace. It may do there what it likes.
    pub workspace: PathBuf,
    /// The folder of the machine for temporary files and its home, in tiers that have no file
    /// system of their own. It is made if it is not there, and has nothing in it.
    pub scratch: PathBuf,
    /// Folders of the machine that it finds in its workspace, and where.
    pub state: Vec<(PathBuf, String)>,
    /// Ports that it may connect to; none is no network at all.
    pub ports: Vec<u16>,
    /// How much of the machine it may use.
    pub limits: ToolLimits,
}

/// What a confined program is fed and where what it prints goes.
pub struct Streams<'a> {
    /// Standard input.
    pub stdin: &'a [u8],
    /// Takes what is printed, piece by piece, as it comes. Called from the caller's thread or
    /// from two threads in turn, never at once.
    pub printed: &'a mut (dyn FnMut(Channel, &[u8]) + Send),
    /// Asked again and again.
    pub cancel: &'a Cancel,
}

/// A process tree that has ended by itself; every process of it is dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// The exit code of its first process.
    pub code: i32,
    /// From the call to the moment before the program itself was executed.
    pub setup: Duration,
    /// From the call to the death of the last process.
    pub wall: Duration,
    /// The most memory that all its processes held together, in bytes, as far as it was seen.
    pub peak_memory: u64,
}

/// Runs a program to its end. Whatever is returned, none of its processes is left.
///
/// # Errors
/// When it cannot be started, dies of a signal, reaches a limit, or the run is cancelled.
pub fn run(confinement: &Confinement, streams: Streams<'_>) -> Result<Ended, Fault> {
    drive::run(confinement, streams)
}

/// The Fault of a sandbox that cannot be set up.
pub(crate) fn not_set_up(tool: &str, why: &str) -> Fault {
    fault::setup(tool, why)
}

/// An environment with the workspace's path filled in.
fn filled(env: &BTreeMap<String, String>, workspace: &str) -> BTreeMap<String, String> {
    let fill =
        |(name, value): (&String, &String)| (name.clone(), value.replace("{workspace}", workspace));
    env.iter().map(fill).collect()
}
