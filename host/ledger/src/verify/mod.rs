//! Verification: is a ledger what was written? Everything that is not is named.

mod against;
mod check;
mod problem;

use std::collections::BTreeMap;
use std::path::Path;

use belljar_disk::DiskError;
use belljar_model::{Fault, LedgerEntry as Entry};

pub(crate) use check::check;
#[cfg(test)]
pub(crate) use check::{Line, check_with, read_line};
pub use problem::{Problem, ProblemKind};

use crate::checkpoint::Checkpoint;
use crate::fault;
use crate::files::{Files, Folder, LINES, Sharing, Slots, rotation_size, slots};
use crate::key::PublicKey;

/// What verification found.
#[derive(Clone, PartialEq, Debug)]
pub struct Verified {
    /// How many lines the checkpoint covers.
    pub size: u64,
    /// The root over them, in Base64 as in the checkpoint.
    pub root: String,
    /// The checkpoint; empty if none is valid. Whoever keeps it can verify against it later.
    pub checkpoint: String,
    /// The entries that the checkpoint covers, without those that cannot be read.
    pub entries: Vec<Entry>,
    /// What is wrong. Empty: the ledger is what was written.
    pub problems: Vec<Problem>,
}

/// The files of a ledger, as they were at one time.
#[derive(Clone, Default, Debug)]
pub(crate) struct Copy {
    /// `ledger.jsonl`.
    pub(crate) lines: Vec<u8>,
    /// The two checkpoints.
    pub(crate) slots: Slots,
    /// The checkpoints at which the key changed, by size.
    pub(crate) rotations: BTreeMap<u64, Vec<u8>>,
}

impl Copy {
    /// Reads all files. The folder is locked, or must not change.
    pub(crate) fn read(files: &dyn Files) -> Result<Self, DiskError> {
        let mut rotations = BTreeMap::new();
        for name in files.names()? {
            if let Some(size) = rotation_size(&name)
                && let Some(bytes) = files.read(&name, 0)?
            {
                rotations.insert(size, bytes);
            }
        }
        let slots = slots(files)?;
        let lines = files.read(LINES, 0)?.unwrap_or_default();
        Ok(Self { lines, slots, rotations })
    }

    /// Reads all files of the ledger in a folder at one time.
    ///
    /// # Errors
    /// When no ledger is there, or it cannot be read.
    pub(crate) fn of(folder: &Path) -> Result<Self, Fault> {
        let files = Folder::new(folder);
        let lock = files.lock(Sharing::Readers)?;
        let copy = Self::read(&files).map_err(fault::disk)?;
        drop(lock);
        if copy.lines.is_empty() && copy.slots.iter().all(Option::is_none) {
            return Err(fault::absent(format!("there is no ledger in `{}`", folder.display())));
        }
        Ok(copy)
    }
}

/// Verifies the ledger in `folder`: every line is an entry and in its place, the checkpoints are
/// signed by the key that the ledger names and cover exactly these lines, and each change of the
/// key is signed by the one before it.
///
/// With `against`, the text of an older checkpoint, the ledger must also go on from there:
/// without one, nobody can tell that it was cut back to an earlier state or written anew by one
/// who holds the key. With `expected_key`, the ledger must be of this key (`ed25519:` and 64
/// hexadecimal digits): without one, the whole ledger could be another.
///
/// # Errors
/// When no ledger is there or cannot be read, or an argument is malformed. What is wrong with
/// the ledger is no error but a [`Problem`].
pub fn verify(
    folder: &Path,
    against: Option<&str>,
    expected_key: Option<&str>,
) -> Result<Verified, Fault> {
    let against = against.map(|text| Checkpoint::parse(text.as_bytes())).transpose();
    let against = against
        .map_err(|error| fault::malformed(format!("the older checkpoint is malformed: {error}")))?;
    let expected_key = expected_key.map(parse_key).transpose()?;
    let copy = Copy::of(folder)?;
    Ok(check(&copy, against.as_ref(), expected_key.as_ref()))
}

/// Reads a public key that a person gave.
pub(crate) fn parse_key(text: &str) -> Result<PublicKey, Fault> {
    PublicKey::from_text(text.trim()).ok_or_else(|| {
        let message = format!("`{}` is no public key", text.trim());
        fault::key(message).help("a key is `ed25519:` and 64 lower-case hexadecimal digits")
    })
}
