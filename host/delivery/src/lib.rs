//! Delivery: from a Release to a live and healthy environment, over ports.
//!
//! ```text
//! Ask ── make ──> DeployPlan ── record ──> ledger ── approvals ──> carry_out
//!        nothing leaves                                              │
//!                                    apply ── gate ── bake ──> live  │  failure ──> rollback
//! ```
//!
//! What an environment's state is, is a fold over the ledger ([`Standing`]); nothing else is
//! remembered (`docs/design/0007-delivery.md`).
//!
//! **Invariant:** an event is durable before the effect that it announces leaves.
//! **Invariant:** what leaves is what the plan holds, in its order, and nothing else.
//! **Invariant:** this crate does no I/O and reads no clock but that of its ports.

pub mod approvals;
mod call;
mod drive;
mod fault;
mod fence;
pub mod gate;
mod observe;
mod outlets;
pub mod plan;
mod ports;
pub mod reports;
mod rollback;
pub mod rules;
mod standing;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod watch;
mod way_back;

pub use drive::{Finished, carry_out};
pub use ports::{Pause, Pins, Ports};
pub use standing::{
    BrokenGlass, Deployment, EffectState, Phase, RecordedApproval, Rollback, Standing,
};
