//! LedgerKey: signs the checkpoints of a ledger. PublicKey: checks them.

use std::fmt;

use belljar_model::Fault;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::fault;
use belljar_model::hex::{hex, unhex};

const SECRET_PREFIX: &str = "ed25519-secret:";
const PUBLIC_PREFIX: &str = "ed25519:";

/// The kind of an Ed25519 signature in a signed note.
const NOTE_ED25519: u8 = 1;

/// A key that signs checkpoints (Ed25519). Its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct LedgerKey(SigningKey);

impl LedgerKey {
    /// Makes a key from 32 unpredictable bytes.
    pub fn generate(random: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&random))
    }

    /// The secret as one line of text: `ed25519-secret:` and 64 hexadecimal digits.
    pub fn to_text(&self) -> String {
        format!("{SECRET_PREFIX}{}", hex(self.0.as_bytes()))
    }

    /// Reads what [`LedgerKey::to_text`] wrote; white space around it does not matter.
    ///
    /// # Errors
    /// When it is something else. The text is not part of the message.
    pub fn from_text(text: &str) -> Result<Self, Fault> {
        let secret = text.trim().strip_prefix(SECRET_PREFIX).and_then(unhex);
        secret.map(Self::generate).ok_or_else(|| {
            let form = format!("`{SECRET_PREFIX}` and 64 lower-case hexadecimal digits");
            fault::key(format!("the key of the ledger is not written as {form}"))
        })
    }

    /// The public key: `ed25519:` and 64 hexadecimal digits.
    pub fn public(&self) -> String {
        self.public_key().to_string()
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LedgerKey({})", self.public())
    }
}

/// A key that checks signatures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads `ed25519:` and 64 hexadecimal digits.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let bytes = text.strip_prefix(PUBLIC_PREFIX).and_then(unhex)?;
        VerifyingKey::from_bytes(&bytes).ok().map(Self)
    }

    /// The number by which a signed note names the key.
    pub(crate) fn note_hash(&self, name: &str) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(name.as_bytes());
        hasher.update([b'\n', NOTE_ED25519]);
        hasher.update(self.0.as_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether it made this signature. Only the one signature that signing makes is taken.
    pub(crate) fn has_signed(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(text, &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PUBLIC_PREFIX}{}", hex(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_its_text_and_signs_the_same() {
        let key = LedgerKey::generate([7; 32]);
        let again = LedgerKey::from_text(&format!("{}\n", key.to_text())).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(PublicKey::from_text(&key.public()), Some(key.public_key()));
        assert!(again.public_key().has_signed(b"text", &key.sign(b"text")));
        assert!(!again.public_key().has_signed(b"test", &key.sign(b"text")));
    }

    #[test]
    fn messages_never_show_a_secret() {
        let key = LedgerKey::generate([7; 32]);
        let secret = hex(&[7; 32]);
        assert!(key.to_text().contains(&secret));
        assert!(!format!("{key:?}").contains(&secret));
        let fault = LedgerKey::from_text(&format!("secret:{secret}")).unwrap_err();
        assert!(!format!("{fault:?}").contains(&secret));
    }

    #[test]
    fn the_key_hash_is_the_one_of_the_signed_note_format() {
        // The example of the Go module golang.org/x/mod/sumdb/note.
        use base64::Engine as _;
        let text = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let key = PublicKey::from_text(&format!("ed25519:{}", hex(&bytes[1..]))).unwrap();
        assert_eq!(key.note_hash("PeterNeumann"), [0xc7, 0x4f, 0x20, 0xa3]);
    }
}
