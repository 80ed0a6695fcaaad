//! The Faults of a confined program: each code, its sentence and what to do.

use std::path::Path;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::text::{bytes, duration};
use belljar_model::{Blame, Code, Fault};

/// bubblewrap is missing or cannot be trusted.
const NO_BUBBLEWRAP: Code = Code::new("E0820");
/// The sandbox cannot be set up.
const SETUP: Code = Code::new("E0821");
/// Landlock alone does not hold an administrator.
const AS_ROOT: Code = Code::new("E0822");
/// The time is up.
const TIME: Code = Code::new("E0823");
/// Too much memory.
const MEMORY: Code = Code::new("E0824");
/// Too many processes.
const PROCESSES: Code = Code::new("E0825");
/// Too much written.
const OUTPUT: Code = Code::new("E0826");
/// It died of a signal.
const SIGNAL: Code = Code::new("E0827");
/// It cannot be executed.
const NOT_EXECUTED: Code = Code::new("E0828");
/// Someone stopped the run.
const CANCELLED: Code = Code::new("E0829");
/// A path that it is granted cannot be shown to it.
const NOT_SHOWN: Code = Code::new("E0830");

/// bubblewrap is missing or cannot be trusted.
pub(super) fn no_bubblewrap(why: &str) -> Fault {
    Fault::new(Blame::Infrastructure, NO_BUBBLEWRAP, format!("tier t1 needs bubblewrap: {why}"))
        .help("install the Debian package `bubblewrap`, or its like on this system")
}

/// The sandbox cannot be set up.
pub(super) fn setup(tool: &str, why: &str) -> Fault {
    let message = format!("the sandbox of tool `{tool}` cannot be set up: {why}");
    Fault::new(Blame::Infrastructure, SETUP, message)
}

/// Landlock alone does not hold an administrator.
pub(super) fn as_root(tool: &str) -> Fault {
    let message = format!("tool `{tool}` is not run as root in tier t2");
    Fault::new(Blame::Infrastructure, AS_ROOT, message)
        .note("Landlock and seccomp alone do not keep root from what belongs to other processes")
        .help("run as an ordinary user, or make tier t1 work: see `belljar tools doctor`")
}

/// The time is up.
pub(super) fn time(tool: &str, limit: &Limit<Duration>) -> Fault {
    let shown = duration(limit.value);
    let more = duration((limit.value * 2).max(Duration::from_secs(1)));
    Fault::new(Blame::Project, TIME, format!("tool `{tool}` ran longer than {shown}"))
        .note(limit.note("timeout", &shown))
        .help(format!("to allow more, set `timeout = \"{more}\"` on the step"))
}

/// Too much memory.
pub(super) fn memory(tool: &str, limit: &Limit<u64>) -> Fault {
    let shown = bytes(limit.value);
    let more = bytes(limit.value.saturating_mul(2).next_multiple_of(1 << 20));
    let message = format!("the processes of tool `{tool}` need more than {shown} of memory");
    Fault::new(Blame::Project, MEMORY, message)
        .note(limit.note("limits.tool-memory", &shown))
        .help(format!("to allow more, set `limits.tool-memory = \"{more}\"` on the step"))
}

/// Too many processes.
pub(super) fn processes(tool: &str, limit: &Limit<u64>) -> Fault {
    let (shown, more) = (limit.value.to_string(), limit.value.saturating_mul(2));
    let message = format!("tool `{tool}` ran more than {shown} processes and threads at once");
    Fault::new(Blame::Project, PROCESSES, message)
        .note(limit.note("limits.tool-processes", &shown))
        .help(format!("to allow more, set `limits.tool-processes = {more}` on the step"))
}

/// Too many bytes written.
pub(super) fn output(tool: &str, limit: &Limit<u64>) -> Fault {
    let shown = bytes(limit.value);
    let more = bytes(limit.value.saturating_mul(2).next_multiple_of(1 << 20));
    Fault::new(Blame::Project, OUTPUT, format!("tool `{tool}` wrote more than {shown}"))
        .note(limit.note("limits.output-bytes", &shown))
        .help(format!("to allow more, set `limits.output-bytes = \"{more}\"` on the step"))
}

