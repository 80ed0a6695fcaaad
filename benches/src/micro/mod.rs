//! Single operations, measured in this process through the crates that the program is made of.

mod asking;
mod delivery;
mod events;
mod keys;
mod lookup;
mod pipeline;
mod step;
mod storage;

use anyhow::Result;

use crate::results::Results;
use crate::surroundings::Surroundings;

/// Measures everything that needs no second process.
///
/// # Errors
/// When something cannot be measured, or did something else than it should.
pub(crate) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    step::measure(surroundings, results)?;
    asking::measure(surroundings, results)?;
    keys::measure(surroundings, results)?;
    lookup::measure(surroundings, results)?;
    storage::measure(surroundings, results)?;
    pipeline::measure(results)?;
    events::measure(results)?;
    delivery::measure(results)
}
