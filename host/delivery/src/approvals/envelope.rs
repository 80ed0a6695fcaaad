//! Envelope: an [`Approval`] signed with ed25519 in a DSSE envelope
//! (<https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::Fault;
use belljar_model::delivery::{Approval, Envelope, EnvelopeSignature, PAYLOAD_TYPE};
use belljar_model::hex::{hex, unhex};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::fault::{self, BAD_APPROVAL};

/// What the text of a public key begins with.
const PUBLIC: &str = "ed25519:";

/// The text of the public key that belongs to 32 secret bytes.
pub fn public_key(secret: &[u8; 32]) -> String {
    public_text(&SigningKey::from_bytes(secret).verifying_key())
}

/// Signs a decision with 32 secret bytes.
pub fn seal(approval: &Approval, secret: &[u8; 32]) -> Envelope {
    let payload = serde_json::to_vec(approval).expect("an approval has a JSON form");
    let signature = SigningKey::from_bytes(secret).sign(&signed_bytes(PAYLOAD_TYPE, &payload));
    let sig = STANDARD.encode(signature.to_bytes());
    Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![EnvelopeSignature { keyid: public_key(secret), sig }],
    }
}

/// Returns the decision in an envelope, and the key that signed it.
///
/// # Errors
/// When it is something else, or not signed by the key that it names.
pub fn open(envelope: &Envelope) -> Result<(Approval, String), Fault> {
    let bad = |what: &str| {
        fault::policy(BAD_APPROVAL, format!("an approval cannot be taken: {what}"))
            .help("sign it again with `belljar approvals approve`")
    };
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(bad("the envelope holds something else"));
    }
    let [signature] = envelope.signatures.as_slice() else {
        return Err(bad("it must have exactly one signature"));
    };
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| bad("it is not Base64"))?;
    let sig = STANDARD.decode(&signature.sig).ok().and_then(|sig| Signature::from_slice(&sig).ok());
    let sig = sig.ok_or_else(|| bad("the signature is not one of ed25519"))?;
    let key =
        verifying_key(&signature.keyid).ok_or_else(|| bad("its key is not one of ed25519"))?;
    let bytes = signed_bytes(&envelope.payload_type, &payload);
    key.verify_strict(&bytes, &sig).map_err(|_| bad("the signature does not fit"))?;
    let approval = serde_json::from_slice(&payload).map_err(|error| bad(&error.to_string()))?;
    Ok((approval, signature.keyid.clone()))
}

/// The pre-authentication encoding of DSSE: what is really signed.
fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn verifying_key(text: &str) -> Option<VerifyingKey> {
    let bytes = unhex(text.strip_prefix(PUBLIC)?)?;
    VerifyingKey::from_bytes(&bytes).ok()
}

fn public_text(key: &VerifyingKey) -> String {
    format!("{PUBLIC}{}", hex(key.as_bytes()))
}
