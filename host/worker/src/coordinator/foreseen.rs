//! Foreseen: inputs that are read before a worker asks for them, because it said that it will.

use std::collections::HashMap;

use belljar_model::ports::BlobSource;
use belljar_model::{Digest, Fault};
use bytes::Bytes;

use super::answers::denied;
use crate::message::{AT_ONCE, Answer};
use crate::stream::Broken;

/// What one worker will ask for next.
#[derive(Default)]
pub(super) struct Foreseen {
    /// Not read yet.
    awaited: Vec<Digest>,
    /// Read.
    files: HashMap<Digest, Bytes>,
}

impl Foreseen {
    /// Answers a question for several inputs, and awaits one for others. Only the first one must be
    /// to be had: whoever needs another one asks for it again, and hears why it is not.
    ///
    /// # Errors
    /// When they are more than may be asked for at once.
    pub(super) fn answer(
        &mut self,
        inputs: &dyn BlobSource,
        now: &[Digest],
        then: Vec<Digest>,
    ) -> Result<(Answer, Bytes), Broken> {
        let Some((first, others)) = now.split_first() else {
            return Err(denied("no input"));
        };
        if !(others.is_empty() || AT_ONCE.holds(now)) || !AT_ONCE.holds(&then) {
            return Err(denied("more inputs at once than there may be"));
        }
        let mut get = |digest: &Digest| match self.files.remove(digest) {
            Some(bytes) => Ok(Some(bytes)),
            None => get(inputs, digest),
        };
        let answered = match get(first) {
            Ok(Some(bytes)) if others.is_empty() => (Answer::Inputs(vec![true]), bytes),
            Ok(Some(bytes)) => together(&bytes, others, get),
            Ok(None) => (Answer::Inputs(vec![false]), Bytes::new()),
            Err(fault) => (fault.into(), Bytes::new()),
        };
        *self = Self { awaited: then, files: HashMap::new() };
        Ok(answered)
    }

    /// Reads what is awaited. What cannot be read is read again when it is asked for.
    pub(super) fn read(&mut self, inputs: &dyn BlobSource) {
        for digest in std::mem::take(&mut self.awaited) {
            if let Ok(Some(bytes)) = get(inputs, &digest) {
                self.files.insert(digest, bytes);
            }
        }
    }
}

/// Reads an input. The worker counts its bytes by its digest, so they must be as many.
fn get(inputs: &dyn BlobSource, digest: &Digest) -> Result<Option<Bytes>, Fault> {
    Ok(inputs.get(digest)?.filter(|bytes| bytes.len() as u64 == digest.size()))
}

fn together(
    first: &Bytes,
    others: &[Digest],
    mut get: impl FnMut(&Digest) -> Result<Option<Bytes>, Fault>,
) -> (Answer, Bytes) {
    let (mut found, mut all) = (vec![true], first.to_vec());
    for digest in others {
        let bytes = get(digest).ok().flatten();
        found.push(bytes.is_some());
        all.extend_from_slice(&bytes.unwrap_or_default());
    }
    (Answer::Inputs(found), all.into())
}

#[cfg(test)]
mod tests {
    use belljar_model::ports::{BlobStore as _, MemoryBlobs};

    use super::*;

    fn told(foreseen: &mut Foreseen, blobs: &MemoryBlobs, now: &[&str]) -> (Vec<bool>, Bytes) {
        let now: Vec<_> = now.iter().map(|text| Digest::of(text.as_bytes())).collect();
        match foreseen.answer(blobs, &now, vec![Digest::of(b"d")]) {
            Ok((Answer::Inputs(found), bytes)) => (found, bytes),
            _ => panic!("it was denied"),
        }
    }

    #[test]
    fn inputs_come_together_whether_they_were_foreseen_or_not() {
        let blobs = MemoryBlobs::default();
        for text in ["a", "bb", "d"] {
            blobs.put(text.as_bytes()).unwrap();
        }
        let mut foreseen = Foreseen::default();
        let all = (vec![true, true, false, true], Bytes::from_static(b"abbbb"));
        assert_eq!(told(&mut foreseen, &blobs, &["a", "bb", "gone", "bb"]), all);
        foreseen.read(&blobs);
        assert!(blobs.lose(&Digest::of(b"d")));
        let read_before = (vec![true], Bytes::from_static(b"d"));
        assert_eq!(told(&mut foreseen, &blobs, &["d"]), read_before);
        assert_eq!(told(&mut foreseen, &blobs, &["d"]).0, [false], "it is kept for one question");
        assert_eq!(told(&mut foreseen, &blobs, &["gone", "a"]).0, [false]);
    }

    #[test]
    fn one_large_input_may_be_asked_for_and_not_several() {
        let blobs = MemoryBlobs::default();
        let large = vec![0; 1 + usize::try_from(AT_ONCE.bytes).unwrap()];
        let (large, small) = (blobs.put(&large).unwrap(), blobs.put(b"a").unwrap());
        let is_denied = |now: &[Digest], then: &[Digest]| {
            Foreseen::default().answer(&blobs, now, then.to_vec()).is_err()
        };
        assert!(!is_denied(&[large], &[]) && !is_denied(&[small, small], &[small]));
        assert!(is_denied(&[small, large], &[]) && is_denied(&[small], &[large]));
        assert!(is_denied(&[], &[]) && is_denied(&vec![small; 1 + AT_ONCE.files], &[]));
    }
}
