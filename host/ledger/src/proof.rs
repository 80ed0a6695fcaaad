//! Proof: shows that one entry is in a ledger, to someone who does not have the ledger
//! (<https://c2sp.org/tlog-proof>).

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::{Fault, LedgerEntry as Entry};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{InclusionProof, RootHash};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::checkpoint::Checkpoint;
use crate::export::Confirmed;
use crate::fault;
use crate::tree::Hash;
use crate::verify::parse_key;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Shows that one entry is in a ledger. As JSON, or as the text of a C2SP tlog-proof.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The line, without its end.
    pub line: String,
    /// Its number, counted from 0: the `seq` of the entry.
    pub index: u64,
    /// How many lines the checkpoint covers.
    pub size: u64,
    /// The inclusion path (RFC 9162, 2.1.3), each hash in Base64, from the leaf upwards.
    pub hashes: Vec<String>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Proves that entry `seq` is in the ledger in `folder`.
///
/// # Errors
/// When there is no such entry, or the ledger cannot be read or is not what its checkpoint says.
pub fn prove(folder: &Path, seq: u64) -> Result<Proof, Fault> {
    let ledger = Confirmed::read(folder)?;
    let size = ledger.history.size();
    let index = usize::try_from(seq).ok().filter(|_| seq < size);
    let index = index.ok_or_else(|| {
        fault::absent(format!("there is no entry {seq}: the ledger has {size} entries"))
    })?;
    let mut tree = MemoryBackedTree::<Sha256, &[u8]>::new();
    let mut line = "";
    for (number, (_, bytes)) in ledger.lines().enumerate() {
        tree.push(bytes);
        if number == index {
            line = std::str::from_utf8(bytes).expect("a line that was read as JSON");
        }
    }
    let path = tree.prove_inclusion(index);
    let hashes = path.as_bytes().chunks(size_of::<Hash>()).map(|hash| STANDARD.encode(hash));
    let best = ledger.history.best.as_ref().expect("a ledger with entries has a checkpoint");
    Ok(Proof {
        line: line.to_owned(),
        index: seq,
        size,
        hashes: hashes.collect(),
        checkpoint: best.checkpoint.text(),
    })
}

impl Proof {
    /// Returns the entry if it is proved that the ledger with this public key (`ed25519:` and 64
    /// hexadecimal digits) holds it.
    ///
    /// # Errors
    /// When it is not proved, or the key is malformed.
    pub fn verify(&self, expected_key: &str) -> Result<Entry, Fault> {
        let key = parse_key(expected_key)?;
        let checkpoint = Checkpoint::parse(self.checkpoint.as_bytes())
            .map_err(|error| fault::unproved(format!("the checkpoint is malformed: {error}")))?;
        if !checkpoint.is_signed_by(&key) {
            return Err(fault::unproved("the expected key did not sign the checkpoint"));
        }
        if checkpoint.size != self.size || self.index >= self.size {
            return Err(fault::unproved("the checkpoint covers another number of lines"));
        }
        let mut path = Vec::new();
        for hash in &self.hashes {
            let hash = STANDARD.decode(hash).ok().and_then(|hash| Hash::try_from(hash).ok());
            path.extend(hash.ok_or_else(|| fault::unproved("a hash is malformed"))?);
        }
        let path = InclusionProof::<Sha256>::try_from_bytes(path);
        let root = RootHash::<Sha256>::new(checkpoint.root.into(), checkpoint.size);
        let line = self.line.as_bytes();
        let is_in = |path| root.verify_inclusion(&line, self.index, &path).is_ok();
        if !path.is_ok_and(is_in) {
            return Err(fault::unproved("the line is not in the ledger of the checkpoint"));
        }
        crate::history::entry(line, self.index).map_err(fault::unproved)
    }

    /// The text of a C2SP tlog-proof. The line is its `extra`.
    pub fn to_text(&self) -> String {
        let line = STANDARD.encode(&self.line);
        let mut text = format!("{HEADER}\nextra {line}\nindex {}\n", self.index);
        for hash in &self.hashes {
            text.push_str(hash);
            text.push('\n');
        }
        text.push('\n');
        text + &self.checkpoint
    }

    /// Reads what [`Proof::to_text`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_text(text: &str) -> Result<Self, Fault> {
        Self::parse(text).ok_or_else(|| {
            fault::malformed(format!("the text is no proof: it does not have the form of {HEADER}"))
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        lines.next().filter(|line| *line == HEADER)?;
        let line = STANDARD.decode(lines.next()?.strip_prefix("extra ")?).ok()?;
        let line = String::from_utf8(line).ok()?;
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let is_hash = |text: &str| STANDARD.decode(text).is_ok_and(|hash| hash.len() == 32);
        let hash = |text: &str| is_hash(text).then(|| text.to_owned());
        let hashes = lines.map(hash).collect::<Option<_>>()?;
        let size = Checkpoint::parse(checkpoint.as_bytes()).ok()?.size;
        Some(Self { line, index, size, hashes, checkpoint: checkpoint.to_owned() })
    }
}
