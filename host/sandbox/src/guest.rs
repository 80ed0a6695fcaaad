//! One call of a guest: a fresh store, a fresh instance, and all the ways in which it can end.

use std::time::{Duration, Instant};

use belljar_model::Fault;
use wasmtime::{Engine, Result, Store, StoreContextMut, UpdateDeadline};

use crate::fault;
use crate::limits::{CALL_BYTES, HANDLES};
use crate::state::State;
use crate::trap;

/// How long a guest that was asked to stop may go on.
const GRACE: Duration = Duration::from_secs(2);

/// What came of a call.
pub(crate) struct Ended<T> {
    /// What the guest returned, or why it did not.
    pub(crate) returned: std::result::Result<T, Fault>,
    /// What it left behind.
    pub(crate) state: State,
}

/// Makes a store, in which `call` makes an instance and calls it, and throws both away.
pub(crate) fn call<T>(
    engine: &Engine,
    state: State,
    call: impl FnOnce(&mut Store<State>) -> Result<T>,
) -> Ended<T> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.meter);
    store.set_hostcall_fuel(CALL_BYTES);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    let mut asked = None;
    store.epoch_deadline_callback(move |store| look_after(store, &mut asked));
    let returned = call(&mut store);
    let mut state = store.into_data();
    let stop = state.take_stop();
    let returned = match (stop, returned) {
        (Some(fault), _) => Err(fault),
        (None, Ok(value)) => Ok(value),
        (None, Err(error)) => Err(trap::fault(&state.label, &error)),
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
