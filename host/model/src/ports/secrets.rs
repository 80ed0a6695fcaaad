//! Secrets: the values of secrets, by name, for those who were granted them.

use crate::code::Code;
use crate::fault::{Blame, Fault};
use crate::secret::SecretValue;

/// A secret that was not granted was asked for.
pub const NOT_GRANTED: Code = Code::new("E0431");

/// Has the values of secrets. What a step is handed knows the secrets of its grants and no other,
/// so the value of any other cannot be had through it, whoever asks.
pub trait Secrets: Send + Sync {
    /// Returns the value of a secret. From then on it is masked in all that leaves the host.
    ///
    /// # Errors
    /// When it was not granted, or its value cannot be had. The fault never holds a value.
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault>;
}

/// The secrets of one who was granted none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault> {
        let message = format!("the secret `{}` was not granted", crate::text::harmless(name));
        Err(Fault::new(Blame::Policy, NOT_GRANTED, message))
    }
}
