//! Kills and failing calls, at every point of an exerciser.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Output;

use anyhow::{Result, bail, ensure};

use crate::outcome::{Outcome, try_all};
use crate::points::{Blow, Exerciser, Point, sample};
use crate::promises::Promises;

/// The errors that a disk, or a process with too many files, answers with.
const ERRORS: &[&str] = &["EIO", "ENOSPC", "EMFILE"];

/// Kills an exerciser at up to `most` points, and looks each time at what is left.
///
/// # Errors
/// When the exerciser cannot be traced.
pub fn kills(exerciser: &Exerciser, most: usize) -> Result<Outcome> {
    let all = exerciser.points()?;
    let points = sample(&all, most);
    let mut outcome = try_all("kill points", &points, |point| kill(exerciser, point));
    outcome.remarks.push(format!("of {} points: {}", all.len(), counted(&points)));
    Ok(outcome)
}

fn kill(exerciser: &Exerciser, point: &Point) -> Result<()> {
    let folder = crate::place::quick()?;
    let place = folder.path().join("store");
    let output = exerciser.strike(&place, point, Blow::Kill)?;
    ensure!(output.status.signal() == Some(9), "it was not killed: {}", told(&output));
    Promises::of(&String::from_utf8_lossy(&output.stdout))?.check_and_go_on(&place)
}

/// Lets calls of an exerciser fail, once and for good, at up to `most` points together.
///
/// # Errors
/// When the exerciser cannot be traced.
pub fn errors(exerciser: &Exerciser, most: usize) -> Result<Outcome> {
    let all = exerciser.points()?;
    let ways = 2 * ERRORS.len();
    // Locks are most of the calls, and all of the same kind: a sample takes few of them.
    let is_lock = |point: &Point| point.call == "fcntl";
    let (locks, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(is_lock);
    let count = most.div_ceil(ways);
    let (few, some) = if most == usize::MAX { (12, most) } else { (1, count / 10) };
    let mut points = sample(&others, count.saturating_sub(some));
    if most == usize::MAX {
        points.clone_from(&others);
    }
    let for_good = sample(&locks, few);
    points.extend(sample(&locks, some));
    let blows = ERRORS.iter().flat_map(|error| [Blow::Once(error), Blow::FromNowOn(error)]);
    let blows: Vec<Blow> = blows.collect();
    // Where no lock works any more, SQLite gives up after ten seconds: that is tried less often.
    let is_tried = |(point, blow): &(Point, Blow)| {
        !is_lock(point) || matches!(blow, Blow::Once(_)) || for_good.contains(point)
    };
    let cases = points.iter().flat_map(|point| blows.iter().map(|blow| (point.clone(), *blow)));
    let cases: Vec<(Point, Blow)> = cases.filter(is_tried).collect();
    let mut outcome =
        try_all("failing calls", &cases, |(point, blow)| fail(exerciser, point, *blow));
    outcome.remarks.push(format!("of {} points, {ways} ways: {}", all.len(), counted(&points)));
    Ok(outcome)
}

fn fail(exerciser: &Exerciser, point: &Point, blow: Blow) -> Result<()> {
    let folder = crate::place::quick()?;
    let place = folder.path().join("store");
    let output = exerciser.strike(&place, point, blow)?;
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => {}
        Some(3) => is_clear(&said, point, blow)?,
        _ => bail!("{}", told(&output)),
    }
    check(&said, &place)
}

fn check(said: &str, place: &Path) -> Result<()> {
    Promises::of(said)?.check_and_go_on(place)
}

/// Whether a fault names its code, who must act, and what to do. A process that cannot write
/// cannot say so.
fn is_clear(said: &str, point: &Point, blow: Blow) -> Result<()> {
    if point.call == "write" && matches!(blow, Blow::FromNowOn(_)) {
        return Ok(());
    }
    let fault = said.lines().find(|line| line.starts_with("fault "));
    let Some(fault) = fault else { bail!("it ended with 3 and did not say why: {said}") };
    let is_clear = fault.starts_with("fault E06") && fault.contains(" Infrastructure | ");
    ensure!(is_clear && !fault.ends_with("| "), "not clear: {fault}");
    let says_full = fault.contains("E0620");
    let is_full = matches!(blow, Blow::Once("ENOSPC") | Blow::FromNowOn("ENOSPC"));
    ensure!(!says_full || is_full, "it says that the disk is full: {fault}");
    Ok(())
}

fn told(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let last = |text: &str| text.lines().rev().take(3).map(str::to_owned).collect::<Vec<_>>();
    format!("{}, {:?} {:?}", output.status, last(&out), last(&err))
}

/// How many points there are of each call.
fn counted(points: &[Point]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for point in points {
        *counts.entry(&point.call).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(call, count)| format!("{call} {count}")).collect();
    counts.join(", ")
}
