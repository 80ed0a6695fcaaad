//! Digest: the name of some bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hex::{hex, unhex};

/// The BLAKE3 hash of some bytes, and how many bytes they are.
///
/// As in the Remote Execution API, a digest carries its size, so that a reader knows what a
/// blob costs before it asks for it. Written as `blake3:<64 hex digits>:<size>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    hash: [u8; 32],
    size: u64,
}

impl Digest {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { hash: *blake3::hash(bytes).as_bytes(), size: bytes.len() as u64 }
    }

    /// Puts together a digest from a plain BLAKE3 hash and a size in bytes.
    pub const fn from_parts(hash: [u8; 32], size: u64) -> Self {
        Self { hash, size }
    }

    /// The 32 bytes of the hash.
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The size in bytes of what is named.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hash as 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.hash)
    }

    /// The first eight digits of the hash, for people. Never an identity.
    pub fn short(&self) -> String {
        hex(&self.hash[..4])
    }
}

/// The text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: expected `blake3:<64 hex digits>:<size>`")]
pub struct DigestError(pub String);

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let parse = || {
            let (hash, size) = text.strip_prefix("blake3:")?.split_once(':')?;
            Some(Self { hash: unhex(hash)?, size: size.parse().ok()? })
        };
        parse().ok_or_else(|| DigestError(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "blake3:{}:{}", self.hex(), self.size)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({}, {} bytes)", self.short(), self.size)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_str(self)
        } else {
            (self.hash, self.size).serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            let (hash, size) = <([u8; 32], u64)>::deserialize(from)?;
            Ok(Self { hash, size })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of the empty input is given in the BLAKE3 test vectors.
    const EMPTY: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        assert_eq!(Digest::of(b"").to_string(), format!("blake3:{EMPTY}:0"));
    }

    #[test]
    fn a_digest_reads_what_it_wrote() {
        let digest = Digest::of(b"one");
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "blake3:", "blake3:00:1", "sha256:00", &format!("blake3:{EMPTY}:-1")] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        let upper = format!("blake3:{}:0", EMPTY.to_uppercase());
        assert!(upper.parse::<Digest>().is_err(), "one spelling only");
    }
}
