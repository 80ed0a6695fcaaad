//! Statement: what the writer of a record says of it, as the bytes that are signed.

use super::{TrustLevel, WriterKey};
use crate::action::{ActionDigest, FamilyDigest};
use crate::class::Class;
use crate::tool::Tier;

/// What the bytes begin with, so that they are never taken for anything else that is signed.
const DOMAIN: &[u8; 24] = b"belljar 2026 record v1\0\0";

/// What the writer of a record says: this is what came of that Action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Statement<'a> {
    /// The key of the record.
    pub action: ActionDigest,
    /// The key of its family.
    pub family: FamilyDigest,
    /// The plain BLAKE3 of the result as it is kept.
    pub result: [u8; 32],
    /// The plain BLAKE3 of the Trace as it is kept.
    pub trace: [u8; 32],
    /// Who says it.
    pub writer: WriterKey,
    /// What stands behind it.
    pub level: TrustLevel,
    /// How much of the world the step could touch.
    pub class: Class,
    /// The weakest tier of its runs of tools; `None` if there were none.
    pub tier: Option<Tier>,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub time: u64,
    /// The version of the host.
    pub host: &'a str,
}

/// The digest of something that a Statement is about.
pub fn digest_of(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// How long everything but the host's version is.
const FIXED: usize = DOMAIN.len() + 5 * 32 + 3 + 8;

impl<'a> Statement<'a> {
    /// Reads what [`Statement::bytes`] wrote; `None` if it is something else.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let host = std::str::from_utf8(bytes.get(FIXED..)?).ok()?;
        let rest = bytes[..FIXED].strip_prefix(DOMAIN.as_slice())?;
        let (digests, rest) = rest.split_at(5 * 32);
        let digest = |at: usize| {
            let bytes: &[u8; 32] = digests[32 * at..].first_chunk().expect("there are five");
            *bytes
        };
        let time = u64::from_le_bytes(*rest[3..].first_chunk().expect("eight bytes follow"));
        Some(Self {
            action: ActionDigest::from_bytes(digest(0)),
            family: FamilyDigest::from_bytes(digest(1)),
            result: digest(2),
            trace: digest(3),
            writer: WriterKey::from_bytes(digest(4)),
            level: TrustLevel::of_number(rest[0])?,
            class: CLASSES.get(usize::from(rest[1])).copied()?,
            tier: TIERS.get(usize::from(rest[2])).copied()?,
            time,
            host,
        })
    }

    /// The bytes that are signed. Every field but the last has a fixed length, so no two
    /// Statements have the same bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { action, family, result, trace, writer, level, class, tier, time, host } = self;
        let mut bytes = Vec::with_capacity(FIXED + host.len());
        bytes.extend_from_slice(DOMAIN);
        bytes.extend_from_slice(action.as_bytes());
        bytes.extend_from_slice(family.as_bytes());
        bytes.extend_from_slice(result);
        bytes.extend_from_slice(trace);
        bytes.extend_from_slice(writer.as_bytes());
        bytes.extend_from_slice(&[level.number(), number(&CLASSES, class), number(&TIERS, tier)]);
        bytes.extend_from_slice(&time.to_le_bytes());
        bytes.extend_from_slice(host.as_bytes());
        bytes
    }
}

/// Classes by their number, which never changes.
const CLASSES: [Class; 3] = [Class::Pure, Class::Exec, Class::Effect];

/// Tiers by their number, which never changes.
const TIERS: [Option<Tier>; 6] =
    [None, Some(Tier::T0), Some(Tier::T3), Some(Tier::T2), Some(Tier::T1), Some(Tier::Wasm)];

fn number<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|other| other == one).expect("the list has all of them");
    u8::try_from(at).expect("the list is short")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::hex::hex;

    fn statement() -> Statement<'static> {
        Statement {
            action: ActionDigest::from_bytes([1; 32]),
            family: FamilyDigest::from_bytes([2; 32]),
            result: [3; 32],
            trace: [4; 32],
            writer: WriterKey::from_bytes([5; 32]),
            level: TrustLevel::Ci,
            class: Class::Exec,
            tier: Some(Tier::T2),
            time: 0x0102_0304,
            host: "0.1.0",
        }
    }

    /// Records of other machines are verified with these bytes, so they never change.
    #[test]
    fn the_bytes_are_those_of_the_first_version() {
        let hex_of = |byte: &str| byte.repeat(32);
        let expected = [
            &hex(b"belljar 2026 record v1\0\0"),
            &hex_of("01"),
            &hex_of("02"),
            &hex_of("03"),
            &hex_of("04"),
            &hex_of("05"),
            "020103",
            "0403020100000000",
            &hex(b"0.1.0"),
        ];
        assert_eq!(hex(&statement().bytes()), expected.concat());
    }

    #[test]
    fn every_field_is_part_of_the_bytes() {
        let usual = statement();
        let all = [
            usual,
            Statement { action: ActionDigest::from_bytes([9; 32]), ..usual },
            Statement { family: FamilyDigest::from_bytes([9; 32]), ..usual },
            Statement { result: [9; 32], ..usual },
            Statement { trace: [9; 32], ..usual },
            Statement { writer: WriterKey::from_bytes([9; 32]), ..usual },
            Statement { level: TrustLevel::Protected, ..usual },
            Statement { class: Class::Pure, ..usual },
            Statement { tier: None, ..usual },
            Statement { tier: Some(Tier::T1), ..usual },
            Statement { time: 9, ..usual },
            Statement { host: "0.1.1", ..usual },
        ];
        for one in &all {
            assert_eq!(Statement::parse(&one.bytes()), Some(*one));
        }
        let different: BTreeSet<_> = all.iter().map(Statement::bytes).collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn what_is_no_statement_is_not_read_as_one() {
        let bytes = statement().bytes();
        for len in 0..FIXED {
            assert_eq!(Statement::parse(&bytes[..len]), None, "{len} bytes");
        }
        let mut other = bytes.clone();
        other[0] ^= 1;
        assert_eq!(Statement::parse(&other), None, "another domain");
        for at in FIXED - 11..FIXED - 8 {
            let mut other = bytes.clone();
            other[at] = 0xff;
            assert_eq!(Statement::parse(&other), None, "no number of ours at {at}");
        }
    }
}
