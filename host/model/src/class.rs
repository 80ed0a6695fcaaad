//! Class: how much of the outside world a step may touch.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of step this is. Computed from what is linked, never claimed by the plugin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Uses only imports that the host implements and observes. Cached by observation; its key
    /// holds no name of an operating system or processor.
    Pure,
    /// Asks the host to run declared native tools in an OS sandbox.
    Exec,
    /// Changes the outside world. Never cached.
    Effect,
}

impl Class {
    /// The label in every record, report line and attestation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Exec => "exec",
            Self::Effect => "effect",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
