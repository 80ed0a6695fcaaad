//! The exerciser: a process that puts a store to work, and says on stdout what it was promised.
//!
//! A seed decides all it does. Before each statement that takes promises away, and after each
//! call that made some, there is a line of [`crate::promises`].

use std::collections::BTreeSet;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use belljar_model::ports::{ActionCache as _, BlobSource as _, BlobStore as _, Record};
use belljar_model::{Digest, Fault};
use belljar_store::{Store, Sweep};

use crate::dice::Dice;
use crate::values::{self, StepClock};

/// How many different records there are.
pub(crate) const RECORDS: u64 = 48;

/// Whether the exerciser collects garbage so that it loses what it was promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pressure {
    /// Everything fits.
    None,
    /// Now and then almost nothing fits.
    Some,
}

/// How an exerciser ended. Only a defect ends it otherwise.
#[derive(Debug)]
pub enum Ended {
    /// All was done.
    Well,
    /// The store said why it could not go on.
    With(Fault),
    /// It could not say what it was about to give up, so it did not do that.
    Unheard,
    /// The store did what it must never do.
    Wrong(String),
}

impl Ended {
    /// The exit code of a process that ended so.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Well => 0,
            Self::With(_) | Self::Unheard => 3,
            Self::Wrong(_) => 4,
        }
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::With(fault)
    }
}

/// One process at work on a store.
struct Exerciser {
    store: Store,
    dice: Dice,
    pressure: Pressure,
    /// Put and not flushed.
    open: BTreeSet<u64>,
    /// Flushed, or found.
    known: BTreeSet<u64>,
}

/// Works on the store in `place` for so many turns.
pub fn exercise(place: &Path, seed: u64, turns: u64, pressure: Pressure) -> Ended {
    let ended = match run(place, seed, turns, pressure) {
        Ok(()) => Ended::Well,
        Err(ended) => ended,
    };
    match &ended {
        Ended::Well => say("well"),
        Ended::With(fault) => {
            let help = fault.help.as_deref().unwrap_or_default();
            say(&format!("fault {} {:?} | {fault} | {help}", fault.code, fault.blame));
        }
        Ended::Unheard => {}
        Ended::Wrong(what) => say(&format!("wrong {what}")),
    }
    ended
}

fn run(place: &Path, seed: u64, turns: u64, pressure: Pressure) -> Result<(), Ended> {
    let store =
        Store::open(place, Arc::new(StepClock::default()), values::trust()).map_err(Fault::from)?;
    let (open, known) = (BTreeSet::new(), BTreeSet::new());
    let mut exerciser = Exerciser { store, dice: Dice::new(seed), pressure, open, known };
    for _ in 0..turns {
        exerciser.turn()?;
    }
    exerciser.flush()?;
    let report = exerciser.store.verify()?;
    if report.damaged.is_empty() && report.database.is_empty() && report.unreadable.is_empty() {
        return Ok(());
    }
    Err(Ended::Wrong(format!("{report:?}")))
}

impl Exerciser {
    fn turn(&mut self) -> Result<(), Ended> {
        let record = self.dice.below(RECORDS);
        match self.dice.below(16) {
            0..=6 => self.use_record(record),
            7..=10 => self.flush(),
            11 => self.pin(record),
            12 => {
                let owner = format!("owner-{}", record % 3);
                give_up(&format!("unpins {owner}"))?;
                Ok(self.store.unpin(&owner)?)
            }
            13 => self.collect(),
            14 => self.look(),
            _ => self.store.stat().map(drop).map_err(Ended::from),
        }
    }

