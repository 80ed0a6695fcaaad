//! Secrets that the user granted to the step.

use std::fmt;

use crate::host::{HostRef, SecretRef};

/// The secrets that the user granted to the step.
#[derive(Clone)]
pub struct Secrets {
    host: HostRef,
}

impl Secrets {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }

    /// Returns the names of the granted secrets, sorted.
    pub fn granted(&self) -> Vec<String> {
        self.host.granted_secrets()
    }

    /// Returns a secret. One that was not granted ends the step: there is nothing for the plugin
    /// to decide.
    pub fn open(&self, name: &str) -> Secret {
        Secret { name: name.to_owned(), held: self.host.open_secret(name), host: self.host.clone() }
    }
}

/// A secret: something to hand on to a tool, with [`Tools::run_with_secrets`](crate::Tools).
/// Made by [`Secrets::open`].
pub struct Secret {
    name: String,
    pub(crate) held: SecretRef,
    host: HostRef,
}

impl Secret {
    /// Returns its name in the pipeline file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its value. A plugin that calls this imports `secrets-reveal`, which every reviewer
    /// of its imports will see; hand the secret on to a tool where that is enough.
    ///
    /// The host masks the value in all that the step says, and ends the step if it is in what the
    /// step makes.
    pub fn reveal(&self) -> Vec<u8> {
        self.host.reveal(&self.held)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secret({})", self.name)
    }
}
