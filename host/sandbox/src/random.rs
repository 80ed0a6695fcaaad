//! `wasi:random`: numbers that look random and are the same in every run.
//!
//! The seed depends on the family digest only, which every key of the step covers. An input that
//! the step never asked about must not reach its result, not even through a hash seed.

use belljar_model::{ActionDigest, FamilyDigest};
use blake3::OutputReader;
use wasmtime::{Result, bail};

use crate::bindings::ambient::wasi::random::{insecure, insecure_seed, random};
use crate::state::State;

/// The most bytes that one call returns.
const MAX_BYTES: u64 = 64 << 10;

/// The stream of numbers of one execution.
pub(crate) struct RandomStream(OutputReader);

impl RandomStream {
    /// Starts the stream that belongs to a family of Actions.
    pub(crate) fn seeded(family: &FamilyDigest) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("belljar 2026 guest random v1");
        hasher.update(family.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// Starts the stream that belongs to a run of a tool, which is keyed by all that it sees.
    pub(crate) fn of_run(action: &ActionDigest) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("belljar 2026 tool random v1");
        hasher.update(action.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// Starts the stream that belongs to a deployment: the same for its preview and for every
    /// attempt at it, since what the plugin does must be the same.
    pub(crate) fn of_deployment(family: &FamilyDigest, idempotency_key: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("belljar 2026 deployment random v1");
        hasher.update(family.as_bytes());
        hasher.update(idempotency_key.as_bytes());
        Self(hasher.finalize_xof())
    }

    /// The stream itself for seed 0, and another one for every other seed.
    pub(crate) fn varied(mut self, seed: u64) -> Self {
        if seed == 0 {
            return self;
        }
        let mut hasher = blake3::Hasher::new_derive_key("belljar 2026 varied random v1");
        hasher.update(&self.number().to_le_bytes());
        hasher.update(&seed.to_le_bytes());
        Self(hasher.finalize_xof())
    }

    fn bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        if len > MAX_BYTES {
            bail!("{len} random bytes were asked for at once; at most {MAX_BYTES} are given");
        }
        let mut bytes = vec![0; usize::try_from(len)?];
        self.0.fill(&mut bytes);
        Ok(bytes)
    }

    fn number(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random.bytes(len)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        Ok(self.random.number())
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random.bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        Ok(self.random.number())
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.random.number(), self.random.number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_depends_on_the_family_and_on_nothing_else() {
        let first =
            |family: u8| RandomStream::seeded(&FamilyDigest::from_bytes([family; 32])).number();
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn a_stream_is_varied_by_a_seed_other_than_zero() {
        let first = |seed: u64| {
            let family = FamilyDigest::from_bytes([1; 32]);
            RandomStream::seeded(&family).varied(seed).number()
        };
        let usual = RandomStream::seeded(&FamilyDigest::from_bytes([1; 32])).number();
        assert_eq!(first(0), usual);
        assert_ne!(first(1), usual);
        assert_ne!(first(1), first(2));
        assert_eq!(first(2), first(2));
    }

    #[test]
    fn one_call_returns_no_more_than_it_may() {
        belljar_cases::case!("B09");
        let mut stream = RandomStream::seeded(&FamilyDigest::from_bytes([1; 32]));
        assert_eq!(stream.bytes(MAX_BYTES).expect("it may").len() as u64, MAX_BYTES);
        for len in [MAX_BYTES + 1, 1 << 40, u64::MAX] {
            let error = stream.bytes(len).expect_err("it may not");
            assert!(error.to_string().contains("at most 65536"), "{error}");
        }
    }

    #[test]
    fn each_deployment_has_a_stream_of_its_own() {
        let first = |family: u8, key: &str| {
            let family = FamilyDigest::from_bytes([family; 32]);
            RandomStream::of_deployment(&family, key).number()
        };
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
        let family = FamilyDigest::from_bytes([1; 32]);
        assert_ne!(first(1, ""), RandomStream::seeded(&family).number());
    }
}
