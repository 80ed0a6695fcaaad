//! What a plugin's author needs to write a build step in Rust.
//!
//! `#[step] fn run(config, cx)` → a component that exports `describe` and `run`
//!
//! A plugin is a library crate with `crate-type = ["cdylib", "rlib"]` and this crate as its only
//! dependency:
//!
//! ```
//! use belljar_sdk::prelude::*;
//!
//! /// What to greet.
//! #[belljar_sdk::config]
//! pub struct Config {
//!     /// The name to greet.
//!     name: String,
//! }
//!
//! /// Greets someone.
//! #[belljar_sdk::step]
//! pub fn run(config: Config, cx: &mut Cx) -> StepResult {
//!     cx.outputs().write("greeting.txt", format!("Hello, {}!\n", config.name))?;
//!     Ok(Outcome::new("1 greeting"))
//! }
//! # assert_eq!(describe().summary, "Greets someone.");
//! ```
//!
//! `cargo build --target wasm32-wasip2` makes the component. Built for the machine itself, the
//! same crate is unit-tested with `belljar-sdk-testing`.
//!
//! **Invariant:** only what a step calls is imported by its component: every import is reached
//! through static calls, never through a table of functions.

extern crate self as belljar_sdk;

#[doc(hidden)]
#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks,
    clippy::unwrap_used,
    unreachable_pub,
    unsafe_code,
    reason = "the file is generated"
)]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
mod cx;
mod error;
#[doc(hidden)]
pub mod export;
mod host;
mod input;
mod log;
mod output;
mod report;
mod source;

pub use belljar_sdk_macros::{config, step};
pub use bindings::belljar::step::inputs::{Entry, FsError, Kind, Match};
pub use bindings::belljar::step::outputs::OutError;
pub use bindings::belljar::step::report::{Edit, Finding, Severity, Span, TestCase, TestStatus};
pub use bindings::belljar::step::types::{Attr, ConfigProblem, Level, Problem};
pub use bindings::exports::belljar::step::step::{Descriptor, Outcome, ToolNeed};
pub use cx::Cx;
pub use error::{StepError, StepResult};
pub use export::NoConfig;
#[cfg(not(target_arch = "wasm32"))]
pub use host::Host;
pub use host::{FileMode, HostWriter};
pub use input::{InputError, InputProblem, InputReader, Inputs, ReadMany};
pub use log::Log;
pub use output::{OutputError, OutputWriter, Outputs};
pub use source::Source;
pub use {schemars, serde, serde_json};

/// What almost every step uses.
pub mod prelude {
    pub use crate::{
        Cx, Edit, Finding, NoConfig, Outcome, Severity, Source, Span, StepError, StepResult,
        TestCase, TestStatus, fail,
    };
}
