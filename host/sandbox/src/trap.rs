//! Why a guest stopped when neither it nor the host wanted it to.

use belljar_model::Fault;
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::fault::{self, fixed_limit};
use crate::limits::{CALL_BYTES, HANDLES};
use belljar_model::text::harmless;

/// The most lines of a backtrace that are shown.
const SHOWN: usize = 20;
/// So many frames in a row of one function are endless recursion.
const RECURSION: usize = 16;

/// Returns the fault of the plugin called `label` that ended with `error`.
pub(crate) fn fault(label: &str, error: &Error) -> Fault {
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return fault::sandbox("more steps run at once than the sandbox was made for");
    }
    let text = error.root_cause().to_string();
    if text.contains("(os error ") {
        return fault::sandbox("this machine cannot run WebAssembly").note(harmless(&text));
    }
    if error.downcast_ref::<ResourceTableError>().is_some()
        || text.contains("handle limit exceeded")
    {
        return fixed_limit(&format!("{HANDLES} open handles"));
    }
    if text.contains("too much data is being copied") {
        let most = belljar_model::text::bytes(CALL_BYTES as u64);
        return fixed_limit(&format!("{most} passed to the host in one call"));
    }
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(Vec::new(), frames);
    let recursive = frames.iter().find(|(_, count)| *count >= RECURSION);
    let trap = error.downcast_ref::<Trap>();
    let fault = match (trap, recursive) {
        // A guest has a second stack, in its memory, which ends where its memory ends.
        (Some(Trap::StackOverflow), _) | (Some(Trap::MemoryOutOfBounds), Some(_)) => {
            let fault = fault::plugin(fault::STACK, format!("plugin {label} used up its stack"));
            match recursive {
                Some((name, _)) => fault.note(format!("`{}` calls itself", harmless(name))),
                None => fault.note("the usual cause is endless recursion"),
            }
        }
        _ => {
            let reason = text.strip_prefix("wasm trap: ").unwrap_or(&text);
            let message = format!("plugin {label} trapped: {}", harmless(reason));
            fault::plugin(fault::TRAP, message)
        }
    };
    let lines: Vec<String> = frames.iter().take(SHOWN).map(line).collect();
    if lines.is_empty() { fault } else { fault.note(format!("backtrace:\n{}", lines.join("\n"))) }
}

fn line((name, count): &(String, usize)) -> String {
    let name = harmless(name);
    if *count > 1 { format!("  {name} ({count} times)") } else { format!("  {name}") }
}

/// Adds what the guest last said on stderr: the message of a panic is nowhere else.
pub(crate) fn with_last_words(fault: Fault, label: &str, words: &str) -> Fault {
    if fault.code != fault::TRAP || words.is_empty() {
        return fault;
    }
    let mut fault = fault;
    let told = words.lines().filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE"));
    let told = told.collect::<Vec<_>>().join("\n");
    if let Some((place, message)) = panic_of(&told) {
        fault.message = format!("plugin {label} panicked: {message}");
        fault.notes.insert(0, format!("at {place}"));
    }
    fault.notes.insert(0, format!("its last words:\n{}", told.trim()));
    fault
}

/// The place and the first line of the last panic that was printed.
fn panic_of(words: &str) -> Option<(&str, &str)> {
    let (_, rest) = words.rsplit_once("panicked at ")?;
    let (place, message) = rest.split_once(":\n")?;
    let message = message.lines().next()?;
    (!message.is_empty()).then_some((place, message))
}

/// The frames by name, with how often each follows itself, without those of the runtime.
fn frames(backtrace: &WasmBacktrace) -> Vec<(String, usize)> {
    let text = backtrace.to_string();
    let names = text.lines().filter_map(|line| line.split_once(" - ").map(|(_, name)| name));
    let names = names.filter_map(|name| frame(name.split_once('!').map_or(name, |(_, name)| name)));
    let mut frames: Vec<(String, usize)> = Vec::new();
    for name in names {
        match frames.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => frames.push((name, 1)),
        }
    }
    frames
}

/// A frame's name without the compiler's hashes; `None` for frames that say nothing.
fn frame(name: &str) -> Option<String> {
    const NOISE: [&str; 12] = [
        "belljar:step/",
        "std::",
        "core::",
        "alloc::",
        "<std::",
        "<core::",
        "<alloc::",
        "__rust",
        "_R",
        "rust_",
        "abort",
        "<wasm function",
    ];
    let is_hash =
        |text: &str| text.len() >= 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let mut name = match name.rsplit_once("::h") {
        Some((name, hash)) if is_hash(hash) => name.to_owned(),
        _ => name.to_owned(),
    };
    let mut from = 0;
    while let Some(start) = name[from..].find('[').map(|at| at + from) {
        let Some(end) = name[start..].find(']').map(|at| at + start) else { break };
        if is_hash(&name[start + 1..end]) {
            name.replace_range(start..=end, "");
        }
        from = start + 1;
        if from >= name.len() {
            break;
        }
    }
    (!NOISE.iter().any(|noise| name.starts_with(noise))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_runtime_are_left_out_and_hashes_are_cut() {
        let check = |name: &str, shown: Option<&str>| assert_eq!(frame(name).as_deref(), shown);
        check("lint::run::h0123456789abcdef", Some("lint::run"));
        check("lint[0123456789abcdef]::run[1]", Some("lint::run[1]"));
        check("lint::run", Some("lint::run"));
        check("std[0123456789abcdef]::process::abort", None);
        check("core::panicking::panic_fmt::h0123456789abcdef", None);
        check("<wasm function 12>", None);
        check("broken[", Some("broken["));
    }

    #[test]
    fn the_message_of_a_panic_becomes_the_message_of_the_fault() {
        let words = "hello\n\nthread '<unnamed>' (1) panicked at src/lib.rs:1:2:\nit is empty\n\
                     note: run with `RUST_BACKTRACE=1` environment variable";
        let trap = fault::plugin(fault::TRAP, "trapped");
        let fault = with_last_words(trap, "lint@1.0.0", words);
        assert_eq!(fault.message, "plugin lint@1.0.0 panicked: it is empty");
        assert_eq!(fault.notes[1], "at src/lib.rs:1:2");
        assert!(!fault.notes[0].contains("RUST_BACKTRACE"));
    }

    #[test]
    fn last_words_without_a_panic_are_only_a_note() {
        let fault = with_last_words(fault::plugin(fault::TRAP, "trapped"), "lint", "panicked at");
        assert_eq!(fault.message, "trapped");
        assert_eq!(fault.notes, ["its last words:\npanicked at"]);
    }
}
