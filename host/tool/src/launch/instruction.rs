//! What the launcher is told, and what it tells back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything that the launcher does before the program runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Instruction {
    /// The executable.
    pub(crate) program: PathBuf,
    /// Its arguments, without its own name.
    pub(crate) args: Vec<String>,
    /// Its whole environment.
    pub(crate) env: BTreeMap<String, String>,
    /// The folder in which it starts.
    pub(crate) cwd: PathBuf,
    /// What Landlock and seccomp deny; `None` in tiers without a sandbox.
    pub(crate) walls: Option<Walls>,
    /// What the kernel counts for us.
    pub(crate) bounds: Bounds,
    /// Where the launcher is.
    pub(crate) place: Place,
}

/// What the program may reach. All else is denied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Walls {
    /// Files and folders to read and execute. What is not there stays denied, here and below.
    pub(crate) readable: Vec<PathBuf>,
    /// Folders in which it may do what it likes.
    pub(crate) writable: Vec<PathBuf>,
    /// Devices to read and write.
    pub(crate) devices: Vec<PathBuf>,
    /// Folders whose names may be listed.
    pub(crate) listable: Vec<PathBuf>,
    /// TCP ports to connect to.
    pub(crate) ports: Vec<u16>,
}

/// Limits that the kernel holds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Bounds {
    /// Processes and threads at once.
    pub(crate) processes: u64,
    /// Bytes of one file.
    pub(crate) file_bytes: u64,
}

/// Where the launcher is when it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    /// The first process of a process namespace: when it ends, the kernel ends all others.
    Namespace,
    /// A process among all others of the machine, started by this one.
    Machine {
        /// The process that started it.
        host: u32,
    },
}

/// One line that the launcher writes to its report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The program is executed next, at this moment of the monotonic clock, in nanoseconds.
    Ready(u64),
    /// The program cannot be started: which call failed, and its error number.
    Refused {
        /// What was tried.
        what: Refusal,
        /// More about it.
        detail: String,
        /// The number of the error; 0 if there is none.
        errno: i32,
    },
    /// The program ended with this code.
    Exited {
        /// Its exit code.
        code: i32,
        /// The most memory that one of its processes held, in bytes.
        peak: u64,
    },
    /// The program was ended by this signal.
    Died {
        /// The signal's number.
        signal: i32,
        /// The most memory that one of its processes held, in bytes.
        peak: u64,
    },
}

/// Which part of the start failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// The instruction cannot be read.
    Instruction,
    /// A process, a session or a limit.
    Process,
    /// Landlock.
    Landlock,
    /// seccomp.
    Seccomp,
    /// The folder to start in.
    Folder,
    /// The program itself.
    Program,
}
