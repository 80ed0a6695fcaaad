//! The Faults of this crate.

use belljar_model::{Blame, Code, Fault};

/// Compiling took more than it may.
const COMPILE_LIMIT: Code = Code::new("E0330");
/// The process that compiled died.
const COMPILE_DIED: Code = Code::new("E0332");
/// A worker died.
const DIED: Code = Code::new("E0420");
/// A worker said what it may not.
const LIED: Code = Code::new("E0421");
/// There can be no worker.
const NO_WORKER: Code = Code::new("E0422");

pub(crate) fn compile_limit(name: &str, what: &str, note: Option<&str>) -> Fault {
    let message = format!("compiling `{name}` took more than {what}");
    let fault = Fault::new(Blame::Plugin, COMPILE_LIMIT, message)
        .note("it was ended; nothing of it was run");
    match note {
        Some(note) => fault.note(note.to_owned()).help(
            "raise these limits and run again; if it takes more than usual even then, look for one \
             very large function in it",
        ),
        None => fault.help(
            "look for one very large function in it: compiling takes much longer than the size of \
             the file suggests",
        ),
    }
}

pub(crate) fn compile_died(name: &str, how: &str) -> Fault {
    let message = format!("the process that compiled `{name}` died: {how}");
    Fault::new(Blame::Plugin, COMPILE_DIED, message)
        .help("build the component anew; if it persists, report it together with the component")
}

pub(crate) fn died(what: &str, how: &str) -> Fault {
    Fault::new(Blame::Infrastructure, DIED, format!("the worker for {what} died: {how}"))
        .note("nothing was recorded, and nothing else was touched")
        .help("run again; if it persists, look for the system's out-of-memory killer in its log")
}

pub(crate) fn lied(what: &str, how: &str) -> Fault {
    let message = format!("the worker for {what} was ended, because it broke its protocol: {how}");
    Fault::new(Blame::Infrastructure, LIED, message)
        .note("nothing was recorded; a worker does this only if a plugin has taken it over")
        .help("do not use this plugin any more, and please report it together with the plugin")
}

pub(crate) fn no_worker(why: &str) -> Fault {
    Fault::new(Blame::Infrastructure, NO_WORKER, "guests cannot be executed here")
        .note(why.to_owned())
        .help("`belljar tools doctor` shows what keeps workers apart on this machine")
}

/// A mistake on this side.
pub(crate) fn own(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Infrastructure, LIED, message)
}
