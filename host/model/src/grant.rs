//! Capability and Grant: a kind of power, and a power that one step received.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::path::WorkspacePath;
use crate::tool::StateMount;

/// A kind of power that a step does not have unless the user's file grants it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Capability {
    /// Seeing the value of an environment variable, by name.
    Env,
    /// Running a tool, by its name in the pipeline file.
    Tool,
    /// A folder that outlives runs of tools: `NAME=PATH`, see [`StateMount`].
    State,
    /// Hosts that tools may connect to: `host:port`.
    Network,
    /// A secret, by its name in the pipeline file: `NAME` or `NAME@VERSION`.
    Secret,
}

impl Capability {
    /// Its key in the `grants` table of a pipeline file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Tool => "tools",
            Self::State => "state",
            Self::Network => "network",
            Self::Secret => "secrets",
        }
    }
}

/// A power that one step received: `env RUSTFLAGS`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// The kind of power.
    pub capability: Capability,
    /// What it reaches: the name of a variable, tool or secret, a folder and its place, a host.
    pub resource: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.capability.as_str(), self.resource)
    }
}

impl From<StateMount> for Grant {
    fn from(mount: StateMount) -> Self {
        let resource = format!("{}={}", mount.name, mount.path);
        Self { capability: Capability::State, resource }
    }
}

impl Grant {
    /// The folder that a grant of state is about; `None` for other grants.
    pub fn state(&self) -> Option<StateMount> {
        let (name, path) = self.resource.split_once('=')?;
        let path = WorkspacePath::parse(path).ok()?;
        let mount = StateMount { name: name.to_owned(), path };
        (self.capability == Capability::State).then_some(mount)
    }

    /// The name of the secret that a grant is about, without its version; `None` for other
    /// grants.
    pub fn secret(&self) -> Option<&str> {
        let name = self.resource.split_once('@').map_or(&*self.resource, |(name, _)| name);
        (self.capability == Capability::Secret).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_of_state_knows_its_folder() {
        let path = WorkspacePath::parse("build/target").unwrap();
        let mount = StateMount { name: "target".to_owned(), path };
        let grant = Grant::from(mount.clone());
        assert_eq!(grant.to_string(), "state target=build/target");
        assert_eq!(grant.state(), Some(mount));
        let other = Grant { capability: Capability::Env, resource: "a=b".to_owned() };
        assert_eq!(other.state(), None);
    }

    #[test]
    fn a_grant_of_a_secret_is_its_name_and_its_version() {
        let grant = |resource: &str| Grant {
            capability: Capability::Secret,
            resource: resource.to_owned(),
        };
        assert_eq!(grant("token").secret(), Some("token"));
        assert_eq!(grant("token@2024-06").secret(), Some("token"));
        assert_eq!(grant("token@2").to_string(), "secrets token@2");
        let other = Grant { capability: Capability::Env, resource: "token".to_owned() };
        assert_eq!(other.secret(), None);
    }
}
