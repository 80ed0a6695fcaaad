//! What the lock file refuses, and how to accept it.

use belljar_model::{Blame, Code, Fault};
use belljar_pipeline::lock::{Change, Comparison, LockEntry, LockFile, Power};
use belljar_report::text;

use super::{Mode, Why};

/// A plugin that can do more than was accepted.
pub(crate) const E0340: Code = Code::new("E0340");
/// A plugin with other bytes than were locked, though it calls itself the same.
pub(crate) const E0341: Code = Code::new("E0341");
/// A lock file that would have to change, where it may not.
pub(crate) const E0342: Code = Code::new("E0342");
/// A plugin that cannot be added.
pub(crate) const E0344: Code = Code::new("E0344");

/// Why a plugin does not run, if that follows from how it stands to the lock file.
pub(crate) fn fault_of(
    name: &str,
    before: Option<&LockEntry>,
    now: &LockEntry,
    comparison: &Comparison,
) -> Option<Fault> {
    match comparison {
        Comparison::New | Comparison::Unchanged | Comparison::Moved(_) => None,
        Comparison::Gained(changes) => Some(gained(name, changes)),
        Comparison::Swapped(changes) => {
            let label = before.map_or("", |before| before.label.as_str());
            Some(swapped(name, (label, &now.label), changes))
        }
    }
}

fn gained(name: &str, changes: &[Change]) -> Fault {
    let new: Vec<_> = changes.iter().filter(|change| change.power == Power::Gains).collect();
    let by_file = new.iter().all(|change| change.what.starts_with("grant "));
    let message = match (by_file, new.as_slice()) {
        (true, [one]) => {
            format!("the file gives plugin `{name}` what was not accepted: {}", one.what)
        }
        (false, [one]) => {
            format!("plugin `{name}` can do more than was accepted: {}", one.what)
        }
        (true, _) => format!(
            "the file gives plugin `{name}` {} that were not accepted",
            text::count(new.len(), "grant")
        ),
        (false, _) => format!(
            "plugin `{name}` can do more than was accepted: {}",
            text::count(new.len(), "new power")
        ),
    };
    let fault = Fault::new(Blame::Policy, E0340, message);
    let fault = changes.iter().fold(fault, |fault, change| fault.note(change.to_string()));
    fault.help(format!(
        "see all of it with `belljar plugin diff {name}`; to accept it: \
         `belljar plugin update {name} --accept`"
    ))
}

fn swapped(name: &str, (was, is): (&str, &str), changes: &[Change]) -> Fault {
    let message = if was == is {
        format!("plugin `{name}` still calls itself {is}, but its bytes are not those locked")
    } else {
        format!("plugin `{name}` calls itself {is}, which is not newer than the locked {was}")
    };
    let fault = Fault::new(Blame::Policy, E0341, message);
    let fault = changes.iter().fold(fault, |fault, change| fault.note(change.to_string()));
    fault.help(format!(
        "put the file back that was locked; if these bytes are meant: `belljar plugin update {name}`"
    ))
}

/// Why nothing runs where the lock file may not change; `None` if nothing differs.
pub(super) fn locked(
    mode: Mode,
    file: &str,
    before: Option<&LockFile>,
    differences: &[String],
) -> Option<Fault> {
    if differences.is_empty() {
        return None;
    }
    let because = match mode {
        Mode::Open => return None,
        Mode::Locked => "`--locked` is given",
        Mode::Frozen(Why::Asked) => "`--frozen` is given",
        Mode::Frozen(Why::Ci) => "`CI` is set, which means `--frozen`",
    };
    let message = if before.is_some() {
        format!("the lock file `{file}` would change, and it may not: {because}")
    } else {
        format!("there is no lock file `{file}`, and none may be written: {because}")
    };
    let fault = Fault::new(Blame::Policy, E0342, message);
    let fault = differences.iter().fold(fault, |fault, line| fault.note(line.clone()));
    let mut help = format!("run `belljar plugin update` where you work, and commit `{file}`");
    if mode == Mode::Frozen(Why::Ci) {
        help += "; `--no-locked` goes on without";
    }
    Some(fault.help(help))
}

/// A plugin that is called almost like another one.
pub(crate) fn look_alike(name: &str, other: &str) -> Fault {
    let message = format!("the name `{name}` looks like `{other}`, and is another");
    Fault::new(Blame::Policy, E0344, message)
        .help(format!("choose a name that nobody can take for `{other}`"))
}

/// A name that is taken.
pub(crate) fn taken(name: &str) -> Fault {
    let message = format!("the pipeline file has a plugin `{name}` already");
    Fault::new(Blame::Configuration, E0344, message)
        .help(format!("change its line by hand, then `belljar plugin update {name}`"))
}

/// A file to which no line can be added.
pub(crate) fn no_line(file: &str, line: &str) -> Fault {
    let message = format!("`{file}` is written in a way that no plugin can be added to");
    Fault::new(Blame::Configuration, E0344, message)
        .help(format!("add this line to `[plugins]` yourself: {line}"))
}
