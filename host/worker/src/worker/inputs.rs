//! Inputs: what a guest reads. Some came with the call; others are asked for, and those behind them
//! along with them as long as the guest reads one file after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::ports::BlobSource;
use belljar_model::{Digest, Fault};
use bytes::Bytes;

use super::link::{Link, unexpected};
use crate::message::{AT_ONCE, Answer, Ask};

/// The contents that are here.
#[derive(Default)]
pub(super) struct AtHand(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// Came with the call.
    enclosed: HashMap<Digest, Bytes>,
    /// Came along with the last answer, and was not read yet.
    ahead: HashMap<Digest, Bytes>,
    /// How many files were asked for at last.
    window: usize,
    /// What comes after those; `None` at the end of a folder.
    awaited: Option<Digest>,
}

impl AtHand {
    /// Holds the files of a call, whose bytes lie one after the other, and forgets all others.
    pub(super) fn hold(&self, files: &[Digest], bytes: Bytes) {
        *self.held() = Held { enclosed: apart(files, bytes), ..Held::default() };
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn get(&mut self, digest: &Digest) -> Option<Bytes> {
        // Whoever reads a file keeps it at hand.
        self.ahead.remove(digest).or_else(|| self.enclosed.get(digest).cloned())
    }

    /// What to ask for, if `digest` is not here: twice as many as at last if the guest goes on
    /// where those ended, and else nothing that it does not want. Then, what it will ask for next
    /// if it goes on.
    fn wanted(&mut self, digest: Digest, next: &mut dyn Iterator<Item = Digest>) -> Wanted {
        let goes_on = self.awaited.is_none_or(|awaited| awaited == digest);
        self.window = if goes_on { (self.window * 2).clamp(1, AT_ONCE.files) } else { 1 };
        let mut wanted = Wanted { now: vec![digest], then: Vec::new() };
        let room = AT_ONCE.bytes.checked_sub(digest.size());
        let window = if room.is_some() { self.window } else { 1 }; // a large one comes alone
        let most = (window, room.unwrap_or(0));
        self.awaited = gather(next.next(), next, &mut wanted.now, most);
        if self.window > 1 {
            let after = (self.window * 2).min(AT_ONCE.files);
            gather(self.awaited, next, &mut wanted.then, (after, AT_ONCE.bytes));
        }
        wanted
    }
}

/// What is asked for at once.
#[derive(PartialEq, Eq, Debug)]
struct Wanted {
    now: Vec<Digest>,
    then: Vec<Digest>,
}

/// Adds files until there are `most`, or the next one is larger than the room that is left. Returns
/// that next one.
fn gather(
    first: Option<Digest>,
    next: &mut dyn Iterator<Item = Digest>,
    to: &mut Vec<Digest>,
    (most, mut room): (usize, u64),
) -> Option<Digest> {
    let mut one = first;
    while let Some(digest) = one.filter(|digest| to.len() < most && digest.size() <= room) {
        room -= digest.size();
        to.push(digest);
        one = next.next();
    }
    one
}

/// Inputs.
pub(super) struct AskedInputs {
    pub(super) link: Arc<Link>,
    pub(super) at_hand: Arc<AtHand>,
}

impl AskedInputs {
    /// Asks for blobs; the first one is returned and the others are kept at hand.
    fn ask(&self, wanted: Wanted) -> Result<Option<Bytes>, Fault> {
        let Wanted { now, then } = wanted;
        let Answer::Inputs(found) = self.link.ask(Ask::Inputs { now: now.clone(), then })? else {
            return Err(unexpected());
        };
        let found: Vec<Digest> =
            now.iter().zip(found).filter_map(|(one, is_here)| is_here.then_some(*one)).collect();
        let size = found.iter().map(Digest::size).fold(0, u64::saturating_add);
        let bytes = self.link.raw(size)?;
        if now.len() == 1 {
            return Ok((!found.is_empty()).then_some(bytes)); // not copied: it may be large
        }
        // Whoever keeps one of them does not keep all: they came in one piece.
        let copied = |(digest, bytes): (Digest, Bytes)| (digest, Bytes::copy_from_slice(&bytes));
        let mut files: HashMap<_, _> = apart(&found, bytes).into_iter().map(copied).collect();
        let first = files.remove(&now[0]);
        self.at_hand.held().ahead = files;
        Ok(first)
    }
}

impl BlobSource for AskedInputs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        self.get_ahead(digest, &mut std::iter::empty())
    }

    fn get_ahead(
        &self,
        digest: &Digest,
        next: &mut dyn Iterator<Item = Digest>,
    ) -> Result<Option<Bytes>, Fault> {
        let mut held = self.at_hand.held();
        if let Some(bytes) = held.get(digest) {
            return Ok(Some(bytes));
        }
        let wanted = held.wanted(*digest, next);
        drop(held);
        self.ask(wanted)
    }
}

