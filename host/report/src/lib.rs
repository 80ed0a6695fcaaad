//! Events, diagnostics and faults -> what a person or a machine reads.
//!
//! The runner says what happened as one stream of [`Event`](belljar_model::Event)s; every
//! format here is a reader of that stream, so each can be made again from a recording.
//!
//! **Invariant:** this crate does no I/O of its own, reads no clock and no environment: texts
//! are returned or go into the writer it is given, and width, color and symbols are a [`Style`].
//! **Invariant:** text that comes from a plugin, a file or a path goes through [`sanitize`]
//! before it reaches a terminal.
#![expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a Style is passed the same way everywhere, and may grow"
)]

pub mod console;
pub mod delivery;
pub mod diagnostics;
pub mod dispute;
mod excerpt;
pub mod fault;
pub mod finding;
pub mod json;
pub mod junit;
pub mod powers;
pub mod sanitize;
pub mod sarif;
pub mod sheet;
pub mod style;
pub mod table;
pub mod text;
pub mod timeline;
pub mod tool_runs;
pub mod verification;
pub mod why;

pub use excerpt::Source;
pub use style::{Color, Style, Symbols};

#[cfg(test)]
mod testing;
