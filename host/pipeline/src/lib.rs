//! Turns a pipeline file into a plan.
//!
//! [`parse`](parse::parse) → [`Pipeline`] → [`StepGraph`] → [`select`](select::select) →
//! [`Plan`]
//!
//! # Names
//! A step has a plain name, such as `test`. With `for-each` and `matrix` one entry of the file
//! becomes many steps, and each has a name of the form `member:test[value,value]`. Wherever a
//! step is named (`needs`, the command line) a part that is left out means *all*: `test` is
//! every expansion of `test`, `web:test` those of the folder `web`, `test[debug]` those with the
//! value `debug`. To need the same member or value, write it with a variable:
//! `needs = ["${member.name}:build[${matrix.profile}]"]`.
//!
//! **Invariant:** this crate does no I/O; text comes in through [`Files`].
//! **Invariant:** nothing here knows that plugins are WebAssembly.

mod check_asks;
mod check_classes;
pub mod codes;
pub mod config_check;
mod configured;
pub mod editor_schema;
pub mod files;
pub mod graph;
pub mod lock;
mod lower;
mod mistakes;
pub mod parse;
pub mod pipeline;
pub mod place;
pub mod plan;
mod prefix;
pub mod reference;
pub mod render;
mod schema_walk;
pub mod select;
mod suggest;
mod text;

pub use check_asks::check_asks;
pub use check_classes::check_classes;
pub use config_check::check_config;
pub use editor_schema::json_schema;
pub use files::Files;
pub use graph::StepGraph;
pub use lower::parse_size;
pub use parse::{Parsed, parse};
pub use pipeline::{
    ApproverAt, EnvironmentAt, FieldPlace, GrantAt, LedgerSettings, Pipeline, Places,
    PluginLocation, PluginSource, SecretAt, Step, Tool,
};
pub use place::{Place, Sources};
pub use plan::Plan;
pub use select::{Reach, SelectError, select};
