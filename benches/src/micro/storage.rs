//! The store and the user's tree, by the thousand.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use belljar_model::ports::{BlobSource as _, BlobStore as _, Inputs as _};
use belljar_model::{Digest, Patterns};

use crate::results::{Results, Unit};
use crate::sample::{batches, each, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, block};

/// How many blobs or files are one batch.
const COUNT: u32 = 1000;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Store and tree",
        "Blobs and files of 4 KiB. *Flush* makes everything durable: one barrier, renames, one \
         commit. *Snapshot* opens the workspace, finds 1,000 files and has their digests; a warm \
         one takes them from the stat index.",
    );
    let bench = Workbench::new(surroundings, "does_nothing")?;
    let (mut put, mut get) = (Vec::new(), Vec::new());
    let flush = batches(|batch| {
        let blobs: Vec<_> = (0..COUNT).map(|number| block(number, batch)).collect();
        put.push(each(COUNT, |turn| {
            bench.store.put(&blobs[usize::try_from(turn)?])?;
            Ok(())
        })?);
        let (taken, ()) = seconds(|| Ok(bench.store.flush()?))?;
        let digests: Vec<_> = blobs.iter().map(|blob| Digest::of(blob)).collect();
        get.push(each(COUNT, |turn| {
            let found = bench.store.get(&digests[usize::try_from(turn)?])?;
            ensure!(found.is_some(), "a blob that was put is gone");
            Ok(())
        })?);
        Ok(taken)
    })?;
    results.row("put a blob", Unit::Time, &crate::sample::Sample::of(put), None);
    results.row("get a blob, verified", Unit::Time, &crate::sample::Sample::of(get), None);
    results.row("flush 1,000 blobs", Unit::Time, &flush, None);
    snapshots(&bench, results)
}

fn snapshots(bench: &Workbench, results: &mut Results) -> Result<()> {
    bench.write_blocks("in", COUNT, 0)?;
    thread::sleep(Duration::from_millis(50)); // until the stat index may trust the files
    let patterns = Patterns::parse(&["in/**"])?;
    let snapshot = || {
        seconds(|| {
            let workspace = bench.open_workspace()?;
            let found = workspace.snapshot(&patterns)?.len();
            ensure!(found == usize::try_from(COUNT)?, "{found} files were found");
            Ok(workspace)
        })
    };
    let cold = batches(|_| Ok(snapshot()?.0))?; // never saved
    results.row("snapshot of 1,000 files, cold", Unit::Time, &cold, None);
    snapshot()?.1.save()?;
    let warm = batches(|_| Ok(snapshot()?.0))?;
    results.row("snapshot of 1,000 files, warm", Unit::Time, &warm, None);
    Ok(())
}
