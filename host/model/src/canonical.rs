//! Canonical bytes: one way to write a value, so that equal values have equal digests.
//!
//! The encoding is a sequence of fields; a field is a tag and a value, both written as their
//! length (u64, little endian) and their bytes. Lengths come first, so no two different
//! sequences have the same bytes. A digest made from it is BLAKE3 in `derive_key` mode with a
//! context that names the kind of value and the version of the encoding; therefore it can
//! never be taken for the digest of a blob, or of another kind of value.

/// Receives the fields of a value, in canonical order.
///
/// One walk over a value feeds both the hash and the explanation of what it covers, so the two
/// cannot disagree.
pub trait Visitor {
    /// Takes one field: which kind it is, which one of its kind, and what it holds.
    fn field(&mut self, tag: &'static str, name: &str, value: &[u8]);
}

/// A visitor that hashes.
///
/// It gathers all fields first: fields are a few bytes each, and a hash that is fed with such
/// pieces takes several times as long.
#[derive(Default)]
pub struct Hashing(Vec<u8>);

impl Hashing {
    /// Starts without a field.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the hash of all the fields in the domain `context`.
    pub fn finish(&self, context: &'static str) -> [u8; 32] {
        blake3::derive_key(context, &self.0)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }
}

impl Visitor for Hashing {
    fn field(&mut self, tag: &'static str, name: &str, value: &[u8]) {
        self.bytes(tag.as_bytes());
        self.bytes(name.as_bytes());
        self.bytes(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[(&'static str, &str, &str)]) -> [u8; 32] {
        let mut hashing = Hashing::new();
        for (tag, name, value) in fields {
            hashing.field(tag, name, value.as_bytes());
        }
        hashing.finish("belljar test v1")
    }

    #[test]
    fn where_one_value_ends_and_the_next_begins_is_part_of_the_hash() {
        assert_ne!(hash(&[("a", "b", "c")]), hash(&[("ab", "", "c")]));
        assert_ne!(hash(&[("a", "", "bc")]), hash(&[("a", "b", "c")]));
        assert_ne!(hash(&[("a", "", "")]), hash(&[("a", "", ""), ("a", "", "")]));
    }

    #[test]
    fn the_kind_of_value_is_part_of_the_hash() {
        let nothing = Hashing::new();
        assert_ne!(nothing.finish("belljar test v1"), nothing.finish("belljar other v1"));
    }
}
