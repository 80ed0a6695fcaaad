//! Verification: what came of executing a step again, usually and varied.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Contradiction;
use crate::path::WorkspacePath;

/// What came of executing a step again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "verified", rename_all = "kebab-case")]
pub enum Verification {
    /// Every execution had the same result.
    Same,
    /// An execution had another result.
    Differs(Difference),
    /// It could not be executed again, or had no result then.
    NotPossible {
        /// Why: a fragment for people.
        why: String,
    },
}

/// How a result differs from the expected one, and what that depends on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// In what the results differ.
    pub contradictions: Vec<Contradiction>,
    /// An output whose content differs, and its first byte that does, counted from 0.
    pub first_byte: Option<(WorkspacePath, u64)>,
    /// What was varied when the result differed.
    pub causes: Vec<Cause>,
}

/// What the result of a step depends on, although it must not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The usual execution already had another result than the one that is recorded.
    Record,
    /// The time that clocks show.
    Clock,
    /// Random numbers.
    Seed,
    /// The order in which a folder's entries are read.
    Listing,
    /// Several of them at once; none alone.
    Together,
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Record => "nothing was varied: it is not deterministic at all, or its record was tampered with",
            Self::Clock => "it depends on the clock",
            Self::Seed => "it depends on random numbers",
            Self::Listing => "it depends on the order in which a folder is listed",
            Self::Together => "it depends on clock, random numbers and order of listings together",
        })
    }
}