    fn use_record(&mut self, record: u64) -> Result<(), Ended> {
        if use_record(&self.store, record)? {
            self.open.insert(record);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Ended> {
        if let Err(fault) = self.store.flush() {
            // What is on the disk is not known now: no later flush may say that all is well. Only
            // a full disk may have room again, and what waits is written then.
            match self.store.flush() {
                Ok(()) if fault.code.as_str() == "E0620" => {}
                Ok(()) => {
                    let said = format!("it said {fault}, and then that all is well");
                    return Err(Ended::Wrong(said));
                }
                Err(again) if again.code == fault.code => return Err(fault.into()),
                Err(again) => return Err(Ended::Wrong(format!("first {fault}, then {again}"))),
            }
        }
        let kept = std::mem::take(&mut self.open);
        if !kept.is_empty() {
            let list: Vec<_> = kept.iter().map(u64::to_string).collect();
            say(&format!("promised {}", list.join(" ")));
        }
        self.known.extend(kept);
        Ok(())
    }

    fn pin(&mut self, record: u64) -> Result<(), Ended> {
        self.use_record(record)?;
        self.flush()?;
        let blobs: Vec<Digest> = values::result(record).blobs().collect();
        let owner = format!("owner-{}", record % 3);
        give_up(&format!("unpins {owner}"))?; // until the call returns, either may be there
        self.store.pin(&owner, &blobs)?;
        say(&format!("pins {owner} {record}"));
        Ok(())
    }

    fn collect(&mut self) -> Result<(), Ended> {
        let mut bound = 1 << 30;
        if self.pressure == Pressure::Some && self.dice.below(2) == 0 {
            bound = 200_000;
        }
        self.flush()?;
        if bound == 200_000 {
            // After the flush: what it promises may go as well as what was promised before.
            give_up("forgets")?;
            self.known.clear();
        }
        self.store.gc_if_needed(bound)?;
        match self.store.gc(bound, Sweep::Delete) {
            Err(fault) if fault.code.as_str() == "E0604" => Ok(()), // someone else is at work
            done => Ok(done.map(drop)?),
        }
    }

    /// Reads all that this process put or found.
    fn look(&mut self) -> Result<(), Ended> {
        let all: Vec<u64> = self.known.iter().chain(&self.open).copied().collect();
        for record in all {
            if self.known.contains(&record) && self.pressure == Pressure::Some {
                read(&self.store, record)?;
            } else if read(&self.store, record)? != Found::Whole {
                return Err(Ended::Wrong(format!("record {record} is gone")));
            }
        }
        let mut visit = |_, _| ControlFlow::Continue(());
        let cache = self.store.for_workspace("here");
        cache.traces(&values::family(0), &mut visit)?;
        cache.history(&values::step(0))?;
        Ok(())
    }
}

/// Does what a run does with a step: takes what is there, or makes it. Returns whether it was
/// made.
///
/// # Errors
/// When the store cannot do it, or gives back what was never put.
pub(crate) fn use_record(store: &Store, record: u64) -> Result<bool, Ended> {
    if read(store, record)? == Found::Whole {
        return Ok(false);
    }
    for bytes in values::blobs(record) {
        if bytes.len() % 3 == 0 {
            let mut writer = store.writer()?;
            for piece in bytes.chunks(32 * 1024) {
                writer.append(piece)?;
            }
            writer.finish()?;
        } else {
            store.put(&bytes)?;
        }
    }
    let (result, trace) = (values::result(record), values::trace(record));
    let (action, family) = (values::action(record), values::family(record));
    let cache = store.for_workspace("here");
    cache.put(Record { action, family, result: &result, trace: &trace })?;
    cache.remember(&values::step(record), values::past(record))?;
    Ok(true)
}

/// Makes every record that is not there, durably.
///
/// # Errors
/// As [`use_record`].
pub(crate) fn make_all(store: &Store) -> Result<(), Ended> {
    for record in 0..RECORDS {
        use_record(store, record)?;
    }
    Ok(store.flush()?)
}

/// What is there of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// The record, but not all its blobs.
    Part,
    /// The record with all its blobs, each as it must be.
    Whole,
}

/// Reads a record with all that it names.
///
/// # Errors
/// When something was found that is not as it was put.
pub(crate) fn read(store: &Store, record: u64) -> Result<Found, Ended> {
    let found = store.for_workspace("here").get(&values::action(record))?;
    let Some(found) = found else { return Ok(Found::Nothing) };
    if found != values::result(record) {
        return Err(Ended::Wrong(format!("record {record} is {found:?}")));
    }
    let mut whole = Found::Whole;
    for bytes in values::blobs(record) {
        match store.get(&Digest::of(&bytes))? {
            None => whole = Found::Part,
            Some(found) if *found == *bytes => {}
            Some(_) => return Err(Ended::Wrong(format!("a blob of record {record} is another"))),
        }
    }
    Ok(whole)
}

/// One line on stdout, at once. Where nobody listens any more, nobody is told: a promise that
/// nobody heard is not asked for.
fn say(line: &str) {
    let _ = tell(line);
}

/// Says that promises are taken back.
///
/// # Errors
/// When it cannot be said: then the promises stand.
fn give_up(line: &str) -> Result<(), Ended> {
    tell(line).map_err(|_| Ended::Unheard)
}

/// Writes a line, twice if need be: to write may fail here as all else does.
fn tell(line: &str) -> std::io::Result<()> {
    let line = format!("{line}\n");
    let write = || std::io::stdout().write_all(line.as_bytes());
    write().or_else(|_| write())
}
