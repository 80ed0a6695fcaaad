//! The Faults of tools that are WebAssembly.

use belljar_model::{Blame, Code, Digest, Fault};

use belljar_model::text::bytes;

use crate::fault;

/// The tool's file was replaced since the run began.
const CHANGED: Code = Code::new("E0816");
/// Not a WASI command.
const NOT_A_COMMAND: Code = Code::new("E0841");
/// It imports more than a command gets.
const IMPORTS: Code = Code::new("E0842");
/// A panic, a trap or a full stack.
const CRASHED: Code = Code::new("E0843");
/// A limit.
const LIMIT: Code = Code::new("E0844");
/// It was to be run with what cannot be had in WebAssembly.
const NOT_FOR_WASM: Code = Code::new("E0845");

fn not_a_command(message: String) -> Fault {
    Fault::new(Blame::Configuration, NOT_A_COMMAND, message)
}

/// The bytes are something else.
pub(crate) fn no_program(tool: &str, what: &str) -> Fault {
    not_a_command(format!("tool `{tool}` is not WebAssembly: it is {what}"))
        .help("a native tool is declared without `wasm`: `tools.NAME = \"program\"`")
}

/// The bytes are broken.
pub(crate) fn not_valid(tool: &str, reason: &str) -> Fault {
    not_a_command(format!("tool `{tool}` is not valid WebAssembly: {reason}"))
        .help("build it anew, for instance with `cargo build --target wasm32-wasip2`")
}

/// More than is loaded.
pub(crate) fn too_large(tool: &str, size: u64, most: u64) -> Fault {
    let (size, most) = (bytes(size), bytes(most));
    not_a_command(format!("tool `{tool}` has {size}; at most {most} are loaded"))
}

/// A core module that cannot be made into a component.
pub(super) fn not_adapted(tool: &str, reason: &str) -> Fault {
    not_a_command(format!("tool `{tool}` is a core module that is no command of WASI 0.1"))
        .note(reason)
        .help("build it for `wasm32-wasip2` or `wasm32-wasip1`, as a program with `main`")
}

/// A component that is no program.
pub(crate) fn no_run(tool: &str, exports: &[String]) -> Fault {
    let shown = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
    let fault = not_a_command(format!("tool `{tool}` does not export `wasi:cli/run` of WASI 0.2"))
        .note(format!("it exports {shown}"));
    if exports.iter().any(|name| name.starts_with("belljar:step/step")) {
        fault.help("this is a plugin: a step names it with `uses`")
    } else {
        fault.help("a tool is a program with `main`, built for `wasm32-wasip2`")
    }
}

/// It imports what a tool does not get.
pub(crate) fn imports(tool: &str, refused: &[String]) -> Fault {
    let subject = match refused {
        [only] => only.clone(),
        more => format!("{} interfaces", more.len()),
    };
    let message = format!("tool `{tool}` imports what a tool is not given: {subject}");
    let fault = Fault::new(Blame::Policy, IMPORTS, message)
        .help("a tool that is WebAssembly gets WASI 0.2 without sockets and HTTP, nothing else");
    if refused.len() == 1 { fault } else { refused.iter().fold(fault, Fault::note) }
}

/// It imports an interface by its name, but not as it is.
pub(crate) fn unlinkable(tool: &str, reason: &str) -> Fault {
    let message = format!("tool `{tool}` imports or exports WASI in a form that does not fit");
    not_a_command(message).note(reason)
}

/// The file is another one now.
pub(crate) fn replaced(tool: &str, named: &Digest, found: &Digest) -> Fault {
    let message = format!("the file of tool `{tool}` was changed during the run");
    Fault::new(Blame::Project, CHANGED, message)
        .note(format!("named {named}, found {found}"))
        .help("run again")
}

/// The run asks for `what`, which only native tools have.
pub(super) fn not_for_wasm(tool: &str, what: &str) -> Fault {
    let message = format!("tool `{tool}` is WebAssembly, which has no {what}");
    Fault::new(Blame::Configuration, NOT_FOR_WASM, message)
        .help(format!("run it without {what}, or use a native tool"))
}

/// What is fed to it is not to be had.
pub(super) fn no_stdin(tool: &str) -> Fault {
    let message = format!("the standard input of tool `{tool}` is not to be had");
    Fault::new(Blame::Infrastructure, fault::INPUT_GONE, message)
        .help("run again; if it persists, `belljar cache verify` checks the store")
}

/// The fault of a guest, told of a tool: what it does is the project's business.
pub(super) fn of_tool(tool: &str, fault: Fault) -> Fault {
    if fault.blame != Blame::Plugin {
        return fault;
    }
    let code =
        if fault.code == fault::TRAP || fault.code == fault::STACK { CRASHED } else { LIMIT };
    let subjects = [format!("plugin `{tool}`"), "the plugin".to_owned(), "the step".to_owned()];
    let rest = subjects.iter().find_map(|subject| fault.message.strip_prefix(subject.as_str()));
    let message = match rest {
        Some(rest) => format!("tool `{tool}`{rest}"),
        None => format!("tool `{tool}`: {}", fault.message),
    };
    let for_tools = |text: &String| text.replace("`limits.memory", "`limits.tool-memory");
    let mut told = Fault::new(Blame::Project, code, message);
    told.notes = fault.notes.iter().map(for_tools).collect();
    told.help = fault.help.as_ref().map(for_tools);
    told
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use belljar_model::limits::Limit;

    use super::*;

    #[test]
    fn what_ends_a_guest_is_told_of_the_tool_and_names_its_own_limits() {
        let check = |fault: Fault, code: &str, message: &str| {
            let told = of_tool("md", fault);
            assert_eq!((told.blame, told.code.as_str()), (Blame::Project, code), "{told:?}");
            assert_eq!(told.message, message);
            let text = format!("{told:?}");
            assert!(!text.contains("limits.memory") && !text.contains("plugin"), "{text}");
        };
        let time = Limit::default_of(Duration::from_secs(1));
        check(fault::time(&time), "E0844", "tool `md` ran longer than 1s");
        let memory = Limit::default_of(1 << 20);
        check(fault::memory(&memory), "E0844", "tool `md` needs more than 1 MiB of memory");
        check(
            fault::output_files(&Limit::default_of(2)),
            "E0844",
            "tool `md` wrote more than 2 files",
        );
        let trap = fault::plugin(fault::TRAP, "plugin `md` panicked: no");
        check(trap, "E0843", "tool `md` panicked: no");
        let cancelled = of_tool("md", fault::cancelled());
        assert_eq!(cancelled, fault::cancelled(), "it is nobody's fault");
    }
}
