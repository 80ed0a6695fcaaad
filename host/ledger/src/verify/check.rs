//! The check itself: a function of the files' bytes.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::LedgerEntry as Entry;

use super::problem::{Problem, ProblemKind};
use super::{Copy, Verified};
use crate::chain::KeyChain;
use crate::checkpoint::Checkpoint;
use crate::files::SLOTS;
use crate::history;
use crate::key::PublicKey;
use crate::tree::{Frontier, Hash, leaf_hash};

/// How many lines are named one by one.
const NAMED_LINES: usize = 20;

/// The hash of a line, and the entry of its number that it is, or why it is not.
pub(crate) type Line = (Hash, Result<Entry, String>);

/// Looks at a line.
pub(crate) type ReadLine<'a> = &'a dyn Fn(&[u8], u64) -> Line;

/// Looks at a line that nothing is known of.
pub(crate) fn read_line(line: &[u8], seq: u64) -> Line {
    (leaf_hash(line), history::entry(line, seq))
}

/// Finds everything that is wrong with a copy of a ledger.
pub(crate) fn check(
    copy: &Copy,
    against: Option<&Checkpoint>,
    expected_key: Option<&PublicKey>,
) -> Verified {
    check_with(&read_line, copy, against, expected_key)
}

/// The same, with another way to read lines.
pub(crate) fn check_with(
    read_line: ReadLine<'_>,
    copy: &Copy,
    against: Option<&Checkpoint>,
    expected_key: Option<&PublicKey>,
) -> Verified {
    let slots = copy.slots.each_ref().map(|slot| slot.as_deref().map(Checkpoint::parse));
    let mut sizes: Vec<u64> = against.iter().map(|old| old.size).collect();
    sizes.extend(slots.iter().flatten().flatten().map(|checkpoint| checkpoint.size));
    sizes.extend(copy.rotations.keys());
    let scan = Scan::of(&copy.lines, &sizes, read_line);

    let mut problems = Vec::new();
    let mut valid = Vec::new();
    for (name, slot) in SLOTS.iter().zip(slots) {
        let reason = match slot {
            None => "is missing".to_owned(),
            Some(Err(error)) => format!("is no checkpoint: {error}"),
            Some(Ok(checkpoint)) => match scan.chain.accepts_own(&checkpoint) {
                Ok(()) => {
                    valid.push(checkpoint);
                    continue;
                }
                Err(reason) => format!("is not valid: {reason}"),
            },
        };
        let message = format!("`{name}` {reason} (interrupted while it was written, or changed)");
        problems.push(Problem::new(ProblemKind::Checkpoint, message));
    }
    valid.sort_by_key(|checkpoint| checkpoint.size);
    let best = valid.last();
    if best.is_none() {
        let message = "no checkpoint is valid, so nothing shows that the lines are as written";
        problems.push(Problem::new(ProblemKind::Checkpoint, message));
    }
    let size = best.map_or(scan.size(), |best| best.size);
    problems.extend(scan.line_problems(size));
    let rotations = scan.rotations(copy, size);
    let of_size = |size: u64| rotations.iter().chain(&valid).find(|point| point.size == size);
    problems.extend(scan.rotation_problems(size, |size| of_size(size).is_some()));
    let mut points: Vec<_> = rotations.iter().chain(&valid).collect();
    points.sort_by_key(|point| point.size);
    problems.extend(scan.content_problem(&points));
    problems.extend(scan.truncated(size));
    problems.extend(scan.unconfirmed(size, copy.lines.len()));
    problems.extend(scan.key_problem(expected_key));
    problems.extend(against.and_then(|old| super::against::compare(&scan, old, expected_key)));
    Verified {
        size,
        root: best.map_or_else(String::new, |best| STANDARD.encode(best.root)),
        checkpoint: best.map_or_else(String::new, Checkpoint::text),
        entries: scan.confirmed_entries(size),
        problems,
    }
}

/// What the lines hold, whatever the checkpoints say.
pub(super) struct Scan {
    entries: Vec<Result<Entry, String>>,
    /// The bytes of each line, its end included, added up.
    ends: Vec<usize>,
    /// The keys that the lines name.
    pub(super) chain: KeyChain,
    /// The roots at the sizes that matter and that the lines reach.
    pub(super) roots: BTreeMap<u64, Hash>,
}

