//! LedgerEvent: a fact of delivery that is kept for ever, and Entry: one line of the ledger.
//!
//! The state of every environment is what these events add up to; there is no other record of
//! it. So nothing can happen that the ledger does not hold.

use serde::{Deserialize, Serialize};

use crate::action::ActionDigest;
use crate::class::Class;
use crate::delivery::{
    Change, Commit, Condition, DeployPlan, Effect, EffectAnswer, Envelope, PlanDigest, Release,
    StorageRead,
};
use crate::digest::Digest;
use crate::event::{Source, Status};
use crate::step::StepName;
use crate::tool::Tier;

/// The schema of the ledger. Event types and optional fields may be added under one name; what
/// there is never changes its meaning.
pub const SCHEMA: &str = "belljar.ledger/v1";

/// One line of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, counted from 0. Its id for people is `e` and this number.
    pub seq: u64,
    /// When, in milliseconds since 1970-01-01 UTC, by the clock of the host.
    pub at: u64,
    /// Who: a name, and an e-mail address if there is one.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// What happened.
    #[serde(flatten)]
    pub event: LedgerEvent,
}

/// Why a release was observed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObservedBy {
    /// The health gate of a deployment.
    Gate,
    /// The time after the gate.
    Bake,
    /// The health gate of a rollback.
    Rollback,
    /// `watch-env`, between deployments.
    Watch,
}

/// How a deployment ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is live and healthy.
    Live,
    /// It failed, and the release before it is live and healthy again.
    RolledBack,
    /// It failed before anything was changed.
    NotApplied,
    /// It failed, and there was nothing to go back to, or going back failed. A person must look.
    Stuck,
}

impl Outcome {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::RolledBack => "rolled-back",
            Self::NotApplied => "not-applied",
            Self::Stuck => "stuck",
        }
    }
}

