//! What the parts do together: deaths at every call, and everything that may be asked wrongly.

mod bad_input;
mod going_back;
mod simulation;

use belljar_model::Fault;

fn code(fault: &Fault) -> &str {
    fault.code.as_str()
}
