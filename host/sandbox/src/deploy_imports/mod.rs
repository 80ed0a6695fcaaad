//! The ways out of a plugin that deploys: `http`, `storage` and `effect-tool`. Each call is
//! checked here, and then handed to the Outlet of the deployment.

mod effect_tool;
mod http;
mod storage;

use std::sync::Arc;

use belljar_model::Fault;
use belljar_model::event::LogLevel;
use belljar_model::ports::{Outlet, OutletError};
use belljar_model::text::harmless;
use wasmtime::Result;

use crate::deploy::{self, Deployment};
use crate::state::State;

impl State {
    /// What the guest has while it deploys.
    fn deployment(&self) -> std::result::Result<&Deployment, Fault> {
        self.deployment.as_ref().ok_or_else(|| self.misuse("reached out while it does not deploy"))
    }

    fn outlet(&self) -> std::result::Result<Arc<dyn Outlet>, Fault> {
        self.deployment().map(|deployment| Arc::clone(&deployment.outlet))
    }

    fn check_secret(&self, name: &str) -> std::result::Result<(), Fault> {
        let deployment = self.deployment()?;
        if deployment.secrets.iter().any(|granted| granted == name) {
            return Ok(());
        }
        Err(deploy::fault::secret_not_granted(&self.label, deployment, name))
    }

    /// Turns what the outlet answered into what the guest is told. The guest only gets to know
    /// that `what` did not succeed; people read why in the log.
    ///
    /// # Errors
    /// When the outlet says that the guest must not go on.
    fn answered<T, E>(
        &mut self,
        what: &str,
        answer: std::result::Result<T, OutletError>,
        name: impl Fn(&OutletError) -> E,
    ) -> Result<std::result::Result<T, E>> {
        match answer {
            Ok(answer) => Ok(Ok(answer)),
            Err(OutletError::Stop(fault)) => self.end(fault),
            Err(error) => {
                let level = match error {
                    // What a plugin finds at its first deployment is nothing to worry about.
                    OutletError::NotFound => LogLevel::Debug,
                    _ => LogLevel::Warn,
                };
                self.log.message(level, &harmless(&format!("{what}: {error}")));
                Ok(Err(name(&error)))
            }
        }
    }
}

/// Whether a text can be a method or the name of a header: a token of RFC 9110.
fn is_token(text: &str) -> bool {
    let is_mark = |letter| "!#$%&'*+-.^_`|~".contains(letter);
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || is_mark(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_no_separators() {
        for token in ["GET", "x-y_z", "M-SEARCH", "a!#$%&'*+-.^_`|~9"] {
            assert!(is_token(token), "{token}");
        }
        for other in ["", "G ET", "GET\r\n", "a:b", "a/b", "\u{e9}", "a\0", "(a)", "a\"b"] {
            assert!(!is_token(other), "{other:?}");
        }
    }
}
