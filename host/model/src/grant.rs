//! Capability and Grant: a kind of power, and a power that one step received.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of power that a step does not have unless the user's file grants it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Capability {
    /// Seeing the value of an environment variable, by name.
    Env,
}

impl Capability {
    /// Its key in the `grants` table of a pipeline file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Env => "env",
        }
    }
}

/// A power that one step received: `env RUSTFLAGS`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// The kind of power.
    pub capability: Capability,
    /// What it reaches: for `env`, the name of the variable.
    pub resource: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.capability.as_str(), self.resource)
    }
}
