//! A signed approval: none opens that no key of ours has signed.
#![no_main]

use belljar_delivery::approvals;
use belljar_model::delivery::Envelope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else { return };
    if let Ok((approval, key)) = approvals::open(&envelope) {
        // A corpus may hold a real one; then it is what its own signature says.
        let _ = serde_json::to_string(&approval).expect("what was read can be written");
        assert!(envelope.signatures.iter().any(|signature| signature.keyid == key));
    }
});
