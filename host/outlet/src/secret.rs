//! Secrets: names until the moment at which they leave.

use std::collections::BTreeMap;
use std::fmt;

use belljar_model::delivery::SecretUse;
use belljar_model::ports::OutletError;
use belljar_model::{Blame, Fault, Mask, SecretValue};
use bytes::Bytes;
use zeroize::Zeroizing;

use crate::code::{SECRET_NOT_GRANTED, UNUSABLE_SECRET};

/// The secrets that one environment may use, with their values.
pub struct Secrets {
    environment: String,
    values: BTreeMap<String, SecretValue>,
    mask: Mask,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Secrets").field(&self.values.keys()).finish()
    }
}

impl Secrets {
    /// Takes the values of the secrets that an environment was granted, by name.
    pub fn new(environment: &str, values: BTreeMap<String, SecretValue>) -> Self {
        let mask = Mask::new(values.values());
        Self { environment: environment.to_owned(), values, mask }
    }

    /// Returns the value of a secret.
    ///
    /// # Errors
    /// When the environment was not granted a secret of this name.
    pub fn get(&self, name: &str) -> Result<&SecretValue, Fault> {
        self.values.get(name).ok_or_else(|| {
            let environment = &self.environment;
            let message = format!("environment `{environment}` may not use the secret `{name}`");
            Fault::new(Blame::Policy, SECRET_NOT_GRANTED, message).help(format!(
                "if it should, add `secrets = [\"{name}\"]` to `[environment.{environment}]`"
            ))
        })
    }

    /// Puts together what stands in the place that a secret is used in: the prefix and the value.
    /// For a header or a variable, neither may hold a line end or a NUL.
    ///
    /// # Errors
    /// When the environment was not granted the secret, or its value does not fit there.
    pub fn fill(&self, used: &SecretUse) -> Result<SecretValue, Fault> {
        let value = self.get(&used.secret)?.expose();
        let mut filled = Zeroizing::new(Vec::with_capacity(used.prefix.len() + value.len()));
        filled.extend_from_slice(used.prefix.as_bytes());
        filled.extend_from_slice(value);
        if filled.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')) {
            let name = &used.secret;
            let message = format!("the secret `{name}` holds a line end or a NUL");
            return Err(Fault::new(Blame::Configuration, UNUSABLE_SECRET, message)
                .note(format!("it is used in `{}`, which is one line", used.place)));
        }
        let value = SecretValue::new(filled.to_vec());
        Ok(value.expect("what begins with a prefix is no shorter than the value"))
    }

    /// Puts `***` in the place of every value that occurs in `bytes`, in any form that a
    /// [`Mask`] finds.
    pub fn mask(&self, bytes: Bytes) -> Bytes {
        self.mask.bytes(bytes)
    }

    /// Replaces every value that occurs in a text, as [`mask`](Self::mask) does.
    pub fn mask_text(&self, text: String) -> String {
        self.mask.text(text)
    }

    /// Replaces every value that occurs in what an error says.
    pub(crate) fn mask_error(&self, error: OutletError) -> OutletError {
        match error {
            OutletError::Denied(detail) => OutletError::Denied(self.mask_text(detail)),
            OutletError::Unreachable(detail) => OutletError::Unreachable(self.mask_text(detail)),
            OutletError::Unexpected(detail) => OutletError::Unexpected(self.mask_text(detail)),
            OutletError::Stop(fault) => OutletError::Stop(Fault {
                message: self.mask_text(fault.message),
                notes: fault.notes.into_iter().map(|note| self.mask_text(note)).collect(),
                help: fault.help.map(|help| self.mask_text(help)),
                ..fault
            }),
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(value: &[u8]) -> Secrets {
        let value = SecretValue::new(value.to_vec()).unwrap();
        Secrets::new("prod", BTreeMap::from([("token".to_owned(), value)]))
    }

    fn used(secret: &str, prefix: &str) -> SecretUse {
        let place = "authorization".to_owned();
        SecretUse { place, prefix: prefix.to_owned(), secret: secret.to_owned() }
    }

    #[test]
    fn a_value_is_never_printed() {
        let secrets = secrets(b"hunter22");
        let printed = format!("{secrets:?} {:?} {:#?}", secrets.get("token"), secrets);
        assert!(printed.contains("token") && !printed.contains("hunter22"), "{printed}");
        assert!(!printed.contains("104, 117"), "{printed}");
    }

    #[test]
    fn a_secret_that_was_not_granted_is_refused_with_the_line_to_add() {
        let fault = secrets(b"hunter22").fill(&used("other", "")).unwrap_err();
        assert_eq!((fault.blame, fault.code.as_str()), (Blame::Policy, "E0911"));
        let help = fault.help.unwrap();
        assert!(help.contains("`secrets = [\"other\"]` to `[environment.prod]`"), "{help}");
    }

    #[test]
    fn a_place_holds_one_line() {
        let filled = secrets(b"hunter22").fill(&used("token", "Bearer ")).unwrap();
        assert_eq!(filled.expose(), b"Bearer hunter22");
        for (value, prefix) in [(&b"hunter\n22"[..], ""), (b"hunter\r22", ""), (b"hunter22", "a\n")]
        {
            let fault = secrets(value).fill(&used("token", prefix)).unwrap_err();
            assert_eq!(fault.code.as_str(), "E0915");
            assert!(!format!("{fault:?}").contains("hunter"), "{fault:?}");
        }
    }

    #[test]
    fn an_error_says_no_value() {
        let secrets = secrets(b"hunter22");
        let says = "no hunter22".to_owned();
        let fault =
            Fault::new(Blame::Plugin, UNUSABLE_SECRET, says.clone()).note(&says).help(&says);
        for error in [
            OutletError::Denied(says.clone()),
            OutletError::Unreachable(says.clone()),
            OutletError::Unexpected(says),
            OutletError::Stop(fault),
        ] {
            let masked = format!("{:?}", secrets.mask_error(error));
            assert!(masked.contains("no ***") && !masked.contains("hunter"), "{masked}");
        }
    }
}
