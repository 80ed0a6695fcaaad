//! Approval: what a person signs, in a DSSE envelope
//! (<https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md>).

use serde::{Deserialize, Serialize};

use crate::delivery::plan::PlanDigest;

/// The DSSE payload type of an [`Approval`].
pub const PAYLOAD_TYPE: &str = "application/vnd.belljar.approval.v1+json";

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The plan may be applied.
    Approve,
    /// It must not be.
    Reject,
}

/// What a person signs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The plan.
    pub plan: PlanDigest,
    /// The environment, for people: the plan holds it too.
    pub environment: String,
    /// Yes or no.
    pub decision: Decision,
    /// Why; may be empty for yes.
    pub reason: String,
    /// When it was signed, in milliseconds since 1970-01-01 UTC.
    pub at_ms: u64,
    /// When it ends to hold, in milliseconds since 1970-01-01 UTC.
    pub expires_ms: u64,
}

/// A DSSE envelope: a payload and signatures over its type and its bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// What the payload is: [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// The payload, in standard Base64.
    pub payload: String,
    /// At least one signature.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an [`Envelope`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// The public key, as in [`Approver::key`](crate::delivery::Approver::key).
    pub keyid: String,
    /// The signature, in standard Base64.
    pub sig: String,
}
