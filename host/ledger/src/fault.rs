//! The faults of the ledger: what cannot be done, and what a person must do then.

use belljar_disk::DiskError;
use belljar_model::{Blame, Code, Fault};

use crate::verify::Problem;

/// How many problems a message shows.
const SHOWN: usize = 5;

/// The ledger cannot be read or written.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn disk(error: DiskError) -> Fault {
    let fault = Fault::new(
        Blame::Infrastructure,
        Code::new("E0901"),
        format!("the ledger cannot be used: {error}"),
    );
    if error.is_full() {
        fault.help("make room on the disk; what was recorded before is still there")
    } else {
        fault.help("nothing is deployed while the ledger cannot be written: mend this first")
    }
}

/// The ledger is not what its checkpoint says.
pub(crate) fn tampered(problems: &[Problem]) -> Fault {
    let fault = Fault::new(
        Blame::Infrastructure,
        Code::new("E0902"),
        "the ledger is not what its checkpoint says",
    );
    let more = problems.len().saturating_sub(SHOWN);
    let mut fault =
        problems.iter().take(SHOWN).fold(fault, |fault, problem| fault.note(problem.to_string()));
    if more > 0 {
        fault = fault.note(format!("and {more} more"));
    }
    fault.help(
        "nothing is repaired by itself: compare `ledger.jsonl` and `checkpoint.*` with a backup, \
         put back what was there, and find out who changed it",
    )
}

/// The key does not fit.
pub(crate) fn key(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Configuration, Code::new("E0903"), message)
}

/// Evidence is missing, or is not what its name says.
pub(crate) fn evidence(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Infrastructure, Code::new("E0904"), message)
        .help("compare the folder `evidence` of the ledger with a backup")
}

/// There is no ledger, or no such entry.
pub(crate) fn absent(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Configuration, Code::new("E0905"), message)
}

/// A text that should be a checkpoint or a proof is something else.
pub(crate) fn malformed(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Configuration, Code::new("E0906"), message)
}

/// A proof proves nothing.
pub(crate) fn unproved(message: impl Into<String>) -> Fault {
    let fault = Fault::new(Blame::Infrastructure, Code::new("E0909"), "the proof does not hold");
    fault.note(message).help("nothing follows from it: ask for the proof again, or for the ledger")
}

/// What is exported cannot be written.
pub(crate) fn export(error: &std::io::Error) -> Fault {
    let message = format!("the export of the ledger cannot be written: {error}");
    Fault::new(Blame::Infrastructure, Code::new("E0901"), message)
}

/// Another process keeps the ledger locked.
pub(crate) fn locked() -> Fault {
    let message = "another process has kept the ledger locked for too long";
    Fault::new(Blame::Infrastructure, Code::new("E0907"), message)
        .help("find the process that has the file `lock` of the ledger open, and end or resume it")
}

/// A line holds what this version does not know.
pub(crate) fn newer(line: usize, reason: &str) -> Fault {
    let message = format!("line {line} of the ledger holds what this version does not know");
    Fault::new(Blame::Infrastructure, Code::new("E0908"), message)
        .note(reason)
        .help("the line is signed, so a newer version wrote it: use that version")
}
