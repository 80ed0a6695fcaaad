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
//! A step that runs native tools says so in the attribute, with the reason that a reviewer will
//! read; the user grants them in the pipeline file:
//!
//! ```
//! use belljar_sdk::prelude::*;
//!
//! /// Compiles one file.
//! #[belljar_sdk::step(tools = [("cc", "compiles")])]
//! pub fn run(_: NoConfig, cx: &mut Cx) -> StepResult {
//!     let command = Command::new("cc").args(["-c", "a.c"]).read(["*.c", "*.h"]).write(["a.o"]);
//!     let ran = cx.tools().run(&command);
//!     if !ran.success() {
//!         fail!("compile-errors", "`a.c` does not compile");
//!     }
//!     ran.keep("a.o", "dist/a.o")?;
//!     Ok(Outcome::new("1 object"))
//! }
//! # assert_eq!(describe().tools[0].reason, "compiles");
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
mod command;
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
mod tool;

pub use belljar_sdk_macros::{config, step};
pub use bindings::belljar::step::inputs::{Entry, FsError, Kind, Match};
pub use bindings::belljar::step::outputs::OutError;
pub use bindings::belljar::step::report::{Edit, Finding, Severity, Span, TestCase, TestStatus};
pub use bindings::belljar::step::tool::{
    Command as ToolCommand, File as ToolFile, Link as ToolLink,
};
pub use bindings::belljar::step::types::{Attr, ConfigProblem, Level, Problem};
pub use bindings::exports::belljar::step::step::{Descriptor, Outcome, ToolNeed};
pub use command::Command;
pub use cx::Cx;
pub use error::{StepError, StepResult};
pub use export::NoConfig;
pub use host::{FileMode, HostWriter};
#[cfg(not(target_arch = "wasm32"))]
pub use host::{Host, HostRan};
pub use input::{InputError, InputProblem, InputReader, Inputs, ReadMany};
pub use log::Log;
pub use output::{OutputError, OutputWriter, Outputs};
pub use source::Source;
pub use tool::{Ran, RanError, RanProblem, Tools};
pub use {schemars, serde, serde_json};

/// What almost every step uses.
pub mod prelude {
    pub use crate::{
        Command, Cx, Edit, Finding, NoConfig, Outcome, Severity, Source, Span, StepError,
        StepResult, TestCase, TestStatus, fail,
    };
}
