//! Trust: as whom this process writes records, and whose records it uses.
//!
//! A record carries a Statement, which its writer signed. Beside the signature stands a MAC with a
//! secret of the machine that wrote it, so that a machine knows its own records again without the
//! cost of a signature. The signature is made when the record is flushed.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use belljar_model::trust::{Statement, digest_of};
use belljar_model::{Origin, Refusal, TrustLevel, WriterKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// The domain of the secret that authenticates records of this machine.
const RECORDS: &str = "belljar 2026 machine key for records v1";
/// The domain of the secret that authenticates compiled plugins.
const COMPILED: &str = "belljar 2026 machine key for compiled plugins v1";

/// The domain of the secret that authenticates notes.
const NOTES: &str = "belljar 2026 machine key for notes v1";

/// The secret key of a machine, and what is derived from it.
#[derive(Clone)]
pub struct MachineKey {
    signing: SigningKey,
    public: WriterKey,
    records: [u8; 32],
    compiled: [u8; 32],
    notes: [u8; 32],
}

impl MachineKey {
    /// Makes the key from 32 unpredictable bytes.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(secret);
        Self {
            public: WriterKey::from_bytes(signing.verifying_key().to_bytes()),
            signing,
            records: blake3::derive_key(RECORDS, secret),
            compiled: blake3::derive_key(COMPILED, secret),
            notes: blake3::derive_key(NOTES, secret),
        }
    }

    /// The public key, by which other machines know this one.
    pub const fn public(&self) -> WriterKey {
        self.public
    }

    /// The secret that authenticates notes.
    pub(crate) const fn notes(&self) -> [u8; 32] {
        self.notes
    }

    /// The secret that authenticates compiled plugins on this machine.
    pub const fn compiled(&self) -> [u8; 32] {
        self.compiled
    }
}

impl std::fmt::Debug for MachineKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "MachineKey({})", self.public)
    }
}

/// A writer whose records this machine may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownWriter {
    /// What this machine calls it.
    pub name: String,
    /// The highest level that it is believed.
    pub level: TrustLevel,
    /// Until when, in milliseconds since 1970-01-01 UTC; `None` for as long as it is listed.
    pub until: Option<u64>,
}

/// As whom a process writes records, and whose records it uses.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The key of this machine.
    pub key: MachineKey,
    /// The level of what is written.
    pub level: TrustLevel,
    /// The least level of what is used.
    pub least: TrustLevel,
    /// The other writers that are known.
    pub known: BTreeMap<WriterKey, KnownWriter>,
    /// The version of the host.
    pub host: String,
}

/// What a record carries beside its result, as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal<'a> {
    pub(crate) statement: &'a [u8],
    pub(crate) mac: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// Judges records, and seals those of this machine.
pub(crate) struct Judge {
    pub(crate) trust: Trust,
    /// Signatures of others that this process has verified.
    verified: Mutex<HashSet<[u8; 32]>>,
}

impl Judge {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, verified: Mutex::default() }
    }

    /// The MAC of a Statement of this machine.
    pub(crate) fn mac(&self, statement: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.trust.key.records, statement).as_bytes()
    }

    /// The signature of a Statement of this machine.
    pub(crate) fn sign(&self, statement: &[u8]) -> [u8; 64] {
        self.trust.key.signing.sign(statement).to_bytes()
    }

    /// Whether a Statement is what its writer said, and that writer is known: its Origin if so.
    /// Whether it is about what is beside it is for the caller to compare.
    pub(crate) fn origin(
        &self,
        statement: &Statement<'_>,
        seal: Seal<'_>,
        now: u64,
    ) -> Result<Origin, Refusal> {
        let Statement { writer, level, time, host, .. } = *statement;
        let origin = |name: Option<&str>, level: TrustLevel| Origin {
            writer,
            name: name.map(str::to_owned),
            level,
            at: time,
            host: host.to_owned(),
        };
        if writer == self.trust.key.public {
            let mac: Result<[u8; 32], _> = seal.mac.try_into();
            let is_ours =
                mac.is_ok_and(|mac| blake3::Hash::from_bytes(mac) == self.mac(seal.statement));
            if is_ours || self.has_signed(writer, seal) {
                return Ok(origin(None, level));
            }
            return Err(Refusal::NotAuthentic { writer });
        }
        let Some(known) = self.trust.known.get(&writer) else {
            return Err(Refusal::UnknownWriter { writer });
        };
        if known.until.is_some_and(|until| now > until) {
            return Err(Refusal::Expired { name: known.name.clone() });
        }
        if !self.has_signed(writer, seal) {
            return Err(Refusal::NotAuthentic { writer });
        }
        Ok(origin(Some(&known.name), level.min(known.level)))
    }

    /// Refuses what has too little behind it.
    pub(crate) fn enough(&self, origin: Origin) -> Result<Origin, Refusal> {
        let least = self.trust.least;
        if origin.level < least {
            return Err(Refusal::TooLow { level: origin.level, least });
        }
        Ok(origin)
    }

    fn has_signed(&self, writer: WriterKey, seal: Seal<'_>) -> bool {
        let Ok(signature) = <[u8; 64]>::try_from(seal.signature) else { return false };
        // The writer is part of the Statement.
        let memo = digest_of(&[seal.statement, seal.signature].concat());
        let verified = || self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified().contains(&memo) {
            return true;
        }
        let key = VerifyingKey::from_bytes(writer.as_bytes());
        let signature = Signature::from_bytes(&signature);
        let is_valid = key.is_ok_and(|key| key.verify_strict(seal.statement, &signature).is_ok());
        if is_valid {
            verified().insert(memo);
        }
        is_valid
    }
}
