//! Power cuts: a file system in a file is copied while a process writes to it, and the copy is
//! mounted as after a power cut.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::dice::Dice;
use crate::outcome::Outcome;
use crate::points::Exerciser;
use crate::promises::Promises;

/// A kind of file system, and how it is mounted.
struct Disk {
    name: &'static str,
    format: &'static [&'static str],
    options: &'static str,
}

const DISKS: &[Disk] = &[
    Disk { name: "ext4", format: &["mkfs.ext4", "-q", "-F"], options: "loop" },
    Disk {
        name: "ext4, data=writeback",
        format: &["mkfs.ext4", "-q", "-F"],
        options: "loop,data=writeback,noauto_da_alloc",
    },
    Disk { name: "xfs", format: &["mkfs.xfs", "-q", "-f"], options: "loop" },
];

/// Why power cuts cannot be tried here; `None` if they can.
pub fn why_not() -> Option<String> {
    let tried = || -> Result<()> {
        let folder = tempfile::tempdir()?;
        let image = make_image(folder.path(), &DISKS[0])?;
        Mounted::new(&image, &folder.path().join("probe"), DISKS[0].options).map(drop)
    };
    tried().err().map(|error| format!("{error:#}"))
}

/// Cuts the power at random moments, `snapshots` times for each kind of disk, or until the time
/// is over.
///
/// # Errors
/// When no disk can be made or mounted.
pub fn power(exerciser: &Exerciser, snapshots: usize, time: Duration) -> Result<Outcome> {
    let mut outcome = Outcome::new("power cuts");
    let share = time / u32::try_from(DISKS.len()).unwrap_or(1);
    for disk in DISKS {
        let before = outcome.tried;
        if let Err(error) = make_image(tempfile::tempdir()?.path(), disk) {
            outcome.remarks.push(format!("NOT TRIED on {}: {error:#}", disk.name));
            continue;
        }
        let until = Instant::now() + share;
        let mut seed = exerciser.seed;
        while outcome.tried - before < snapshots && Instant::now() < until {
            let exerciser = Exerciser { seed, ..exerciser.clone() };
            let left = snapshots - (outcome.tried - before);
            session(&exerciser, disk, left.min(10), &mut outcome)?;
            seed = seed.wrapping_add(1);
        }
        outcome.remarks.push(format!("{} on {}", outcome.tried - before, disk.name));
    }
    Ok(outcome)
}

/// One process at work, and some cuts meanwhile.
fn session(
    exerciser: &Exerciser,
    disk: &Disk,
    snapshots: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let image = make_image(folder.path(), disk)?;
    let mounted = Mounted::new(&image, &folder.path().join("disk"), disk.options)?;
    let mut command = exerciser.command(&mounted.place.join("store"));
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let promises = Arc::new(Mutex::new(Promises::default()));
    let said = BufReader::new(child.stdout.take().context("it was piped")?);
    let shared = Arc::clone(&promises);
    let listener = std::thread::spawn(move || {
        said.lines()
            .map_while(Result::ok)
            .try_for_each(|line| shared.lock().unwrap_or_else(PoisonError::into_inner).add(&line))
    });
    let mut dice = Dice::new(exerciser.seed);
    let mut copies = Vec::new();
    for number in 0..snapshots {
        std::thread::sleep(Duration::from_micros(dice.below(150_000)));
        if child.try_wait()?.is_some() {
            break;
        }
        // What is promised after this moment need not be there, and what is forgotten after it
        // may be: only what both moments agree on is asked for.
        let now = || promises.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let before = now();
        let copy = folder.path().join(format!("copy-{number}"));
        signal("STOP", child.id())?;
        let is_whole = copy_still(&image, &copy)?;
        signal("CONT", child.id())?;
        if !is_whole {
            continue;
        }
        copies.push((copy, both(before, &now())));
    }
    child.kill()?;
    child.wait()?;
    let heard = listener.join().map_err(|_| anyhow::anyhow!("the listener panicked"))?;
    outcome.failed.extend(heard.err().map(|error| format!("{error:#}")));
    drop(mounted);
    for (number, (copy, promises)) in copies.into_iter().enumerate() {
        outcome.tried += 1;
        if let Err(error) = after(&copy, &folder.path().join("after"), disk, &promises) {
            let seed = exerciser.seed;
            outcome.failed.push(format!("{}, seed {seed}, copy {number}: {error:#}", disk.name));
        }
        std::fs::remove_file(copy)?;
    }
    Ok(())
}

/// Copies a disk. Returns whether nothing was written to it meanwhile: half of a later write would
/// be more than a power cut does.
fn copy_still(image: &Path, copy: &Path) -> Result<bool> {
    for _ in 0..5 {
        let written = std::fs::metadata(image)?.modified()?;
        std::thread::sleep(Duration::from_millis(5)); // the times of files are not finer
        run(Command::new("cp").arg("--sparse=always").arg(image).arg(copy))?;
        if std::fs::metadata(image)?.modified()? == written {
            return Ok(true);
        }
    }
    Ok(false)
}

fn signal(name: &str, process: u32) -> Result<()> {
    run(Command::new("kill").arg(format!("-{name}")).arg(process.to_string()))
}

/// What was promised at two moments.
fn both(before: Promises, after: &Promises) -> Promises {
    let records = before.records.intersection(&after.records).copied().collect();
    let same = |(owner, record): &(String, u64)| after.pins.get(owner) == Some(record);
    Promises { records, pins: before.pins.into_iter().filter(same).collect() }
}

/// Looks at a disk after the power came back.
fn after(image: &Path, place: &Path, disk: &Disk, promises: &Promises) -> Result<()> {
    let mounted =
        Mounted::new(image, place, if disk.name == "xfs" { "loop,nouuid" } else { disk.options })?;
    let store = mounted.place.join("store");
    if !store.is_dir() {
        ensure!(*promises == Promises::default(), "the store is gone");
        return Ok(());
    }
    promises.check_and_go_on(&store)
}

/// A disk in a file.
fn make_image(folder: &Path, disk: &Disk) -> Result<PathBuf> {
    let image = folder.join("image");
    std::fs::File::create(&image)?.set_len(320 << 20)?; // the least that xfs takes is 300 MiB
    run(Command::new(disk.format[0]).args(&disk.format[1..]).arg(&image))?;
    Ok(image)
}

/// A disk that is mounted until it is dropped.
struct Mounted {
    place: PathBuf,
}

impl Mounted {
    fn new(image: &Path, place: &Path, options: &str) -> Result<Self> {
        std::fs::create_dir_all(place)?;
        run(Command::new("mount").args(["-o", options]).arg(image).arg(place))?;
        Ok(Self { place: place.to_owned() })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A folder that stays mounted cannot be removed, and that is seen.
        let _ = run(Command::new("umount").arg(&self.place));
    }
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