/// Takes files apart whose bytes lie one after the other.
fn apart(files: &[Digest], mut bytes: Bytes) -> HashMap<Digest, Bytes> {
    let cut = |digest: &Digest| {
        let size = usize::try_from(digest.size()).unwrap_or(usize::MAX).min(bytes.len());
        (*digest, bytes.split_to(size))
    };
    files.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    /// What is asked for by a guest that reads these of `files` files, in this order.
    fn asked(files: u32, read: impl IntoIterator<Item = u32>) -> Vec<usize> {
        let mut held = Held::default();
        let mut asked = Vec::new();
        for one in read {
            if held.get(&file(one)).is_some() {
                continue;
            }
            let wanted = held.wanted(file(one), &mut (one + 1..files).map(file));
            let Wanted { now, then } = wanted;
            assert_eq!(now[0], file(one));
            if !then.is_empty() {
                let behind = one + u32::try_from(now.len()).unwrap();
                assert_eq!((then[0], held.awaited), (file(behind), Some(file(behind))));
            }
            held.ahead = now[1..].iter().map(|one| (*one, Bytes::new())).collect();
            asked.push(now.len());
        }
        asked
    }

    #[test]
    fn who_reads_one_after_the_other_gets_more_and_more_at_once() {
        assert_eq!(asked(200, 0..200), [1, 2, 4, 8, 16, 32, 64, 64, 9]);
    }

    #[test]
    fn who_reads_here_and_there_gets_just_that() {
        assert_eq!(asked(200, (0..190).rev().step_by(20)), [1; 10]);
        assert_eq!(asked(200, [7, 80, 3, 120, 121, 9]), [1, 1, 1, 1, 2, 1]);
    }

    #[test]
    fn large_files_come_alone() {
        let large = Digest::of(&vec![0; 1 + usize::try_from(AT_ONCE.bytes).unwrap()]);
        let mut held = Held { window: 8, awaited: Some(file(0)), ..Held::default() };
        let alone = |file| Wanted { now: vec![file], then: Vec::new() };
        assert_eq!(held.wanted(file(0), &mut [large, file(1)].into_iter()), alone(file(0)));
        let behind = Wanted { then: vec![file(1)], ..alone(large) };
        assert_eq!(held.wanted(large, &mut [file(1)].into_iter()), behind);
        // Nothing comes with it, not even what is empty.
        let empty = Digest::of(b"");
        let behind = Wanted { then: vec![empty], ..alone(large) };
        let mut held = Held { window: 8, awaited: Some(large), ..Held::default() };
        assert_eq!(held.wanted(large, &mut [empty].into_iter()), behind);
    }
    proptest! {
        #[test]
        fn nothing_is_asked_for_that_is_denied(
            sizes in proptest::collection::vec(
                prop_oneof![Just(0), 1..9_000_u64, AT_ONCE.bytes - 1..AT_ONCE.bytes + 2],
                1..300,
            ),
            reads in proptest::collection::vec(0..4_usize, 1..100),
        ) {
            let files: Vec<_> = (0..)
                .zip(&sizes)
                .map(|(number, size)| Digest::from_parts(*file(number).hash(), *size))
                .collect();
            let (mut held, mut at) = (Held::default(), 0);
            for skipped in reads {
                at += skipped;
                let Some(one) = files.get(at) else { break };
                if held.get(one).is_none() {
                    let Wanted { now, then } =
                        held.wanted(*one, &mut files[at + 1..].iter().copied());
                    prop_assert!(now[0] == *one && (now.len() == 1 || AT_ONCE.holds(&now)));
                    prop_assert!(AT_ONCE.holds(&then));
                    held.ahead = now[1..].iter().map(|one| (*one, Bytes::new())).collect();
                }
                at += 1;
            }
        }
    }
}
