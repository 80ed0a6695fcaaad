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
//! A plugin that deploys implements [`Deployment`] instead. Its `apply` is run for the plan as
//! well, while nothing is sent, so that what people approve is what will be done:
//!
//! ```
//! use belljar_sdk::prelude::*;
//!
//! /// Where to upload.
//! #[belljar_sdk::config]
//! pub struct Config {
//!     /// The address of a folder.
//!     url: String,
//! }
//!
//! struct Upload;
//!
//! /// Uploads all files.
//! #[belljar_sdk::deployment(secrets = ["token"], hosts = ["files.example.com:443"])]
//! impl Deployment for Upload {
//!     type Config = Config;
//!
//!     fn apply(config: Config, cx: &mut DeployCx) -> DeployResult {
//!         let mut changes = Vec::new();
//!         for artifact in cx.artifacts() {
//!             let put = HttpRequest::put(format!("{}/{}", config.url, artifact.path))
//!                 .header("idempotency-key", cx.idempotency_key())
//!                 .secret_header("authorization", "Bearer ", "token")
//!                 .artifact(&artifact.path)
//!                 .expect([201, 200]);
//!             cx.http().send(&put)?;
//!             changes.push(Change::new("upload", &artifact.path));
//!         }
//!         Ok(changes)
//!     }
//!
//!     fn observe(config: Config, cx: &mut DeployCx) -> Result<Observation, StepError> {
//!         Ok(match cx.http().send_raw(&HttpRequest::get(format!("{}/health", config.url))) {
//!             Err(error) => Observation::unknown(error.to_string()),
//!             Ok(answer) if answer.status() == 200 => Observation::healthy("answers"),
//!             Ok(answer) => Observation::unhealthy(format!("answers {}", answer.status())),
//!         })
//!     }
//! }
//! # assert_eq!(describe().hosts, ["files.example.com:443"]);
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
pub mod deploy;
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
pub mod deploy_bindings;
mod error;
#[doc(hidden)]
pub mod export;
mod host;
mod input;
mod log;
mod output;
mod report;
mod secret;
mod source;
mod tool;

pub use belljar_sdk_macros::{config, deployment, step};
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
pub use deploy::Deployment;
pub use error::{StepError, StepResult};
pub use export::NoConfig;
pub use host::{FileMode, HostWriter};
#[cfg(not(target_arch = "wasm32"))]
pub use host::{Host, HostRan};
pub use input::{InputError, InputProblem, InputReader, Inputs, ReadMany};
pub use log::Log;
pub use output::{OutputError, OutputWriter, Outputs};
pub use secret::{Secret, Secrets};
pub use source::Source;
pub use tool::{Ran, RanError, RanProblem, Tools};
pub use {schemars, serde, serde_json};

/// What almost every step or deployment uses.
pub mod prelude {
    pub use crate::deploy::{
        Change, DeployCx, DeployResult, Deployment, EffectCommand, HttpRequest, Observation,
    };
    pub use crate::{
        Command, Cx, Edit, Finding, NoConfig, Outcome, Severity, Source, Span, StepError,
        StepResult, TestCase, TestStatus, fail,
    };
}
