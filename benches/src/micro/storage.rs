//! The store and the user's tree, by the thousand.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use belljar_model::ports::{BlobSource as _, BlobStore as _, Inputs as _, WriteBack as _};
use belljar_model::{Digest, OutputFile, Patterns, WorkspacePath};

use crate::results::{Results, Unit};
use crate::sample::{Sample, batches, each, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, block};

/// How many blobs or files are one batch.
const COUNT: u32 = 1000;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Store and tree",
        "Blobs and files of 4 KiB. *Put* ingests a blob. *Flush* makes everything durable: \
         bytes, names, one commit. *Snapshot* opens the workspace, finds the files and has \
         their digests; a warm one takes them from the stat index.",
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
    results.row("put a blob", Unit::Time, &Sample::of(put), None);
    results.row("get a blob, verified", Unit::Time, &Sample::of(get), None);
    results.row("flush 1,000 blobs", Unit::Time, &flush, None);
    materialise(&bench, results)?;
    for (count, what) in [(COUNT, "1,000"), (10 * COUNT, "10,000"), (100 * COUNT, "100,000")] {
        snapshots(&bench, count, what, results)?;
    }
    Ok(())
}

/// Puts results into the tree, which has no such files, and again when it has.
fn materialise(bench: &Workbench, results: &mut Results) -> Result<()> {
    let outputs = (0..COUNT).map(|number| {
        let digest = bench.store.put(&block(number, 1))?;
        let path = WorkspacePath::parse(&format!("out/{number}.txt"))?;
        Ok(OutputFile { path, digest, executable: false })
    });
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    bench.store.flush()?;
    let mut again = Vec::new();
    let missing = batches(|_| {
        let folder = bench.tree().join("out");
        if folder.is_dir() {
            std::fs::remove_dir_all(folder)?;
        }
        // As at the beginning of a run: it knows of no folder that it is there.
        let workspace = bench.open_workspace()?;
        let (taken, new) = seconds(|| Ok(workspace.write_back(&outputs)?))?;
        ensure!(new == outputs.len(), "{new} files were missing");
        let (taken_again, new) = seconds(|| Ok(workspace.write_back(&outputs)?))?;
        ensure!(new == 0, "{new} files were not there yet");
        again.push(taken_again);
        Ok(taken)
    })?;
    results.row("put 1,000 missing outputs in place", Unit::Time, &missing, None);
    let again = Sample::of(again.split_off(1));
    results.row("see that 1,000 outputs are in place", Unit::Time, &again, None);
    Ok(())
}

fn snapshots(bench: &Workbench, count: u32, what: &str, results: &mut Results) -> Result<()> {
    let folder = format!("in-{count}");
    for part in 0..count / COUNT {
        bench.write_blocks(&format!("{folder}/{part}"), COUNT, part)?;
    }
    thread::sleep(Duration::from_millis(50)); // until the stat index may trust the files
    let patterns = Patterns::parse(&[&format!("{folder}/**")])?;
    let snapshot = || {
        seconds(|| {
            let workspace = bench.open_workspace()?;
            let found = workspace.snapshot(&patterns)?.len();
            ensure!(found == usize::try_from(count)?, "{found} files were found");
            Ok(workspace)
        })
    };
    let cold = batches(|_| Ok(snapshot()?.0))?; // never saved
    results.row(&format!("snapshot of {what} files, cold"), Unit::Time, &cold, None);
    snapshot()?.1.save()?;
    let warm = batches(|_| Ok(snapshot()?.0))?;
    results.row(&format!("snapshot of {what} files, warm"), Unit::Time, &warm, None);
    Ok(())
}
