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
    let points = sample(&all, most.div_ceil(ways));
    let blows = ERRORS.iter().flat_map(|error| [Blow::Once(error), Blow::FromNowOn(error)]);
    let blows: Vec<Blow> = blows.collect();
    let cases: Vec<(Point, Blow)> =
        points.iter().flat_map(|point| blows.iter().map(|blow| (point.clone(), *blow))).collect();
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
