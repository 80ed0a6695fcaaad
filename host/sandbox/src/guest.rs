//! One call of a guest: a fresh store, a fresh instance, and all the ways in which it can end.

use std::time::{Duration, Instant};

use belljar_model::Fault;
use wasmtime::component::ResourceTableError;
use wasmtime::{
    Error, PoolConcurrencyLimitError, Result, Store, StoreContextMut, Trap, UpdateDeadline,
    WasmBacktrace,
};

use crate::bindings::plugin::{PureStep, PureStepPre};
use crate::fault;
use crate::limits::{CALL_BYTES, HANDLES};
use crate::log::harmless;
use crate::state::State;

/// How long a guest that was asked to stop may go on.
const GRACE: Duration = Duration::from_secs(2);
/// The most frames of a backtrace that are shown.
const FRAMES: usize = 20;

/// What came of a call.
pub(crate) struct Ended<T> {
    /// What the guest returned, or why it did not.
    pub(crate) returned: std::result::Result<T, Fault>,
    /// What it left behind.
    pub(crate) state: State,
}

/// Makes an instance, calls it and throws it away.
pub(crate) fn call<T>(
    pre: &PureStepPre<State>,
    state: State,
    call: impl FnOnce(&PureStep, &mut Store<State>) -> Result<T>,
) -> Ended<T> {
    let mut store = Store::new(pre.engine(), state);
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(CALL_BYTES);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    let mut asked = None;
    store.epoch_deadline_callback(move |store| look_after(store, &mut asked));
    let returned = pre.instantiate(&mut store).and_then(|plugin| call(&plugin, &mut store));
    let mut state = store.into_data();
    let stop = state.take_stop();
    let returned = match (stop, returned) {
        (Some(fault), _) => Err(fault),
        (None, Ok(value)) => Ok(value),
        (None, Err(error)) => Err(trapped(&mut state, &error)),
    };
    Ended { returned, state }
}

/// Called every few milliseconds while the guest runs.
fn look_after(
    mut store: StoreContextMut<'_, State>,
    asked: &mut Option<Instant>,
) -> Result<UpdateDeadline> {
    let state = store.data_mut();
    if state.started.elapsed() >= state.limits.time.value {
        let fault = fault::time(&state.limits.time);
        return state.end(fault);
    }
    if state.cancel.is_asked() {
        let since = asked.get_or_insert_with(Instant::now);
        if state.cancel.is_now() || since.elapsed() >= GRACE {
            return state.end(fault::cancelled());
        }
    }
    Ok(UpdateDeadline::Continue(1))
}

/// The fault of a guest that ended without the host wanting it.
fn trapped(state: &mut State, error: &Error) -> Fault {
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return fault::sandbox("more steps run at once than the sandbox was made for");
    }
    let text = error.root_cause().to_string();
    let fault = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            let message = format!("plugin {} used up its stack of 1 MiB", state.label);
            fault::plugin(fault::STACK, message).note("the usual cause is endless recursion")
        }
        Some(_) => {
            let reason = text.strip_prefix("wasm trap: ").unwrap_or(&text);
            fault::plugin(fault::TRAP, format!("plugin {} trapped: {reason}", state.label))
        }
        None if error.downcast_ref::<ResourceTableError>().is_some() => {
            fault::fixed_limit(&format!("{HANDLES} open handles"))
        }
        None if text.contains("handle limit exceeded") => {
            fault::fixed_limit(&format!("{HANDLES} open handles"))
        }
        None if text.contains("too much data is being copied") => fault::fixed_limit(&format!(
            "{} passed to the host in one call",
            fault::bytes(CALL_BYTES as u64)
        )),
        None => {
            let message = format!("plugin {} trapped: {}", state.label, harmless(&text));
            fault::plugin(fault::TRAP, message)
        }
    };
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(Vec::new(), frames);
    if frames.is_empty() { fault } else { fault.note(format!("backtrace:\n{}", frames.join("\n"))) }
}

/// Adds what the guest last said on stderr: the message of a panic is nowhere else.
pub(crate) fn with_last_words(fault: Fault, words: &str) -> Fault {
    if fault.code != fault::TRAP || words.is_empty() {
        return fault;
    }
    let mut fault = fault;
    fault.notes.insert(0, format!("its last words:\n{words}"));
    fault
}

/// The frames of a backtrace by name, without those of the runtime around the plugin.
fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let text = backtrace.to_string();
    let names = text.lines().filter_map(|line| line.split_once(" - ").map(|(_, name)| name));
    let names = names.filter_map(|name| frame(name.split_once('!').map_or(name, |(_, name)| name)));
    names.take(FRAMES).map(|name| format!("  {}", harmless(&name))).collect()
}

/// A frame's name without the compiler's hash; `None` for frames that say nothing.
fn frame(name: &str) -> Option<String> {
    const NOISE: [&str; 9] = [
        "std::",
        "core::",
        "alloc::",
        "__rust",
        "rust_",
        "abort",
        "<wasm function",
        "_rust",
        "<alloc::",
    ];
    let name = match name.rsplit_once("::h") {
        Some((name, hash))
            if hash.len() == 16 && hash.chars().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => name,
    };
    (!NOISE.iter().any(|noise| name.starts_with(noise))).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_runtime_are_left_out_and_hashes_are_cut() {
        let check = |name: &str, shown: Option<&str>| assert_eq!(frame(name).as_deref(), shown);
        check("lint::run::h0123456789abcdef", Some("lint::run"));
        check("lint::run", Some("lint::run"));
        check("core::panicking::panic_fmt::h0123456789abcdef", None);
        check("<wasm function 12>", None);
    }
}
