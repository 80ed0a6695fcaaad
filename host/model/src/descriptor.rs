//! Descriptor: what a plugin says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a plugin says of itself, computed without any power.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Descriptor {
    /// Short name: lower-case letters, digits and `-`.
    pub name: String,
    /// Semver version.
    pub version: String,
    /// One line for lists.
    pub summary: String,
    /// Manual, in Markdown.
    pub docs: String,
    /// JSON Schema (2020-12) of the configuration, as JSON text.
    pub config_schema: String,
    /// Native tools asked for.
    pub tools: Vec<ToolNeed>,
    /// Names of secrets asked for.
    pub secrets: Vec<String>,
    /// Network hosts asked for, as `host:port`.
    pub hosts: Vec<String>,
    /// Values of later interface versions.
    pub attrs: BTreeMap<String, String>,
}

impl Descriptor {
    /// `name@version`, as messages show it.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// A native tool that a plugin wants to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolNeed {
    /// The name under which the plugin opens it.
    pub name: String,
    /// Semver requirement, or empty.
    pub version_req: String,
    /// Why.
    pub reason: String,
}
