//! The coordinator's side: workers, and what each of them may ask.

mod answers;
mod calls;
mod foreseen;
#[cfg(test)]
mod liars;
mod process;
mod scope;
mod talk;
mod tools;
mod workers;

pub use process::Walls;
pub use workers::{Bounds, EarlyWorkers, Options, Sentences, Workers};
