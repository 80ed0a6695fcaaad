//! Trust: what it costs that nothing is believed, nothing is lost, and nobody gets away.

mod durability;
mod hostile;

use anyhow::{Result, ensure};
use belljar_model::Digest;
use belljar_model::ports::{BlobSource as _, BlobStore as _};

use crate::results::{Results, Unit};
use crate::sample::{batches, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, block};

/// How many hits are verified.
const HITS: u32 = 1000;

/// Measures what safety costs.
///
/// # Errors
/// When something cannot be measured, or did something else than it should.
pub(crate) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    durability::measure(surroundings, results)?;
    verification(surroundings, results)?;
    hostile::measure(surroundings, results)
}

/// Reads outputs of hits, each compared with its digest.
fn verification(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Verification",
        "1,000 blobs of 4 KiB, as hits have them: found in the store, read, and compared with their \
         digests; and the comparison alone. Both are in every figure of this page.",
    );
    let bench = Workbench::new(surroundings, "does_nothing")?;
    let blobs: Vec<_> = (0..HITS).map(|number| block(number, 0)).collect();
    let digests = blobs.iter().map(|blob| bench.store.put(blob)).collect::<Result<Vec<_>, _>>()?;
    bench.store.flush()?;
    let read = batches(|_| {
        let (taken, ()) = seconds(|| {
            for digest in &digests {
                ensure!(bench.store.get(digest)?.is_some(), "a blob that was put is gone");
            }
            Ok(())
        })?;
        Ok(taken)
    })?;
    results.row("find, read and verify", Unit::Time, &read, None);
    let compared = batches(|_| {
        let (taken, ()) = seconds(|| {
            for (blob, digest) in blobs.iter().zip(&digests) {
                ensure!(Digest::of(blob) == *digest, "a blob is another one");
            }
            Ok(())
        })?;
        Ok(taken)
    })?;
    results.row("verify alone", Unit::Time, &compared, None);
    results.goals.reach("verify", read.median);
    Ok(())
}
