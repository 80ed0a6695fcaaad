//! Damage: files of a store that are not as they were written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use belljar_model::ports::ActionCache as _;
use belljar_store::Store;

use crate::dice::Dice;
use crate::exercise::{Ended, read, use_record};
use crate::outcome::{Outcome, try_all};
use crate::values::{self, StepClock};

/// How many records the damaged store holds.
const RECORDS: u64 = 4;

/// Damages a random file of a store in a random way, `trials` times: nothing wrong may be read,
/// and the store must mend itself, or say clearly what is wrong.
///
/// # Errors
/// When the store cannot be made.
pub fn damage(seed: u64, trials: usize) -> Result<Outcome> {
    let folder = crate::place::quick()?;
    let golden = folder.path().join("golden");
    let store = Store::open(&golden, Arc::new(StepClock::default()), values::trust())?;
    for record in 0..RECORDS {
        use_record(&store, record).map_err(|ended| anyhow!("{ended:?}"))?;
    }
    store.flush()?;
    let pinned: Vec<_> = values::result(0).blobs().collect();
    store.pin("owner", &pinned)?;
    drop(store);
    let files = files(&golden)?;
    let seeds: Vec<u64> = (0..trials as u64).map(|trial| seed.wrapping_add(trial)).collect();
    Ok(try_all("damaged files", &seeds, |seed| trial(&golden, &files, *seed)))
}

fn trial(golden: &Path, files: &[PathBuf], seed: u64) -> Result<()> {
    let folder = crate::place::quick()?;
    let place = folder.path();
    copy(golden, place)?;
    let mut dice = Dice::new(seed);
    let what = spoil(place, files, &mut dice)?;
    survive(place).with_context(|| what)
}

/// Uses a damaged store as two runs would.
fn survive(place: &Path) -> Result<()> {
    for last in [false, true] {
        let told = use_all(place);
        match told {
            Ok(()) => {}
            Err(Ended::With(fault)) => {
                ensure!(
                    fault.code.as_str().starts_with("E06") && fault.help.is_some(),
                    "{fault:?}"
                );
                // Pins are told of by an error for as long as a person has not looked at them,
                // and a version that is too new is never thrown away.
                let stays = fault.message.contains("pins") || fault.code.as_str() == "E0607";
                ensure!(!last || stays, "it does not mend itself: {fault:?}");
            }
            Err(ended) => anyhow::bail!("{ended:?}"),
        }
    }
    Ok(())
}

fn use_all(place: &Path) -> Result<(), Ended> {
    let clock = Arc::new(StepClock::default());
    let store = Store::open(place, clock, values::trust()).map_err(belljar_model::Fault::from)?;
    for record in 0..RECORDS {
        read(&store, record)?;
        let cache = store.for_workspace("here");
        let mut seen = Vec::new();
        cache.traces(&values::family(record), &mut |action, trace| {
            seen.push((action, trace));
            std::ops::ControlFlow::Continue(())
        })?;
        let known: Vec<_> =
            (0..RECORDS).map(|known| (values::action(known), values::trace(known))).collect();
        if let Some(wrong) = seen.iter().find(|shown| !known.contains(shown)) {
            return Err(Ended::Wrong(format!("a trace that was never put: {wrong:?}")));
        }
    }
    store.pinned("owner")?;
    for record in 0..RECORDS {
        use_record(&store, record)?;
    }
    store.flush()?;
    store.gc(1 << 30, belljar_store::Sweep::Delete)?;
    store.verify()?;
    Ok(())
}

/// Damages one file, and says how.
fn spoil(place: &Path, files: &[PathBuf], dice: &mut Dice) -> Result<String> {
    let name = dice.of(files);
    let path = place.join(name);
    let mut bytes = fs::read(&path)?;
    let size = bytes.len() as u64;
    let at = |dice: &mut Dice| usize::try_from(dice.below(size.max(1))).unwrap_or(0);
    let way = ["flip", "truncate", "zero", "extend", "swap", "delete"][at_most(dice, 6)];
    match way {
        "flip" if size > 0 => {
            let place = at(dice);
            bytes[place] ^= 1 << dice.below(8);
        }
        "truncate" => bytes.truncate(at(dice)),
        "zero" if size > 0 => {
            let place = at(dice);
            let end = (place + 512).min(bytes.len());
            bytes[place..end].fill(0);
        }
        "extend" => bytes.extend_from_slice(b"more"),
        "swap" => bytes = fs::read(place.join(dice.of(files)))?,
        _ => bytes.clear(),
    }
    fs::remove_file(&path)?;
    if way != "delete" {
        fs::write(&path, bytes)?;
    }
    Ok(format!("{way} {}", name.display()))
}

fn at_most(dice: &mut Dice, bound: u64) -> usize {
    usize::try_from(dice.below(bound)).unwrap_or(0)
}

/// All files below a folder that hold something, relative to it, sorted.
fn files(place: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::metadata(&path)?.len() > 0 {
                found.push(path.strip_prefix(place)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies a folder, with all below it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}
