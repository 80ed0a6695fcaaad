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
//! **Invariant:** patterns and digests are those of the real host, by the same code.

mod memory;
mod ran;
mod run;

pub use memory::{LogLine, Observation, OutputFile};
pub use ran::Ran;
pub use run::Run;
pub use serde_json::json;
