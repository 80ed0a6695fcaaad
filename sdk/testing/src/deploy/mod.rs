//! An environment in memory, for plugins that deploy.
//!
//! [`Deploy`] (artifacts, storage, answers) → the plugin's `apply` or `observe` → [`Deployed`]

mod effect;
mod environment;
mod run;

pub use effect::{Effect, HttpAnswer};
pub use run::{Deploy, Deployed, Ready};
