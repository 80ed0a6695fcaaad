//! Trust: who wrote a record, how far that is believed, and what happens when two disagree.

mod dispute;
mod statement;
mod verification;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use dispute::{Contradiction, Dispute, Side, contradictions};
pub use statement::{Statement, digest_of};
pub use verification::{Cause, Difference, Verification};

use crate::hex::{hex, unhex};

/// What the text of a writer's key begins with.
const PREFIX: &str = "ed25519:";

/// What stands behind a record, the least first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum TrustLevel {
    /// A build of what nobody has reviewed: a pull request of a stranger.
    Untrusted,
    /// A person's own machine.
    #[default]
    Developer,
    /// A CI system, for any branch.
    Ci,
    /// A CI system, for a branch into which only reviewed changes come.
    Protected,
}

impl TrustLevel {
    /// All levels, the least first.
    pub const ALL: [Self; 4] = [Self::Untrusted, Self::Developer, Self::Ci, Self::Protected];

    /// Its label in settings, records and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::Developer => "developer",
            Self::Ci => "ci",
            Self::Protected => "protected",
        }
    }

    /// Its number in a record; it never changes.
    pub const fn number(self) -> u8 {
        match self {
            Self::Untrusted => 0,
            Self::Developer => 1,
            Self::Ci => 2,
            Self::Protected => 3,
        }
    }

    /// The way back from [`TrustLevel::number`].
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for TrustLevel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for TrustLevel {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(NotALevel)
    }
}

/// A text is not the name of a level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a trust level: untrusted, developer, ci or protected")]
pub struct NotALevel;

/// The public key of a machine that writes records (Ed25519).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterKey([u8; 32]);

impl WriterKey {
    /// The key with these bytes. Whether they are a point of the curve shows when it is used.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Enough of it to tell a few writers apart, for people.
    pub fn short(&self) -> String {
        hex(&self.0[..6])
    }
}

impl fmt::Display for WriterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}", hex(&self.0))
    }
}

impl fmt::Debug for WriterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A text is not the key of a writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a key: `ed25519:` and 64 lower-case hexadecimal digits")]
pub struct NotAKey;

impl FromStr for WriterKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        text.strip_prefix(PREFIX).and_then(unhex).map(Self).ok_or(NotAKey)
    }
}

impl Serialize for WriterKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WriterKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a record comes from, as far as this machine believes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Who wrote it.
    pub writer: WriterKey,
    /// What this machine calls the writer; `None` if it is this machine itself.
    pub name: Option<String>,
    /// The level: what the record says, and at most what the writer is believed.
    pub level: TrustLevel,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The version of the host that wrote it.
    pub host: String,
}

/// Why a record is there and is not used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Refusal {
    /// This machine does not know the writer.
    UnknownWriter {
        /// Whose key it carries.
        writer: WriterKey,
    },
    /// The writer was known until a day that has passed.
    Expired {
        /// What this machine calls the writer.
        name: String,
    },
    /// Its level is below the least that this run accepts.
    TooLow {
        /// Its level.
        level: TrustLevel,
        /// The least that is accepted.
        least: TrustLevel,
    },
    /// It is not what its writer signed: it was changed, or belongs to another action.
    NotAuthentic {
        /// Whose key it carries.
        writer: WriterKey,
    },
    /// Another execution of the same action had another result.
    Disputed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownWriter { writer } => {
                write!(out, "its writer {} is not known here", writer.short())
            }
            Self::Expired { name } => {
                write!(out, "its writer {name} was known until a day that has passed")
            }
            Self::TooLow { level, least } => {
                write!(out, "its trust level is {level}, and the least accepted is {least}")
            }
            Self::NotAuthentic { writer } => {
                write!(out, "it is not what its writer {} signed", writer.short())
            }
            Self::Disputed => out.write_str("another execution had another result"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_by_their_names_and_ordered_by_what_stands_behind_them() {
        for level in TrustLevel::ALL {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(TrustLevel::of_number(level.number()), Some(level));
        }
        assert!(TrustLevel::ALL.is_sorted());
        assert_eq!(TrustLevel::of_number(4), None);
        assert_eq!("Protected".parse::<TrustLevel>(), Err(NotALevel));
    }

    #[test]
    fn a_key_is_read_back_from_its_text() {
        let key = WriterKey::from_bytes([7; 32]);
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "ed25519:", "ed25519:07", &"07".repeat(32)] {
            assert_eq!(bad.parse::<WriterKey>(), Err(NotAKey), "{bad}");
        }
    }
}
