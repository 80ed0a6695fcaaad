//! What a pipeline file means, and what is said when it means nothing.

#![expect(clippy::unwrap_used, reason = "in a test, what is missing is a failure")]

mod asks;
mod delivery;
mod delivery_access;
mod delivery_mistakes;
mod diagnostics;
mod expansion;
mod graph_mistakes;
mod includes;
mod robustness;
mod selection;
mod tool_grants;
mod tools;
mod workspace;
