//! SecretValue: the value of a secret, which cannot be printed and does not stay in memory.

use std::fmt;

use zeroize::Zeroizing;

/// The fewest bytes that a value may have. A shorter one would be found in ordinary text, so
/// nothing could be said of where it went.
pub const SHORTEST: usize = 8;

/// What stands in the place of a value.
pub const MASKED: &str = "***";

/// The value of a secret. It cannot be printed or serialized, and is overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<Vec<u8>>);

/// Why a value cannot be that of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretError {
    /// It is too short to be told apart from other text.
    #[error("its value has fewer than {SHORTEST} bytes")]
    TooShort,
}

impl SecretValue {
    /// Takes a value.
    ///
    /// # Errors
    /// When it has fewer than [`SHORTEST`] bytes; it is overwritten then, too.
    pub fn new(value: Vec<u8>) -> Result<Self, SecretError> {
        let value = Zeroizing::new(value);
        if value.len() < SHORTEST {
            return Err(SecretError::TooShort);
        }
        Ok(Self(value))
    }

    /// The value itself, for the one place that it is meant for.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MASKED)
    }
}

impl fmt::Display for SecretValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MASKED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_printed() {
        let value = SecretValue::new(b"hunter22".to_vec()).unwrap();
        assert_eq!(format!("{value} {value:?} {value:#?}"), "*** *** ***");
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_is_refused() {
        assert_eq!(SecretValue::new(b"1234567".to_vec()), Err(SecretError::TooShort));
        assert!(SecretValue::new(b"12345678".to_vec()).is_ok());
    }
}
