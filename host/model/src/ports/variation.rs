//! Variation: how an execution differs from the usual one in what no result may depend on.

use serde::{Deserialize, Serialize};

/// How one execution is varied. The default is the usual execution.
///
/// It is never part of a key, and what came of a varied execution is never recorded. Answers are
/// the same in every Variation, so that Traces of varied executions can be compared.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Variation {
    /// By how many seconds all clocks are ahead of their usual start.
    pub clock_ahead: u32,
    /// Mixed into the seed of all random numbers; 0 for the usual seed.
    pub seed: u64,
    /// In which order a folder's entries are read.
    pub listing: ListingOrder,
}

/// In which order a folder's entries are read. WASI promises none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListingOrder {
    /// By name.
    #[default]
    Sorted,
    /// By name, the last one first.
    Reversed,
}
