//! Deployment: one deployment as the ledger tells it.

use std::sync::Arc;

use belljar_model::PlanDigest;
use belljar_model::delivery::{DeployPlan, Effect, EffectAnswer, Envelope, StorageRead};
use belljar_model::ledger::Outcome;

/// One deployment as the ledger tells it.
#[derive(Clone, PartialEq, Debug)]
pub struct Deployment {
    /// Its number.
    pub number: u64,
    /// What it does.
    pub plan: Arc<DeployPlan>,
    /// The digest of that.
    pub digest: PlanDigest,
    /// When it was planned, in milliseconds since 1970-01-01 UTC.
    pub planned_at: u64,
    /// What people said.
    pub approvals: Vec<RecordedApproval>,
    /// How far it is.
    pub phase: Phase,
    /// Its effects, as far as they were intended.
    pub effects: Vec<EffectState>,
    /// How it goes back, if it does.
    pub rollback: Option<Rollback>,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub started_at: Option<u64>,
    /// When it ended.
    pub ended_at: Option<u64>,
    /// Why it failed or was voided; empty if neither.
    pub reason: String,
    /// Rules that were set aside.
    pub broken_glass: Option<BrokenGlass>,
    /// The deployment that a person undid with it, if it goes back.
    pub undoes: Option<u64>,
}

impl Deployment {
    /// Whether the plan is the one that its digest names. One that another version has written
    /// may have other bytes now; then nobody can tell any more what was approved.
    pub fn is_as_signed(&self) -> bool {
        self.plan.digest() == self.digest
    }
}

/// How far a deployment is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// It waits: for approvals, or to be begun.
    Planned,
    /// It will never be begun.
    Voided,
    /// Its effects leave.
    Applying,
    /// Its release is observed.
    Gate,
    /// The gate has passed, and the release is observed further.
    Baking,
    /// The effects of going back leave.
    RollingBack,
    /// The release before it is observed.
    RollbackGate,
    /// It ended.
    Ended(Outcome),
}

impl Phase {
    /// Whether it has begun and has not ended.
    pub const fn is_going_on(self) -> bool {
        !matches!(self, Self::Planned | Self::Voided | Self::Ended(_))
    }

    /// The name, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Voided => "voided",
            Self::Applying => "applying",
            Self::Gate => "in its health gate",
            Self::Baking => "baking",
            Self::RollingBack => "rolling back",
            Self::RollbackGate => "in the health gate of its rollback",
            Self::Ended(outcome) => outcome.as_str(),
        }
    }
}

/// What one person said of a plan.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedApproval {
    /// The place of the event in the ledger.
    pub seq: u64,
    /// When it was recorded, in milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The name that was given with it. What counts is the key.
    pub approver: String,
    /// The plan that it was recorded for.
    pub plan: PlanDigest,
    /// What was signed.
    pub envelope: Envelope,
}

/// One effect that was intended.
#[derive(Clone, PartialEq, Debug)]
pub struct EffectState {
    /// What it is.
    pub effect: Effect,
    /// What came back; `None` while it is in the air.
    pub answer: Option<EffectAnswer>,
}

/// How a deployment goes back.
#[derive(Clone, PartialEq, Debug)]
pub struct Rollback {
    /// The deployment whose release is made live again.
    pub to: u64,
    /// Everything that is done for it, in order.
    pub planned: Vec<Effect>,
    /// What the plugin asked the storage, and was told.
    pub reads: Vec<StorageRead>,
    /// As far as they were intended.
    pub effects: Vec<EffectState>,
}

/// Rules that were set aside by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenGlass {
    /// The place of the event in the ledger.
    pub seq: u64,
    /// Why.
    pub reason: String,
    /// Which.
    pub skipped: Vec<String>,
}
