//! KeyChain: which keys must have signed a checkpoint, by what the ledger says of its keys.

use belljar_model::LedgerEvent;

use crate::checkpoint::Checkpoint;
use crate::key::PublicKey;

/// The name and the keys of a ledger, as its events tell them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct KeyChain {
    origin: Option<String>,
    /// Each key, and the number of the line that names it.
    keys: Vec<(u64, PublicKey)>,
}

impl KeyChain {
    /// The name of the log, once its first line was seen.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The key that signs now.
    pub(crate) fn current(&self) -> Option<PublicKey> {
        self.keys.last().map(|(_, key)| *key)
    }

    /// All keys, oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.keys.iter().map(|(_, key)| *key)
    }

    /// The sizes at which the key had just changed.
    pub(crate) fn rotations(&self) -> impl Iterator<Item = u64> + '_ {
        self.keys.iter().skip(1).map(|(line, _)| line + 1)
    }

    /// Takes note of what line `seq` says of keys. Lines come in their order.
    ///
    /// # Errors
    /// When it cannot be so, with the reason.
    pub(crate) fn see(&mut self, seq: u64, event: &LedgerEvent) -> Result<(), String> {
        match event {
            LedgerEvent::LedgerOpened { origin, key, .. } if seq == 0 => {
                let key = PublicKey::from_text(key).ok_or("the key is malformed")?;
                self.origin = Some(origin.clone());
                self.keys.push((seq, key));
            }
            LedgerEvent::LedgerOpened { .. } => {
                return Err("a ledger begins in the middle of another one".to_owned());
            }
            _ if seq == 0 => {
                return Err("the ledger does not begin with `ledger-opened`".to_owned());
            }
            LedgerEvent::KeyChanged { old, new } => {
                let key = PublicKey::from_text(new).ok_or("the new key is malformed")?;
                if self.current().is_none_or(|current| current.to_string() != *old) {
                    return Err("the key that it replaces is not the key of the ledger".to_owned());
                }
                self.keys.push((seq, key));
            }
            _ => {}
        }
        Ok(())
    }

    /// The keys that sign a checkpoint of this size: the one before its last line and, if this
    /// line changes it, also the new one. None if the first key is not known.
    fn signers(&self, size: u64) -> Vec<PublicKey> {
        let named_before = |line: u64| {
            let known = self.keys.iter().rev().find(|(named, _)| *named < line);
            known.or(self.keys.first()).map(|(_, key)| *key)
        };
        let mut signers: Vec<_> = named_before(size.saturating_sub(1)).into_iter().collect();
        signers.extend(named_before(size).filter(|key| !signers.contains(key)));
        signers
    }

    /// Whether this log made the checkpoint.
    ///
    /// # Errors
    /// When it did not, with the reason.
    pub(crate) fn accepts(&self, checkpoint: &Checkpoint) -> Result<(), &'static str> {
        let signers = self.signers(checkpoint.size);
        if signers.is_empty() {
            return Err("the first line names no key");
        }
        if self.origin() != Some(&checkpoint.origin) {
            return Err("it belongs to a log of another name");
        }
        if signers.iter().all(|key| checkpoint.is_signed_by(key)) {
            Ok(())
        } else {
            Err("the key of the ledger did not sign it")
        }
    }

    /// As [`KeyChain::accepts`], for a checkpoint that nobody else may have signed.
    ///
    /// # Errors
    /// When this log did not make it as it is, with the reason.
    pub(crate) fn accepts_own(&self, checkpoint: &Checkpoint) -> Result<(), &'static str> {
        self.accepts(checkpoint)?;
        if checkpoint.signature_count() == self.signers(checkpoint.size).len() {
            Ok(())
        } else {
            Err("someone else signed it too")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::LedgerKey;

    fn chain() -> ([LedgerKey; 2], KeyChain) {
        let keys = [1, 2].map(|byte| LedgerKey::generate([byte; 32]));
        let [old, new] = keys.each_ref().map(LedgerKey::public);
        let mut chain = KeyChain::default();
        let (schema, origin) = (String::new(), "a".to_owned());
        chain.see(0, &LedgerEvent::LedgerOpened { schema, origin, key: old.clone() }).unwrap();
        chain.see(3, &LedgerEvent::KeyChanged { old, new }).unwrap();
        (keys, chain)
    }

    #[test]
    fn a_change_of_keys_is_signed_by_both_and_the_rest_by_one() {
        let ([old, new], chain) = chain();
        let check = |size: u64, keys: &[&LedgerKey], expected: bool| {
            let checkpoint = Checkpoint::sign("a", size, [0; 32], keys);
            let accepted = chain.accepts(&checkpoint);
            assert_eq!(accepted.is_ok(), expected, "{size} {keys:?} {accepted:?}");
        };
        check(0, &[&old], true);
        check(1, &[&old], true);
        check(3, &[&old], true);
        check(3, &[&new], false);
        check(4, &[&old, &new], true);
        check(4, &[&old], false);
        check(4, &[&new], false);
        check(5, &[&new], true);
        check(5, &[&old], false);
        assert_eq!(chain.rotations().collect::<Vec<_>>(), [4]);
        assert_eq!(chain.current().unwrap().to_string(), new.public());
    }

    #[test]
    fn a_checkpoint_of_another_name_or_with_another_signature_is_refused() {
        let ([old, new], chain) = chain();
        let check = |origin: &str, keys: &[&LedgerKey], expected: Result<(), &str>| {
            let checkpoint = Checkpoint::sign(origin, 2, [0; 32], keys);
            assert_eq!(chain.accepts_own(&checkpoint), expected);
        };
        check("a", &[&old], Ok(()));
        check("b", &[&old], Err("it belongs to a log of another name"));
        check("a", &[&new], Err("the key of the ledger did not sign it"));
        check("a", &[&old, &new], Err("someone else signed it too"));
    }

    #[test]
    fn keys_change_only_from_the_one_that_is_in_force() {
        let ([old, new], mut chain) = chain();
        let event = LedgerEvent::KeyChanged { old: old.public(), new: new.public() };
        assert!(chain.see(9, &event).is_err());
        let event = LedgerEvent::KeyChanged { old: new.public(), new: "ed25519:".to_owned() };
        assert!(chain.see(9, &event).is_err());
        assert!(KeyChain::default().see(0, &event).is_err());
    }
}
