//! Plugins that deploy: one call of one, from its artifacts to its answer.

mod answer;
mod call;
pub(crate) mod fault;

pub(crate) use self::call::{Deployment, call, none};
