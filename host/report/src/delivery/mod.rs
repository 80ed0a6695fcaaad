//! What a person sees of deliveries: the plan that is approved, a deployment while it runs, what
//! is live where, and what was before.
//!
//! The views here are what the command line fills from the ledger; each is `Serialize`, so that
//! its JSON form says the same as its text.
//!
//! **Invariant:** text of a plan is never cut to the width of a terminal, only wrapped: a person
//! approves what is there, not what fits. What the short form leaves out is counted.

mod history;
mod plan;
mod progress;
mod sections;
mod shown;
mod status;
mod verified;
mod words;

pub use history::{DeploymentShown, GlassShown, history};
pub use plan::{ApprovalsShown, Detail, PlanShown, Remark, Stage, plan};
pub use progress::Progress;
pub use shown::{HealthShown, LiveShown};
pub use status::{EnvironmentShown, FrozenShown, GoingOnShown, PendingShown, status};
pub use verified::{VerifiedShown, checkpoint, verified};

#[cfg(test)]
mod testing;
