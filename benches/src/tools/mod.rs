//! Native tools: what their sandbox costs, beside the same tools without it.

mod many;
mod place;
mod record;
mod rust;

use anyhow::Result;

use crate::results::Results;
use crate::sample::Sample;
use crate::surroundings::Surroundings;
pub(crate) use place::{CODE_AND_TOOLS, Place, Tier, usable};

/// Measures runs of native tools.
///
/// # Errors
/// When a run fails, or did something else than it had to. A tier that this machine does not have
/// is no error: a row says why it was not measured.
pub(crate) fn measure(
    surroundings: &Surroundings,
    rounds: usize,
    results: &mut Results,
) -> Result<()> {
    for tier in [Tier::T1, Tier::T2] {
        results.table(&format!("Native tools in {tier}"), &many::note(tier));
        match place::usable(surroundings, tier)? {
            Ok(place) => many::measure(surroundings, &place, rounds, results)?,
            Err(why) => results.absent(&format!("tools in {tier}"), &why),
        }
    }
    results.table("A Rust workspace with nothing built", rust::NOTE);
    match place::usable(surroundings, Tier::T1)? {
        Ok(_) => rust::measure(surroundings, rounds, results),
        Err(why) => {
            results.absent("examples/rust-service", &why);
            Ok(())
        }
    }
}

/// The median of what was measured in each round but the first, which does not count.
fn sample(values: &[f64]) -> Sample {
    Sample::of(values[1..].to_vec())
}