/// Folders within folders without end.
pub(super) fn too_deep(tool: &str, most: usize) -> Fault {
    let message = format!("tool `{tool}` made folders nested deeper than {most}");
    Fault::new(Blame::Project, OUTPUT, message)
}

/// It died of a signal that the host did not send.
pub(super) fn signal(tool: &str, number: i32) -> Fault {
    let message = format!("tool `{tool}` was ended by signal {}", signal_name(number));
    let fault = Fault::new(Blame::Project, SIGNAL, message);
    match number {
        libc::SIGKILL => fault.note("the kernel sends it when the machine has no memory left"),
        libc::SIGSYS => fault.note("it made a system call of another architecture"),
        _ => fault,
    }
}

/// It cannot be executed.
pub(super) fn not_executed(tool: &str, why: &str) -> Fault {
    let message = format!("tool `{tool}` cannot be executed: {why}");
    Fault::new(Blame::Configuration, NOT_EXECUTED, message)
}

/// Something that it needs to be executed is not there for it.
pub(super) fn missing_part(tool: &str, part: &str) -> Fault {
    not_executed(tool, &format!("it needs `{part}`, which it may not read"))
        .help(format!("add it to `closure` of the tool: `tools.{tool}.closure = [\"{part}\"]`"))
}

/// Someone stopped the run.
pub(super) fn cancelled() -> Fault {
    Fault::new(Blame::Cancelled, CANCELLED, "the run was cancelled")
}

/// A path that it is granted cannot be shown to it.
pub(super) fn not_shown(tool: &str, path: &Path, why: &str) -> Fault {
    let message = format!("`{}` cannot be shown to tool `{tool}`: {why}", path.display());
    Fault::new(Blame::Configuration, NOT_SHOWN, message)
}

fn signal_name(number: i32) -> String {
    const NAMES: &[(i32, &str)] = &[
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGXCPU, "SIGXCPU"),
        (libc::SIGXFSZ, "SIGXFSZ"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    let known = NAMES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_its_value_where_it_is_set_and_how_to_raise_it() {
        belljar_cases::case!("D07");
        let check = |fault: Fault, message: &str, note: &str, help: &str| {
            assert_eq!(fault.message, message);
            assert_eq!(fault.notes, [note]);
            assert_eq!(fault.help.as_deref(), Some(help));
        };
        let at = |value| Limit { value, set_at: Some("b.toml:7".to_owned()) };
        check(
            time("cc", &Limit::default_of(Duration::from_millis(500))),
            "tool `cc` ran longer than 500ms",
            "`timeout` is 500ms (the default)",
            "to allow more, set `timeout = \"1s\"` on the step",
        );
        check(
            memory("cc", &at(3 << 29)),
            "the processes of tool `cc` need more than 1.5 GiB of memory",
            "`limits.tool-memory` is 1.5 GiB (set at b.toml:7)",
            "to allow more, set `limits.tool-memory = \"3 GiB\"` on the step",
        );
        check(
            processes("cc", &at(20)),
            "tool `cc` ran more than 20 processes and threads at once",
            "`limits.tool-processes` is 20 (set at b.toml:7)",
            "to allow more, set `limits.tool-processes = 40` on the step",
        );
        check(
            output("cc", &at(512)),
            "tool `cc` wrote more than 512 bytes",
            "`limits.output-bytes` is 512 bytes (set at b.toml:7)",
            "to allow more, set `limits.output-bytes = \"1 MiB\"` on the step",
        );
    }

    #[test]
    fn a_signal_is_named() {
        assert_eq!(signal("cc", libc::SIGSEGV).message, "tool `cc` was ended by signal SIGSEGV");
        assert_eq!(signal("cc", 40).message, "tool `cc` was ended by signal 40");
    }
}
