//! The stat index: the digests of files that were not touched since they were hashed.
//!
//! A digest is used again only if size, times and inode are what they were. The time that
//! counts is `ctime`: every change of content, and every way to set `mtime` back, gives the file
//! a new `ctime`, which no program can choose. Clocks of file systems tick, though: two changes
//! within one tick have the same `ctime`. So an entry is trusted only if the file had been at
//! rest for longer than a tick when it was hashed; else it is hashed again. What remains is a
//! person who sets the machine's clock back and changes a file at exactly the old nanosecond.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use belljar_disk::Stat;
use belljar_model::{Digest, WorkspacePath};
use serde::{Deserialize, Serialize};

/// How long a tick can be, in nanoseconds, where the file system keeps fractions of seconds.
const TICK: i64 = 20_000_000;

/// How long a tick can be where it does not.
const COARSE_TICK: i64 = 2_000_000_000;

const SECOND: i64 = 1_000_000_000;

/// The largest file, in bytes, that is hashed again for later runs and not for this one.
const SMALL: u64 = 64 << 10;

/// Fewer changes than one in so many files are few.
const FEW: usize = 128;

/// How many files are remembered although nobody looked at them.
const MANY: usize = 20_000;

/// How long more of them are remembered, in nanoseconds.
const MONTH: i64 = 30 * 24 * 60 * 60 * SECOND;

/// Digests by path, with what the file looked like.
pub(crate) struct Index {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    stamps: HashMap<WorkspacePath, Known>,
    /// What changed since it was read or encoded: one for each file, and one more for each
    /// [`SMALL`] bytes of it.
    changes: u64,
}

/// A stamp, and whether this run looked at its file.
struct Known {
    stamp: Stamp,
    is_used: AtomicBool,
}

/// What shows that a file, or the list of names in a folder, is another than before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Times {
    size: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    inode: u64,
}

/// A digest, and what must be the same for it to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stamp {
    digest: Digest,
    times: Times,
    /// When hashing began, in nanoseconds since 1970-01-01 UTC.
    hashed_ns: i64,
}

impl Index {
    /// Reads an index. What cannot be read is an empty one.
    pub(crate) fn decode(bytes: Option<&[u8]>) -> Self {
        let stamps =
            bytes.and_then(|bytes| postcard::from_bytes::<Vec<(WorkspacePath, Stamp)>>(bytes).ok());
        let known = |(path, stamp)| (path, Known { stamp, is_used: AtomicBool::new(false) });
        let stamps = stamps.unwrap_or_default().into_iter().map(known).collect();
        Self { state: RwLock::new(State { stamps, changes: 0 }) }
    }

    /// Writes the index at the time `now_ms`, sorted by path. `None` if since it was read or
    /// encoded so little changed that to hash it once more costs less than to write all of it.
    /// Of very many files, those are forgotten that this run did not look at and that were hashed
    /// long ago: most of them are not there any more.
    pub(crate) fn encode(&self, now_ms: u64) -> Option<Vec<u8>> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.changes <= (state.stamps.len() / FEW) as u64 {
            return None;
        }
        state.changes = 0;
        if state.stamps.len() > MANY {
            let since = nanos(now_ms).saturating_sub(MONTH);
            state.stamps.retain(|_, known| {
                known.is_used.load(Ordering::Relaxed) || known.stamp.hashed_ns >= since
            });
        }
        let mut stamps: Vec<_> =
            state.stamps.iter().map(|(path, known)| (path, &known.stamp)).collect();
        stamps.sort_by_key(|(path, _)| *path);
        Some(postcard::to_stdvec(&stamps).expect("paths and numbers can be encoded"))
    }

    /// The digest of the file at `path`, if it is certain.
    pub(crate) fn digest(&self, path: &WorkspacePath, stat: &Stat) -> Option<Digest> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let Known { stamp, is_used } = state.stamps.get(path)?;
        is_used.store(true, Ordering::Relaxed);
        (stamp.is_of(stat) && stamp.is_settled()).then_some(stamp.digest)
    }

    /// What is known of the file at `path`, certain or not.
    pub(crate) fn stamp(&self, path: &WorkspacePath) -> Option<Stamp> {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamps
            .get(path)
            .map(|known| known.stamp)
    }

    /// The small files whose digests this run learned too soon after they were written, and that
    /// are at rest at `now_ms`.
    pub(crate) fn ripe(&self, now_ms: u64) -> Vec<WorkspacePath> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let is_ripe = |known: &Known| {
            let Stamp { digest, times, .. } = known.stamp;
            known.is_used.load(Ordering::Relaxed)
                && digest.size() <= SMALL
                && !known.stamp.is_settled()
                && times.were_at_rest(nanos(now_ms))
        };
        let ripe = state.stamps.iter().filter(|(_, known)| is_ripe(known));
        ripe.map(|(path, _)| path.clone()).collect()
    }

    /// Learns the digest of a file that looked like `stat` before and after hashing. `now_ms`
    /// is when hashing began.
    pub(crate) fn learn(&self, path: &WorkspacePath, digest: Digest, stat: &Stat, now_ms: u64) {
        let stamp = Stamp::new(digest, stat, now_ms);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let known = Known { stamp, is_used: AtomicBool::new(true) };
        state.stamps.insert(path.clone(), known);
        state.changes = state.changes.saturating_add(1 + digest.size() / SMALL);
    }

    /// Forgets a file that is not there any more.
    pub(crate) fn forget(&self, path: &WorkspacePath) {
        let known = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            state.stamps.contains_key(path)
        };
        if known {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.changes += u64::from(state.stamps.remove(path).is_some());
        }
    }
}

