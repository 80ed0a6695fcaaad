//! Proofs and keys of a ledger as text: any text is one, or an error that says why not.
#![no_main]

use belljar_ledger::{LedgerKey, Proof};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(proof) = Proof::from_text(text) {
        let again = Proof::from_text(&proof.to_text()).expect("what was written can be read");
        assert_eq!(again.to_text(), proof.to_text());
        let key = LedgerKey::generate([7; 32]).public();
        assert!(proof.verify(&key).is_err(), "nobody has signed with this key");
    }
    if let Ok(key) = LedgerKey::from_text(text) {
        let again = LedgerKey::from_text(&key.to_text()).expect("what was written can be read");
        assert_eq!(again.public(), key.public());
    }
});
