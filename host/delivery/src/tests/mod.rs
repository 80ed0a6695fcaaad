//! What the parts do together: deaths at every call, and everything that may be asked wrongly.

mod bad_input;
mod simulation;
