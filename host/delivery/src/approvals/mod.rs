//! Approvals: signed decisions about one plan, and whether there are enough of them.

mod envelope;
mod tally;
#[cfg(test)]
mod tests;

pub use envelope::{open, public_key, seal};
pub use tally::{Tally, tally};
