//! Crowds: processes that share one store and are killed at random, and garbage collection while
//! others are at work.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use belljar_store::{Store, Sweep};

use crate::dice::Dice;
use crate::outcome::Outcome;
use crate::points::Exerciser;
use crate::promises::Promises;
use crate::values::{self, StepClock};

/// How many processes there are at a time.
const PROCESSES: u64 = 8;

/// Lets eight processes work on one store for a while. Half of them are killed at a random moment,
/// and each that is gone is followed by another.
///
/// # Errors
/// When they cannot be started.
pub fn crowd(exerciser: &Exerciser, time: Duration) -> Result<Outcome> {
    let folder = crate::place::quick()?;
    let place = folder.path().join("store");
    let mut outcome = Outcome::new("processes in a crowd");
    let (mut promises, mut dice) = (Promises::default(), Dice::new(exerciser.seed));
    let until = Instant::now() + time;
    let mut kills = 0;
    let mut crowd: Vec<Member> = Vec::new();
    while Instant::now() < until || !crowd.is_empty() {
        while Instant::now() < until && (crowd.len() as u64) < PROCESSES {
            crowd.push(Member::start(exerciser, &place, &mut dice)?);
            outcome.tried += 1;
        }
        for member in std::mem::take(&mut crowd) {
            match member.ended(&mut kills)? {
                Ok(said) => take(&mut promises, &mut outcome, &said),
                Err(member) => crowd.push(member),
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    outcome.remarks.push(format!("{kills} of them were killed"));
    promises.pins.clear(); // who pinned last is not known of processes that run side by side
    let asked = Instant::now();
    let checked = promises.check_and_go_on(&place);
    let waited = asked.elapsed();
    outcome.failed.extend(checked.err().map(|error| format!("in the end: {error:#}")));
    if waited > Duration::from_secs(10) {
        outcome.failed.push(format!("the store was free after {waited:?} only"));
    }
    Ok(outcome)
}

fn take(promises: &mut Promises, outcome: &mut Outcome, said: &Said) {
    let failed = match Promises::of(&said.text) {
        Ok(more) => {
            promises.records.extend(more.records);
            let died = said.code.is_none() && said.is_killed;
            let fault = || said.text.lines().last().unwrap_or_default().to_owned();
            (!died && said.code != Some(0)).then(|| format!("{:?}: {}", said.code, fault()))
        }
        Err(error) => Some(format!("{error:#}")),
    };
    outcome.failed.extend(failed);
}

/// What a process said, and how it ended.
struct Said {
    text: String,
    code: Option<i32>,
    is_killed: bool,
}

/// One of the crowd.
struct Member {
    child: Child,
    dies: Option<Instant>,
}

impl Member {
    fn start(exerciser: &Exerciser, place: &Path, dice: &mut Dice) -> Result<Self> {
        let exerciser = Exerciser { seed: dice.roll(), ..exerciser.clone() };
        let mut command = exerciser.command(place);
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let child = command.spawn().context("starting an exerciser")?;
        let life = Duration::from_micros(dice.below(400_000));
        let dies = (dice.below(2) == 0).then(|| Instant::now() + life);
        Ok(Self { child, dies })
    }

    /// What it said, if it has ended; it is killed when its time has come.
    fn ended(mut self, kills: &mut usize) -> Result<Result<Said, Self>> {
        let mut is_killed = false;
        if self.child.try_wait()?.is_none() {
            if self.dies.is_none_or(|dies| Instant::now() < dies) {
                return Ok(Err(self));
            }
            self.child.kill()?;
            is_killed = true;
            *kills += 1;
        }
        let status = self.child.wait()?;
        let mut text = String::new();
        let mut stdout = self.child.stdout.take().context("it was piped")?;
        stdout.read_to_string(&mut text)?;
        Ok(Ok(Said { text, code: status.code(), is_killed }))
    }
}

/// Collects garbage again and again, while processes work that read all they found once more:
/// nothing that a process at work counts on may go, and in the end the bound is kept.
///
/// # Errors
/// When they cannot be started.
pub fn collecting(exerciser: &Exerciser, time: Duration) -> Result<Outcome> {
    const BOUND: u64 = 1_000_000;
    let folder = crate::place::quick()?;
    let place = folder.path().join("store");
    let mut outcome = Outcome::new("collections beside processes at work");
    let mut dice = Dice::new(exerciser.seed);
    let until = Instant::now() + time;
    let (mut done, mut kills) = (0, 0);
    let mut crowd: Vec<Member> = Vec::new();
    while Instant::now() < until {
        while crowd.len() < 3 {
            let mut member = Member::start(exerciser, &place, &mut dice)?;
            member.dies = None;
            crowd.push(member);
        }
        outcome.tried += 1;
        if let Err(error) = collect(&place, BOUND, &mut done) {
            outcome.failed.push(format!("{error:#}"));
        }
        for member in std::mem::take(&mut crowd) {
            match member.ended(&mut kills)? {
                Ok(said) => take(&mut Promises::default(), &mut outcome, &said),
                Err(member) => crowd.push(member),
            }
        }
    }
    for mut member in crowd {
        let status = member.child.wait()?;
        if !status.success() {
            outcome.failed.push(format!("{status}"));
        }
    }
    collect(&place, BOUND, &mut done)?;
    let store = Store::open(&place, Arc::new(StepClock::default()), values::trust())?;
    let bytes = store.stat()?.blob_bytes;
    if bytes > BOUND / 10 * 11 {
        outcome.failed.push(format!("{bytes} bytes stay, and {BOUND} were the bound"));
    }
    outcome.remarks.push(format!("{done} of them had the store alone"));
    Ok(outcome)
}

fn collect(place: &Path, bound: u64, done: &mut usize) -> Result<()> {
    let store = Store::open(place, Arc::new(StepClock::default()), values::trust())?;
    match store.gc(bound, Sweep::Delete) {
        Ok(report) => {
            *done += 1;
            let kept = report.bytes_kept;
            ensure!(kept <= bound / 10 * 11, "{kept} bytes stay, and {bound} were the bound");
        }
        Err(fault) if fault.code.as_str() == "E0604" => {}
        Err(fault) => bail!("{fault}"),
    }
    Ok(())
}
