//! Checkpoint: the size and the root of a ledger, signed
//! (<https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{LedgerKey, PublicKey};
use crate::tree::Hash;

const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Whether a text can name a log: not empty, and without white space and `+`.
pub(crate) fn is_origin(text: &str) -> bool {
    let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    !text.is_empty() && !text.contains(is_wrong)
}

/// The text is no checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    #[error("no empty line stands before the signatures")]
    NoSignatures,
    #[error("the origin is missing or not allowed")]
    Origin,
    #[error("the size is not a number")]
    Size,
    #[error("the root is not 32 bytes in Base64")]
    Root,
    #[error("line {0} is no signature")]
    Signature(usize),
    #[error("it is no UTF-8 text")]
    Text,
}

/// The size and the root of a ledger, and who signed them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Checkpoint {
    /// The name of the log.
    pub(crate) origin: String,
    /// How many lines.
    pub(crate) size: u64,
    /// The root over them.
    pub(crate) root: Hash,
    /// What is signed.
    body: String,
    signatures: Vec<NoteSignature>,
}

/// One line of signature. Those of a kind that is not known here are kept, and prove nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NoteSignature {
    name: String,
    key_hash: [u8; 4],
    bytes: Vec<u8>,
}

impl Checkpoint {
    /// Signs a size and a root with one key or, where the key changes, with both.
    pub(crate) fn sign(origin: &str, size: u64, root: Hash, keys: &[&LedgerKey]) -> Self {
        let body = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let signatures = keys.iter().map(|key| NoteSignature {
            name: origin.to_owned(),
            key_hash: key.public_key().note_hash(origin),
            bytes: key.sign(body.as_bytes()).to_vec(),
        });
        let signatures = signatures.collect();
        Self { origin: origin.to_owned(), size, root, body, signatures }
    }

    /// Reads a checkpoint. Lines after the root and signatures of others are allowed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let text = std::str::from_utf8(bytes).map_err(|_| CheckpointError::Text)?;
        let end = text.rfind("\n\n").ok_or(CheckpointError::NoSignatures)? + 1;
        let (body, signatures) = (&text[..end], &text[end + 1..]);
        let mut lines = body.lines();
        let origin = lines.next().filter(|text| is_origin(text)).ok_or(CheckpointError::Origin)?;
        let size = lines.next().and_then(size).ok_or(CheckpointError::Size)?;
        let root = lines.next().and_then(|text| STANDARD.decode(text).ok());
        let root = root.and_then(|root| root.try_into().ok()).ok_or(CheckpointError::Root)?;
        let before = body.lines().count() + 1;
        let signatures = match signatures.strip_suffix('\n') {
            None => return Err(CheckpointError::NoSignatures),
            Some(lines) => lines
                .split('\n')
                .enumerate()
                .map(|(at, line)| {
                    signature(line).ok_or(CheckpointError::Signature(before + at + 1))
                })
                .collect::<Result<Vec<_>, _>>()?,
        };
        let (origin, body) = (origin.to_owned(), body.to_owned());
        Ok(Self { origin, size, root, body, signatures })
    }

    /// The whole text, as it is stored and shown.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.body);
        for NoteSignature { name, key_hash, bytes } in &self.signatures {
            let signed = STANDARD.encode([key_hash.as_slice(), bytes].concat());
            writeln!(text, "{SIGNATURE_PREFIX}{name} {signed}").expect("a text takes all");
        }
        text
    }

    /// How many signatures there are, valid or not.
    pub(crate) fn signature_count(&self) -> usize {
        self.signatures.len()
    }

    /// Whether this key signed it, in the name of its origin.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let key_hash = key.note_hash(&self.origin);
        self.signatures.iter().any(|signature| {
            signature.name == self.origin
                && signature.key_hash == key_hash
                && <&[u8; 64]>::try_from(signature.bytes.as_slice())
                    .is_ok_and(|bytes| key.has_signed(self.body.as_bytes(), bytes))
        })
    }
}

/// Reads a decimal number without needless zeros.
fn size(text: &str) -> Option<u64> {
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, signed) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let signed = STANDARD.decode(signed).ok()?;
    let (key_hash, bytes) = signed.split_first_chunk::<4>()?;
    let is_whole = is_origin(name) && !bytes.is_empty();
    let (name, bytes) = (name.to_owned(), bytes.to_vec());
    is_whole.then_some(NoteSignature { name, key_hash: *key_hash, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (LedgerKey, Checkpoint) {
        let key = LedgerKey::generate([1; 32]);
        let checkpoint = Checkpoint::sign("example.org/ledger", 7, [9; 32], &[&key]);
        (key, checkpoint)
    }

    #[test]
    fn a_checkpoint_has_the_form_of_a_signed_note() {
        let (key, checkpoint) = signed();
        let text = checkpoint.text();
        let lines: Vec<_> = text.split('\n').collect();
        assert_eq!(lines[..2], ["example.org/ledger", "7"]);
        assert_eq!(lines[2], STANDARD.encode([9; 32]));
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with("— example.org/ledger "));
        assert_eq!(lines[5..], [""]);
        let read = Checkpoint::parse(text.as_bytes()).unwrap();
        assert_eq!(read, checkpoint);
        assert!(read.is_signed_by(&key.public_key()));
    }

    #[test]
    fn no_bit_of_a_checkpoint_can_be_flipped() {
        belljar_cases::case!("I07");
        let (key, checkpoint) = signed();
        let text = checkpoint.text().into_bytes();
        for place in 0..text.len() * 8 {
            let mut changed = text.clone();
            changed[place / 8] ^= 1 << (place % 8);
            let holds = Checkpoint::parse(&changed)
                .is_ok_and(|checkpoint| checkpoint.is_signed_by(&key.public_key()));
            assert!(!holds, "bit {place}");
        }
    }

    #[test]
    fn signatures_of_witnesses_are_kept_and_prove_nothing() {
        let (key, checkpoint) = signed();
        let witness = LedgerKey::generate([2; 32]);
        let line = format!("— witness.example {}\n", STANDARD.encode([5; 80]));
        let text = checkpoint.text() + &line;
        let read = Checkpoint::parse(text.as_bytes()).unwrap();
        assert_eq!(read.text(), text);
        assert_eq!(read.signature_count(), 2);
        assert!(read.is_signed_by(&key.public_key()));
        assert!(!read.is_signed_by(&witness.public_key()));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_with_a_reason() {
        let root = STANDARD.encode([9; 32]);
        let line = format!("— a {}\n", STANDARD.encode([5; 68]));
        let check = |text: String, expected: CheckpointError| {
            assert_eq!(Checkpoint::parse(text.as_bytes()), Err(expected), "{text}");
        };
        check(String::new(), CheckpointError::NoSignatures);
        check(format!("a\n7\n{root}\n"), CheckpointError::NoSignatures);
        check(format!("a\n7\n{root}\n\n{}", line.trim_end()), CheckpointError::NoSignatures);
        check(format!("a b\n7\n{root}\n\n{line}"), CheckpointError::Origin);
        check(format!("a\n07\n{root}\n\n{line}"), CheckpointError::Size);
        check(format!("a\n+7\n{root}\n\n{line}"), CheckpointError::Size);
        check(format!("a\n7\n{}\n\n{line}", &root[4..]), CheckpointError::Root);
        check(format!("a\n7\n{root}\n\n{line}x\n"), CheckpointError::Signature(6));
    }
}