/// A fact of delivery. `deployment` is the number of a deployment in its environment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LedgerEvent {
    /// The first event.
    LedgerOpened {
        /// [`SCHEMA`].
        schema: String,
        /// The name of the log in its checkpoints.
        origin: String,
        /// The public key that signs the checkpoints, as in [`crate::delivery::Approver::key`].
        key: String,
    },
    /// Checkpoints are signed with another key from here on.
    KeyChanged {
        /// The key until here.
        old: String,
        /// The key from here on.
        new: String,
    },
    /// Lines that were written but never confirmed were set aside after an interruption.
    Recovered {
        /// How many bytes.
        bytes: u64,
        /// The file that holds them now, beside the ledger.
        file: String,
    },
    /// A run that made or restored artifacts.
    Run {
        /// Its id.
        run: String,
        /// What it was started from.
        commit: Option<String>,
        /// Steps in the plan.
        steps: u32,
        /// Steps that were served from the cache.
        cached: u32,
        /// Steps that did not pass.
        failed: u32,
        /// Its exit code.
        exit_code: u8,
    },
    /// One step of such a run.
    Step {
        /// The run.
        run: String,
        /// Its name.
        step: StepName,
        /// How it ended.
        status: Status,
        /// The plugin as `name@version`.
        plugin: String,
        /// How much of the world it could touch.
        class: Class,
        /// The weakest tier of its tools.
        tier: Option<Tier>,
        /// Where the result came from.
        source: Option<Source>,
        /// The key.
        action: Option<ActionDigest>,
    },
    /// A set of artifacts that can be deployed.
    Release {
        /// The artifacts.
        release: Release,
        /// The SHA-256 digest, in hexadecimal, of the evidence: a JSON file beside the ledger
        /// that lists each file which any step read to make it.
        evidence: Option<String>,
    },
    /// A plan was made.
    Planned {
        /// Its digest.
        plan_digest: PlanDigest,
        /// The plan.
        plan: Box<DeployPlan>,
    },
    /// A person decided about a plan.
    Approval {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// The plan.
        plan: PlanDigest,
        /// The approver's name.
        approver: String,
        /// The signed decision.
        envelope: Envelope,
    },
    /// A plan will never be applied: another one took its place, or it was refused.
    PlanVoided {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// Why.
        reason: String,
    },
    /// A deployment holds the lock of its environment and begins, or goes on after an
    /// interruption.
    Started {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// The plan.
        plan: PlanDigest,
        /// The fencing token: larger than every one before it in this environment.
        token: u64,
        /// Whether it was interrupted before.
        resumed: bool,
    },
    /// An effect is about to leave.
    EffectIntended {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// The fencing token.
        token: u64,
        /// Whether it belongs to a rollback.
        rollback: bool,
        /// Its place in the plan, counted from 0.
        index: u32,
        /// What it is.
        effect: Effect,
    },
    /// An effect was answered.
    EffectDone {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// Whether it belongs to a rollback.
        rollback: bool,
        /// Its place in the plan.
        index: u32,
        /// What came back.
        answer: EffectAnswer,
    },
    /// All effects were done; the gate begins.
    Applied {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
    },
    /// A release was observed.
    Observed {
        /// The environment.
        environment: String,
        /// The deployment that made it live.
        deployment: u64,
        /// Why it was observed.
        by: ObservedBy,
        /// How it is.
        condition: Condition,
        /// The release that was seen, if any could be.
        release: Option<String>,
        /// One line for people.
        detail: String,
    },
    /// The gate has passed; the release bakes.
    GatePassed {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
    },
    /// A failed deployment goes back.
    RollbackStarted {
        /// The environment.
        environment: String,
        /// The deployment that is undone.
        deployment: u64,
        /// The deployment whose release is made live again.
        to: u64,
        /// Why.
        reason: String,
        /// What it does, as previewed now.
        effects: Vec<Effect>,
        /// What the plugin asked the storage for that, and was told.
        reads: Vec<StorageRead>,
        /// The same in the plugin's words.
        changes: Vec<Change>,
    },
    /// The effects of a rollback were done; its gate begins.
    RollbackApplied {
        /// The environment.
        environment: String,
        /// The deployment that is undone.
        deployment: u64,
    },
    /// A deployment ended.
    Finished {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// How.
        outcome: Outcome,
        /// Why; empty if it is live.
        reason: String,
        /// The release that is live now, as far as is known.
        live: Option<Digest>,
        /// The commits that are live for the first time, newest first.
        commits: Vec<Commit>,
    },
    /// What is live is not what the ledger says.
    DriftFound {
        /// The environment.
        environment: String,
        /// The deployment that should be live.
        deployment: u64,
        /// What was seen.
        found: String,
    },
    /// What is live is what the ledger says again.
    DriftGone {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
    },
    /// The condition of a live release changed.
    HealthChanged {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// How it is now.
        condition: Condition,
        /// One line for people.
        detail: String,
    },
    /// A rule was set aside by hand.
    BreakGlass {
        /// The environment.
        environment: String,
        /// The deployment.
        deployment: u64,
        /// Why.
        reason: String,
        /// The rules: `approvals`, `freeze`, `order`.
        skipped: Vec<String>,
    },
    /// Nothing is deployed until it is lifted.
    Frozen {
        /// The environment.
        environment: String,
        /// Until when, in milliseconds since 1970-01-01 UTC; `None` until it is lifted.
        until: Option<u64>,
        /// Why.
        reason: String,
    },
    /// A freeze was lifted.
    Unfrozen {
        /// The environment.
        environment: String,
        /// Why.
        reason: String,
    },
    /// Something is wrong in an environment.
    IncidentOpened {
        /// Its id: the team's own.
        incident: String,
        /// The environment.
        environment: String,
        /// The deployment that caused it, if known.
        deployment: Option<u64>,
        /// One line for people.
        summary: String,
    },
    /// It is over.
    IncidentClosed {
        /// Its id.
        incident: String,
        /// The environment.
        environment: String,
    },
}
