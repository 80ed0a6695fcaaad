//! The words of Belljar: values, their canonical bytes, and the ports through which the core
//! meets the outside world.
//!
//! Everything above is written in these terms: a [`Step`](step::StepName) becomes an
//! [`Action`], an Action becomes an [`ActionResult`], and all that happened is an [`Event`].
//!
//! **Invariant:** this crate does no I/O, reads no clock and no environment.
//! **Invariant:** nothing here knows that plugins are WebAssembly, or where blobs are kept.

pub mod action;
pub mod action_result;
pub mod calendar;
pub mod canonical;
pub mod class;
pub mod code;
pub mod delivery;
pub mod descriptor;
pub mod diagnostic;
pub mod digest;
pub mod directory;
pub mod event;
pub mod fault;
pub mod finding;
pub mod grant;
pub mod hex;
pub mod ledger;
pub mod limits;
pub mod mask;
pub mod miss;
pub mod observation;
pub mod path;
pub mod pattern;
pub mod ports;
pub mod secret;
pub mod sheet;
pub mod step;
mod subject;
pub mod text;
pub mod tool;
pub mod trust;
pub mod view;

pub use action::{Action, ActionDigest, FamilyDigest};
pub use action_result::{ActionResult, Cost, OutputFile, Sharing, Verdict};
pub use class::Class;
pub use code::Code;
pub use delivery::{DeployPlan, Environment, PlanDigest, Release};
pub use descriptor::Descriptor;
pub use diagnostic::Diagnostic;
pub use digest::Digest;
pub use directory::{Directory, Entry, Node, NodeKind};
pub use event::Event;
pub use fault::{Blame, Fault};
pub use finding::{Finding, Severity, Span, TestCase};
pub use grant::{Capability, Grant};
pub use ledger::{Entry as LedgerEntry, LedgerEvent};
pub use limits::Limits;
pub use mask::{Mask, Veil};
pub use miss::MissReason;
pub use observation::{Answer, Observation, Question, Trace};
pub use path::WorkspacePath;
pub use pattern::Patterns;
pub use secret::{SecretError, SecretValue};
pub use step::StepName;
pub use tool::{Isolation, Tier, ToolAction};
pub use trust::{Dispute, Origin, Refusal, TrustLevel, WriterKey};
pub use view::View;