impl Stamp {
    /// What a file looked like. `now_ms` is when someone began to look.
    pub(crate) fn new(digest: Digest, stat: &Stat, now_ms: u64) -> Self {
        let hashed_ns = nanos(now_ms);
        Self { digest, times: Times::of(stat), hashed_ns }
    }

    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) const fn times(&self) -> Times {
        self.times
    }

    const fn is_of(&self, stat: &Stat) -> bool {
        self.times.are_of(stat)
    }

    /// Whether a change after hashing is sure to show in the file's times.
    pub(crate) const fn is_settled(&self) -> bool {
        self.times.were_at_rest(self.hashed_ns)
    }
}

impl Times {
    pub(crate) const fn of(stat: &Stat) -> Self {
        let Stat { size, mtime_ns, ctime_ns, inode, .. } = *stat;
        Self { size, mtime_ns, ctime_ns, inode }
    }

    pub(crate) const fn are_of(&self, stat: &Stat) -> bool {
        self.size == stat.size
            && self.mtime_ns == stat.mtime_ns
            && self.ctime_ns == stat.ctime_ns
            && self.inode == stat.inode
    }

    /// Whether a change after this moment, in nanoseconds since 1970-01-01 UTC, is sure to show.
    pub(crate) const fn were_at_rest(&self, moment_ns: i64) -> bool {
        let coarse = self.ctime_ns % SECOND == 0 && self.mtime_ns % SECOND == 0;
        let tick = if coarse { COARSE_TICK } else { TICK };
        self.ctime_ns.saturating_add(tick) < moment_ns
    }
}

