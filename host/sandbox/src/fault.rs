//! The Faults of this crate: each code, its sentence and what to do.

use std::time::Duration;

use belljar_model::fault::ConfigProblem;
use belljar_model::limits::Limit;
use belljar_model::{Blame, Code, Fault};

use belljar_model::text::{bytes, duration, harmless};

/// Not a component, or not one that this host can compile.
pub(crate) const NOT_A_COMPONENT: Code = Code::new("E0301");
/// A component of another world.
pub(crate) const WRONG_WORLD: Code = Code::new("E0302");
/// It imports what the host does not know.
pub(crate) const UNKNOWN_IMPORT: Code = Code::new("E0303");
/// It imports a power that a pure step does not get.
pub(crate) const REFUSED_POWER: Code = Code::new("E0304");
/// Its descriptor breaks a rule.
pub(crate) const BAD_DESCRIPTOR: Code = Code::new("E0305");
/// `describe` did not return.
pub(crate) const DESCRIBE_FAILED: Code = Code::new("E0306");
/// Its bytes are not the ones that were named.
pub(crate) const OTHER_BYTES: Code = Code::new("E0307");
/// The time is up.
pub(crate) const TIME: Code = Code::new("E0401");
/// Too much linear memory.
pub(crate) const MEMORY: Code = Code::new("E0402");
/// Too much written.
pub(crate) const OUTPUT: Code = Code::new("E0403");
/// The stack is full.
pub(crate) const STACK: Code = Code::new("E0404");
/// Another limit, most of them fixed.
pub(crate) const OTHER_LIMIT: Code = Code::new("E0405");
/// A trap or an exit.
pub(crate) const TRAP: Code = Code::new("E0406");
/// The plugin says that it is at fault.
pub(crate) const INTERNAL: Code = Code::new("E0407");
/// Someone stopped the run.
pub(crate) const CANCELLED: Code = Code::new("E0408");
/// The plugin does not accept the configuration.
pub(crate) const INVALID_CONFIG: Code = Code::new("E0409");
/// The sandbox itself is at fault.
pub(crate) const SANDBOX: Code = Code::new("E0410");
/// The plugin passed the host something that breaks the interface's rules.
pub(crate) const MISUSE: Code = Code::new("E0411");
/// An input cannot be read.
pub(crate) const INPUT_GONE: Code = Code::new("E0412");
/// A tool that the step was not granted.
pub(crate) const TOOL_NOT_GRANTED: Code = Code::new("E0840");
/// A declared output was not written.
pub(crate) const NOT_WRITTEN: Code = Code::new("E0702");

/// A plugin that deploys imports what only steps have.
pub(crate) const FOR_STEPS: Code = Code::new("E0920");
/// A plugin is used in a place that is for the other kind.
pub(crate) const WRONG_PLACE: Code = Code::new("E0921");
/// A secret that the environment was not granted.
pub(crate) const SECRET_NOT_GRANTED: Code = Code::new("E0922");
/// A tool that the environment was not granted.
pub(crate) const EFFECT_TOOL_NOT_GRANTED: Code = Code::new("E0923");
/// The plugin says that it could not deploy, and not through a fault of its own.
pub(crate) const DEPLOY_FAILED: Code = Code::new("E0924");
/// A tool of a deployment did not come to an end of its own.
pub(crate) const EFFECT_TOOL_BROKE: Code = Code::new("E0925");

/// A fault of the plugin.
pub(crate) fn plugin(code: Code, message: impl Into<String>) -> Fault {
    Fault::new(Blame::Plugin, code, message)
}

/// The time is up.
pub fn time(limit: &Limit<Duration>) -> Fault {
    let shown = duration(limit.value);
    let more = duration((limit.value * 2).max(Duration::from_secs(1)));
    plugin(TIME, format!("the step ran longer than {shown}"))
        .note(limit.note("timeout", &shown))
        .help(format!("to allow more, set `timeout = \"{more}\"` on the step"))
}

/// Too much linear memory.
pub(crate) fn memory(limit: &Limit<u64>) -> Fault {
    let shown = bytes(limit.value);
    let more = bytes((limit.value * 2).next_multiple_of(1 << 20));
    plugin(MEMORY, format!("the plugin needs more than {shown} of memory"))
        .note(limit.note("limits.memory", &shown))
        .help(format!("to allow more, set `limits.memory = \"{more}\"` on the step"))
}

/// Too many bytes written.
pub(crate) fn output_bytes(limit: &Limit<u64>) -> Fault {
    let shown = bytes(limit.value);
    let more = bytes((limit.value * 2).next_multiple_of(1 << 20));
    plugin(OUTPUT, format!("the step wrote more than {shown}"))
        .note(limit.note("limits.output-bytes", &shown))
        .help(format!("to allow more, set `limits.output-bytes = \"{more}\"` on the step"))
}

/// Too many files written.
pub(crate) fn output_files(limit: &Limit<u64>) -> Fault {
    let (shown, more) = (limit.value.to_string(), limit.value.saturating_mul(2));
    plugin(OUTPUT, format!("the step wrote more than {shown} files"))
        .note(limit.note("limits.output-files", &shown))
        .help(format!("to allow more, set `limits.output-files = {more}` on the step"))
}

/// Too many findings and tests.
pub(crate) fn findings(limit: &Limit<u64>) -> Fault {
    let (shown, more) = (limit.value.to_string(), limit.value.saturating_mul(2));
    plugin(OTHER_LIMIT, format!("the step reported more than {shown} findings and tests"))
        .note(limit.note("limits.findings", &shown))
        .help(format!("to allow more, set `limits.findings = {more}` on the step"))
}

/// A limit that nobody can change.
pub(crate) fn fixed_limit(what: &str) -> Fault {
    plugin(OTHER_LIMIT, format!("the plugin went over a fixed limit of the sandbox: {what}"))
}

/// The guest ended itself.
pub(crate) fn exited(label: &str, code: u8) -> Fault {
    plugin(TRAP, format!("plugin {label} ended itself with exit code {code}"))
        .note("a plugin returns from the function that is called; one that does not has no result")
}

/// The guest broke a rule of the interface.
pub(crate) fn misuse(label: &str, what: &str) -> Fault {
    plugin(MISUSE, format!("plugin {label} {}", harmless(what)))
}

/// Someone stopped the run.
pub fn cancelled() -> Fault {
    Fault::new(Blame::Cancelled, CANCELLED, "the run was cancelled")
}

/// The plugin does not accept the configuration.
pub(crate) fn invalid_config(label: &str, problems: Vec<ConfigProblem>) -> Fault {
    let message = format!("plugin {label} does not accept the configuration");
    let mut fault = Fault::new(Blame::Configuration, INVALID_CONFIG, message);
    fault.config_problems = problems;
    fault
}

/// The sandbox itself, or the machine, is at fault.
pub(crate) fn sandbox(message: impl Into<String>) -> Fault {
    Fault::new(Blame::Infrastructure, SANDBOX, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_where_it_is_set_and_how_to_raise_it() {
        let limit = Limit { value: Duration::from_secs(600), set_at: Some("b.toml:7".to_owned()) };
        let fault = time(&limit);
        assert_eq!(fault.notes, ["`timeout` is 10m (set at b.toml:7)"]);
        let help = "to allow more, set `timeout = \"20m\"` on the step";
        assert_eq!(fault.help.as_deref(), Some(help));
    }
}
