//! History: the confirmed entries of a ledger, and how it goes on with what was added.

use std::io::BufRead as _;

use belljar_model::LedgerEntry as Entry;

use crate::chain::KeyChain;
use crate::checkpoint::Checkpoint;
use crate::files::Slots;
use crate::key::PublicKey;
use crate::tree::{Frontier, leaf_hash};

/// All entries that a checkpoint has confirmed.
#[derive(Default, Debug)]
pub(crate) struct History {
    /// The entries.
    pub(crate) entries: Vec<Entry>,
    /// The tree over their lines.
    pub(crate) frontier: Frontier,
    /// The keys that they name.
    pub(crate) chain: KeyChain,
    /// Where the last line ends, in bytes.
    pub(crate) end: u64,
    /// The checkpoint that covers them all; `None` for a ledger that is not there yet.
    pub(crate) best: Option<Best>,
}

/// The checkpoint of the largest size that is valid.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    /// The slot that it is in.
    pub(crate) slot: usize,
    /// The checkpoint.
    pub(crate) checkpoint: Checkpoint,
}

/// Why a history cannot go on.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It is not what a checkpoint says.
    Tampered,
    /// It is what the checkpoint says, but this version cannot read a line.
    Newer { line: usize, reason: String },
}

/// The complete lines of some bytes, without their ends.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let line = rest;
        let size = rest.skip_until(b'\n').expect("memory can always be read");
        line[..size].strip_suffix(b"\n")
    })
}

/// Reads a line as the entry of this number.
pub(crate) fn entry(line: &[u8], seq: u64) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if entry.seq == seq { Ok(entry) } else { Err(format!("`seq` is {}, not {seq}", entry.seq)) }
}

impl History {
    /// How many entries.
    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Takes in what `tail`, the bytes behind the last known line, holds as far as a checkpoint
    /// confirms it. Returns how many bytes at the end of it no checkpoint confirms. A ledger
    /// without lines is trusted if `own` signed its checkpoint.
    ///
    /// # Errors
    /// When it cannot be; then nothing was taken in.
    pub(crate) fn catch_up(
        &mut self,
        tail: &[u8],
        slots: &Slots,
        own: Option<&PublicKey>,
    ) -> Result<usize, Broken> {
        if slots.iter().all(Option::is_none) && tail.is_empty() && self.best.is_none() {
            return Ok(0);
        }
        let first = self.size();
        let mut chain = self.chain.clone();
        let mut entries = Vec::new();
        for (seq, line) in (first..).zip(lines(tail)) {
            let entry = entry(line, seq);
            let entry = entry.and_then(|entry| chain.see(seq, &entry.event).map(|()| entry));
            entries.push(entry);
        }
        let best = best(slots, &chain, own).ok_or(Broken::Tampered)?;
        let confirmed = best.checkpoint.size.checked_sub(first).ok_or(Broken::Tampered)?;
        let confirmed = usize::try_from(confirmed).map_err(|_| Broken::Tampered)?;
        if confirmed > entries.len() {
            return Err(Broken::Tampered);
        }
        let (mut frontier, mut taken) = (self.frontier.clone(), 0);
        for line in lines(tail).take(confirmed) {
            frontier.push(leaf_hash(line));
            taken += line.len() + 1;
        }
        if frontier.root() != best.checkpoint.root {
            return Err(Broken::Tampered);
        }
        entries.truncate(confirmed);
        let mut read = Vec::with_capacity(confirmed);
        for (index, entry) in entries.into_iter().enumerate() {
            let line = self.entries.len() + index + 1;
            read.push(entry.map_err(|reason| Broken::Newer { line, reason })?);
        }
        self.add(read, frontier, taken as u64);
        self.best = Some(best);
        Ok(tail.len() - taken)
    }

    /// Adds entries whose lines are `bytes` long in all.
    pub(crate) fn add(&mut self, entries: Vec<Entry>, frontier: Frontier, bytes: u64) {
        for entry in &entries {
            self.chain.see(entry.seq, &entry.event).expect("its keys were looked at before");
        }
        self.entries.extend(entries);
        self.frontier = frontier;
        self.end += bytes;
    }
}

/// The largest checkpoint that this log made.
fn best(slots: &Slots, chain: &KeyChain, own: Option<&PublicKey>) -> Option<Best> {
    let is_valid = |checkpoint: &Checkpoint| match chain.origin() {
        Some(_) => chain.accepts_own(checkpoint).is_ok(),
        // Nothing names a key yet. One who only reads learns nothing wrong from an empty ledger.
        None => checkpoint.size == 0 && own.is_none_or(|key| checkpoint.is_signed_by(key)),
    };
    let slots = slots.iter().enumerate().filter_map(|(slot, bytes)| {
        let checkpoint = Checkpoint::parse(bytes.as_deref()?).ok()?;
        is_valid(&checkpoint).then_some(Best { slot, checkpoint })
    });
    slots.max_by_key(|best| best.checkpoint.size)
}