pub(crate) fn nanos(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use belljar_disk::Kind;
    use proptest::prelude::*;

    use super::*;

    fn path() -> WorkspacePath {
        WorkspacePath::parse("file").unwrap()
    }

    fn stat(size: u64, mtime_ns: i64, ctime_ns: i64) -> Stat {
        Stat { kind: Kind::File, size, mtime_ns, ctime_ns, inode: 7, executable: false }
    }

    fn index() -> Index {
        Index::decode(None)
    }

    #[test]
    fn an_untouched_file_is_known_again_also_after_saving() {
        let (index, digest) = (index(), Digest::of(b"one"));
        let stat = stat(3, 1_000_000_001, 1_000_000_001);
        index.learn(&path(), digest, &stat, 5_000);
        assert_eq!(index.digest(&path(), &stat), Some(digest));
        let bytes = index.encode(5_000).unwrap();
        assert_eq!(index.encode(5_000), None, "nothing changed since");
        let index = Index::decode(Some(&bytes));
        assert_eq!(index.digest(&path(), &stat), Some(digest));
        assert_eq!(index.encode(5_000), None);
        index.forget(&path());
        assert_eq!(index.digest(&path(), &stat), None);
    }

    #[test]
    fn few_changes_are_not_worth_writing_and_a_large_file_is_not_few() {
        let path = |number| WorkspacePath::parse(&format!("file-{number}")).unwrap();
        let (index, stat) = (index(), stat(3, 1_000_000_001, 1_000_000_001));
        for number in 0..3 * FEW {
            index.learn(&path(number), Digest::of(b"one"), &stat, 5_000);
        }
        assert!(index.encode(5_000).is_some());
        index.learn(&path(0), Digest::of(b"two"), &stat, 5_000);
        assert_eq!(index.encode(5_000), None);
        let large = Digest::from_parts([1; 32], 3 * SMALL);
        index.learn(&path(1), large, &stat, 5_000);
        assert!(index.encode(5_000).is_some());
    }

    #[test]
    fn of_very_many_files_only_those_are_kept_that_somebody_looks_at() {
        let month = 31 * 24 * 60 * 60 * 1000;
        let path = |number| WorkspacePath::parse(&format!("file-{number}")).unwrap();
        let (first, stat) = (index(), stat(3, 1_000_000_001, 1_000_000_001));
        for number in 0..=MANY {
            first.learn(&path(number), Digest::of(b"one"), &stat, 5_000);
        }
        let index = Index::decode(first.encode(month).as_deref());
        assert_eq!(index.state.read().unwrap().stamps.len(), MANY + 1, "this run made them");
        assert!(index.digest(&path(7), &stat).is_some());
        let learn = |index: &Index, number| {
            // One that is learned again and again counts each time.
            for _ in 0..MANY / FEW {
                index.learn(&path(number), Digest::of(b"two"), &stat, month);
            }
            assert_eq!(index.encode(month), None, "that is little");
            index.learn(&path(number), Digest::of(b"two"), &stat, month);
        };
        learn(&index, MANY + 1);
        let index = Index::decode(index.encode(5_000 + 1).as_deref());
        assert_eq!(index.state.read().unwrap().stamps.len(), MANY + 2, "they are young");
        index.digest(&path(7), &stat);
        learn(&index, MANY + 2);
        let index = Index::decode(index.encode(month + 10_000).as_deref());
        let state = index.state.read().unwrap();
        let mut left: Vec<_> = state.stamps.keys().map(ToString::to_string).collect();
        left.sort();
        let expected = [7, MANY + 1, MANY + 2].map(|number| format!("file-{number}"));
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn a_spoiled_index_is_an_empty_one() {
        assert_eq!(Index::decode(Some(b"\xff\xff\xff")).digest(&path(), &stat(0, 0, 0)), None);
    }

    #[test]
    fn a_file_that_was_just_written_is_hashed_again() {
        let index = index();
        let check = |mtime_ns, ctime_ns, now_ms, known: bool| {
            let stat = stat(3, mtime_ns, ctime_ns);
            index.learn(&path(), Digest::of(b"one"), &stat, now_ms);
            assert_eq!(index.digest(&path(), &stat).is_some(), known, "{ctime_ns} {now_ms}");
        };
        check(1, 1_000_000_001, 1_000, false);
        check(1, 1_000_000_001, 1_020, false);
        check(1, 1_000_000_001, 1_021, true);
        check(0, 1_000_000_000, 1_021, false);
        check(0, 1_000_000_000, 3_000, false);
        check(0, 1_000_000_000, 3_001, true);
        check(1, 9_000_000_001, 5_000, false);
    }

    /// What can happen to a file.
    #[derive(Clone, Debug)]
    enum Deed {
        /// Time passes, in milliseconds.
        Wait(u16),
        /// Someone writes this content, and sets `mtime` back to this.
        Write(u8, i64),
        /// A run looks at the file.
        Look,
    }

    proptest! {
        /// A model of a file system whose clock ticks every 10 ms: whatever is done in whatever
        /// order, a digest from the index is that of the content.
        #[test]
        fn the_index_never_knows_an_old_digest(deeds in prop::collection::vec(prop_oneof![
            (0_u16..30).prop_map(Deed::Wait),
            (0_u8..3, 1_i64..3).prop_map(|(content, mtime)| Deed::Write(content, mtime)),
            Just(Deed::Look),
        ], 0..60)) {
            let index = index();
            let (mut now_ms, mut content, mut file) = (5_000_u64, 0_u8, stat(1, 1, 1));
            for deed in deeds {
                match deed {
                    Deed::Wait(millis) => now_ms += u64::from(millis),
                    Deed::Write(new, mtime) => {
                        content = new;
                        let tick = i64::try_from(now_ms / 10 * 10).unwrap();
                        file = stat(1, mtime, tick * 1_000_000);
                    }
                    Deed::Look => {
                        let actual = Digest::of(&[content]);
                        match index.digest(&path(), &file) {
                            Some(digest) => prop_assert_eq!(digest, actual),
                            None => index.learn(&path(), actual, &file, now_ms),
                        }
                    }
                }
            }
        }
    }
}
