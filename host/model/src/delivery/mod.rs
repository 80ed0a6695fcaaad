//! The words of delivery: an Environment, the Release that goes there, the DeployPlan that is
//! approved, the Effects that it permits, and what was observed afterwards.
//!
//! ```text
//! steps ──outputs──> Release ──preview, nothing sent──> DeployPlan ──approvals──> apply ──> observe
//! ```

mod approval;
mod effect;
mod environment;
mod plan;
mod release;

pub use approval::{Approval, Decision, Envelope, EnvelopeSignature, PAYLOAD_TYPE};
pub use effect::{
    Body, Effect, EffectAnswer, HttpAnswer, HttpRequest, SecretUse, StorageRead, ToolEffect,
};
pub use environment::{
    ApprovalPolicy, Approver, Environment, Freeze, GROUP_PREFIX, Gate, Monitor, OnIllness,
    SecretSource,
};
pub use plan::{DeployPlan, PlanDigest, WayBack};
pub use release::{
    Artifact, Change, Commit, Condition, DeployPhase, HealthObservation, Release, Revision,
};