impl Scan {
    fn of(bytes: &[u8], sizes: &[u64], read_line: ReadLine<'_>) -> Self {
        let mut scan = Self {
            entries: Vec::new(),
            ends: Vec::new(),
            chain: KeyChain::default(),
            roots: BTreeMap::new(),
        };
        let mut frontier = Frontier::default();
        let mut end = 0;
        scan.keep_root(&frontier, sizes);
        for (seq, line) in (0..).zip(history::lines(bytes)) {
            let (hash, entry) = read_line(line, seq);
            frontier.push(hash);
            scan.keep_root(&frontier, sizes);
            end += line.len() + 1;
            scan.ends.push(end);
            let entry = entry.and_then(|entry| scan.chain.see(seq, &entry.event).map(|()| entry));
            scan.entries.push(entry);
        }
        scan
    }

    fn keep_root(&mut self, frontier: &Frontier, sizes: &[u64]) {
        if sizes.contains(&frontier.size()) {
            self.roots.insert(frontier.size(), frontier.root());
        }
    }

    /// How many whole lines there are.
    pub(super) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn confirmed_entries(self, size: u64) -> Vec<Entry> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.entries.into_iter().take(size).filter_map(Result::ok).collect()
    }

    /// Lines that are not the entry that belongs there. Behind the first one that is out of
    /// step all others are too, and say nothing more.
    fn line_problems(&self, size: u64) -> Vec<Problem> {
        let lines = (1..=size).zip(&self.entries);
        let wrong = lines.filter_map(|(line, entry)| {
            entry.as_ref().err().map(|reason| Problem::at(line, ProblemKind::Line, reason))
        });
        let mut wrong: Vec<_> = wrong.collect();
        let more = wrong.len().saturating_sub(NAMED_LINES);
        if more > 0 {
            wrong.truncate(NAMED_LINES);
            let message = format!("{more} more lines are not the entries that belong there");
            wrong.push(Problem::new(ProblemKind::Line, message));
        }
        wrong
    }

    /// Where the lines stop to be those that the checkpoints, smallest first, cover.
    fn content_problem(&self, points: &[&Checkpoint]) -> Option<Problem> {
        let is_wrong = |point: &Checkpoint| {
            self.roots.get(&point.size).is_some_and(|root| *root != point.root)
        };
        let first = points.iter().position(|point| is_wrong(point))?;
        let begin = if first == 0 { 1 } else { points[first - 1].size + 1 };
        let message = format!(
            "one of the lines {begin} to {} is not the one that the checkpoint covers: compare them \
             with a copy",
            points[first].size
        );
        Some(Problem::new(ProblemKind::Content, message))
    }

    fn truncated(&self, size: u64) -> Option<Problem> {
        let lines = self.size();
        let message = format!("the checkpoint covers {size} lines, but {lines} are there");
        (lines < size).then(|| Problem::at(lines + 1, ProblemKind::Truncated, message))
    }

    fn unconfirmed(&self, size: u64, bytes: usize) -> Option<Problem> {
        let confirmed = usize::try_from(size).unwrap_or(usize::MAX);
        let end = match confirmed {
            0 => 0,
            lines => self.ends.get(lines - 1).copied().unwrap_or(bytes),
        };
        let more = bytes - end;
        let message = format!(
            "{more} bytes at the end are covered by no checkpoint (an append was interrupted, or \
             they were added by hand)"
        );
        (more > 0).then(|| Problem::at(size + 1, ProblemKind::Unconfirmed, message))
    }

    /// The valid checkpoints at which both keys signed the change of the key.
    fn rotations(&self, copy: &Copy, size: u64) -> Vec<Checkpoint> {
        let sizes = self.chain.rotations().filter(|rotation| *rotation <= size);
        let kept = sizes.filter_map(|size| {
            let checkpoint = Checkpoint::parse(copy.rotations.get(&size)?).ok()?;
            let is_valid = checkpoint.size == size && self.chain.accepts_own(&checkpoint).is_ok();
            is_valid.then_some(checkpoint)
        });
        kept.collect()
    }

    /// Changes of the key up to `size` that no checkpoint of both keys proves.
    fn rotation_problems(&self, size: u64, is_proved: impl Fn(u64) -> bool) -> Vec<Problem> {
        let sizes = self.chain.rotations().filter(|rotation| *rotation <= size);
        let problem = |size| {
            let name = crate::files::rotation(size);
            let message = format!("the key changes, and `{name}` does not prove that it may");
            Problem::at(size, ProblemKind::Key, message)
        };
        sizes.filter(|size| !is_proved(*size)).map(problem).collect()
    }

    fn key_problem(&self, expected: Option<&PublicKey>) -> Option<Problem> {
        let expected = expected.filter(|key| self.chain.keys().all(|own| own != **key))?;
        let own = self.chain.current().map_or("none".to_owned(), |key| key.to_string());
        let message = format!("the key is `{own}`, not the expected `{expected}`");
        Some(Problem::new(ProblemKind::Key, message))
    }
}
