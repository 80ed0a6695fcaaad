//! Unit tests of a plugin's logic, on the machine itself: no component, no sandbox.
//!
//! [`Run`] (inputs and configuration) → the plugin's function → [`Ran`] (all that it did)
//!
//! ```
//! use belljar_sdk::prelude::*;
//! use belljar_sdk_testing::{Run, json};
//!
//! fn count(_: NoConfig, cx: &mut Cx) -> StepResult {
//!     let files = cx.inputs().glob(&["**/*.md"]);
//!     if files.is_empty() {
//!         fail!("no-files", "nothing to count");
//!     }
//!     cx.outputs().write("count.txt", files.len().to_string())?;
//!     Ok(Outcome::new(format!("{} files", files.len())))
//! }
//!
//! let ran = Run::new(count).input("a.md", "# A").config(json!({})).execute();
//! assert_eq!(ran.outcome().summary, "1 files");
//! assert_eq!(ran.output_text("count.txt"), "1");
//! assert_eq!(Run::new(count).execute().failure_code(), Some("no-files"));
//! ```
//!
//! A closure stands in for each native tool that the step is granted:
//!
//! ```
//! use belljar_sdk::prelude::*;
//! use belljar_sdk_testing::{Run, ToolAnswer, ToolCall};
//!
//! fn compile(_: NoConfig, cx: &mut Cx) -> StepResult {
//!     let command = Command::new("cc").args(["-c", "a.c"]).read(["*.c"]).write(["a.o"]);
//!     let ran = cx.tools().run(&command);
//!     ran.keep("a.o", "dist/a.o")?;
//!     Ok(Outcome::new(ran.stdout_text()))
//! }
//!
//! let cc = |call: &ToolCall| ToolAnswer::exit(0).stdout("ok").file("a.o", call.text("a.c"));
//! let ran = Run::new(compile).input("a.c", "int x;").tool("cc", cc).execute();
//! assert_eq!(ran.outcome().summary, "ok");
//! assert_eq!(ran.output_text("dist/a.o"), "int x;");
//! assert_eq!(ran.commands()[0].args, ["-c", "a.c"]);
//! ```
//!
//! [`Deploy`] is an environment in memory for a plugin that deploys:
//!
//! ```
//! use belljar_sdk::prelude::*;
//! use belljar_sdk_testing::Deploy;
//!
//! struct Copy;
//!
//! impl Deployment for Copy {
//!     type Config = NoConfig;
//!
//!     fn apply(_: NoConfig, cx: &mut DeployCx) -> DeployResult {
//!         for artifact in cx.artifacts() {
//!             cx.storage().put(&artifact.path, &artifact.path)?;
//!         }
//!         Ok(vec![Change::new("copy", format!("{} files", cx.artifacts().len()))])
//!     }
//!
//!     fn observe(_: NoConfig, cx: &mut DeployCx) -> Result<Observation, StepError> {
//!         let there = cx.storage().list("")?.len();
//!         Ok(Observation::healthy(format!("{there} files")))
//!     }
//! }
//!
//! let environment = Deploy::<Copy>::new().artifact("dist/a", "1").ready();
//! assert_eq!(environment.preview().lines(), ["put dist/a"]);
//! assert!(environment.stored().is_empty());
//! assert_eq!(environment.apply().lines(), ["put dist/a"]);
//! assert_eq!(environment.observe().answer().detail, "1 files");
//! ```
//!
//! **Invariant:** patterns and digests are those of the real host, by the same code.

mod deploy;
mod memory;
mod outlet;
mod ran;
mod run;
mod tool;

pub use deploy::{Deploy, Deployed, Effect, HttpAnswer, Ready};
pub use memory::{LogLine, Observation};
pub use outlet::OutputFile;
pub use ran::Ran;
pub use run::Run;
pub use serde_json::json;
pub use tool::{ToolAnswer, ToolCall};
