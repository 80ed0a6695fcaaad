//! Delivering from the command line: what the verbs of environments, approvals and the ledger
//! have in common.
//!
//! `book` is the ledger as a verb reads it; `desk` is everything that carrying a plan out takes.

mod artifacts;
mod book;
mod carry;
mod desk;
mod fault;
pub(crate) mod keys;
mod metrics;
mod plugin_caller;
mod secrets;
mod told;
mod tools;
pub(crate) mod view;

pub(crate) use artifacts::{Built, build, commits};
pub(crate) use book::{Book, DeploymentId};
pub(crate) use carry::Errand;
pub(crate) use desk::{Desk, hold};
pub(crate) use fault::{no_approver_key, nothing_live};
pub(crate) use keys::{ApproverKey, ledger_key, new_approver_key};
pub(crate) use metrics::Metrics;
