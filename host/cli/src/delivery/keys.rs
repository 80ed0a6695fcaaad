//! Keys: the secret keys of this user, one to sign the ledger and one to approve.

use std::path::PathBuf;

use belljar_delivery::approvals;
use belljar_disk::{Mode, Root};
use belljar_ledger::LedgerKey;
use belljar_model::Fault;
use belljar_model::hex::{hex, unhex};

use super::fault::{self, NO_KEY};
use crate::env::EnvVar;
use crate::error::CommandError;

/// What the text of a secret key begins with.
pub(crate) const SECRET: &str = "ed25519-secret:";
/// The key that signs the checkpoints of ledgers.
const LEDGER: &str = "ledger.key";
/// The key that approves.
const APPROVER: &str = "approver.key";

/// The key with which this user approves.
pub(crate) struct ApproverKey([u8; 32]);

impl ApproverKey {
    /// Reads the key, if there is one where it is expected.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn find() -> Result<Option<Self>, Fault> {
        let (folder, name) = place(APPROVER)?;
        let Ok(folder) = Root::open(&folder) else { return Ok(None) };
        let text = folder.read_if_there(&name).map_err(|error| unreadable(&error.to_string()))?;
        let parse = |bytes: Vec<u8>| {
            let secret = String::from_utf8(bytes).ok().as_deref().and_then(parse);
            secret.map(Self).ok_or_else(|| {
                let file = folder.path().join(&name);
                unreadable(&format!("`{}` holds no key", file.display()))
            })
        };
        text.map(parse).transpose()
    }

    /// The public key, as it belongs into the pipeline file.
    pub(crate) fn public(&self) -> String {
        approvals::public_key(&self.0)
    }

    /// The 32 secret bytes.
    pub(crate) const fn secret(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Makes a key to approve with. Returns where it is, and the public key.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub(crate) fn new_approver_key() -> Result<(PathBuf, ApproverKey), CommandError> {
    let (folder, name) = place(APPROVER)?;
    let file = folder.join(&name);
    let folder = Root::create(&folder).map_err(|error| unreadable(&error.to_string()))?;
    let secret = belljar_disk::random().map_err(|error| unreadable(&error.to_string()))?;
    let text = format!("{SECRET}{}\n", hex(&secret));
    let written = folder.write_new(&name, text.as_bytes(), Mode::Private);
    if !written.map_err(|error| unreadable(&error.to_string()))? {
        let message = format!("there is a key already: `{}`", file.display());
        let help = "`belljar key show` shows its public part; move the file away to make another";
        return Err(fault::configuration(NO_KEY, message).help(help).into());
    }
    Ok((file, ApproverKey(secret)))
}

/// The key that signs the ledger; made when it is first needed.
///
/// # Errors
/// When it cannot be read or written.
pub(crate) fn ledger_key() -> Result<LedgerKey, Fault> {
    let (folder, name) = place(LEDGER)?;
    let failed = |error: &dyn std::fmt::Display| unreadable(&error.to_string());
    let folder = Root::create(&folder).map_err(|error| failed(&error))?;
    let random = belljar_disk::random().map_err(|error| failed(&error))?;
    let text = LedgerKey::generate(random).to_text();
    // Of two processes that make one at once, one wins, and both read it.
    folder
        .write_new(&name, format!("{}\n", text.as_str()).as_bytes(), Mode::Private)
        .map_err(|error| failed(&error))?;
    let bytes = folder.read(&name).map_err(|error| failed(&error))?;
    LedgerKey::from_text(String::from_utf8_lossy(&bytes).trim())
}

/// Where a key is: in a folder that the user named, or in the user's configuration.
pub(crate) fn place(name: &str) -> Result<(PathBuf, String), Fault> {
    let folder = EnvVar::get(EnvVar::KEYS).map(PathBuf::from).or_else(|| {
        let config = EnvVar::get(EnvVar::XDG_CONFIG_HOME).map(PathBuf::from);
        let config = config.filter(|config| config.is_absolute());
        let home = || EnvVar::get(EnvVar::HOME).map(|home| PathBuf::from(home).join(".config"));
        config.or_else(home).map(|config| config.join("belljar"))
    });
    let folder = folder.ok_or_else(|| {
        unreadable("neither HOME nor XDG_CONFIG_HOME is set")
            .help(format!("{}=DIR names the folder of the keys", EnvVar::KEYS))
    })?;
    Ok((folder, name.to_owned()))
}

fn unreadable(why: &str) -> Fault {
    fault::infrastructure(NO_KEY, format!("a key of this user cannot be had: {why}"))
}

/// Reads a secret key as it is kept.
pub(crate) fn parse(text: &str) -> Option<[u8; 32]> {
    unhex(text.trim().strip_prefix(SECRET)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_what_it_wrote() {
        let secret = [7; 32];
        assert_eq!(parse(&format!("{SECRET}{}\n", hex(&secret))), Some(secret));
        for bad in ["", SECRET, "ed25519:00", &format!("{SECRET}{}", "zz".repeat(32))] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
