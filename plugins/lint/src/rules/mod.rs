//! The rules: one module per concept, each from a text to remarks.

pub(crate) mod conflict;
pub(crate) mod credential;
pub(crate) mod encoding;
pub(crate) mod json;
pub(crate) mod line_endings;
pub(crate) mod script;
pub(crate) mod size;
pub(crate) mod spelling;
pub(crate) mod toml;
pub(crate) mod whitespace;
pub(crate) mod yaml;
