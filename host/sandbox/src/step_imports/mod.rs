//! The interfaces of our own: `log`, `control`, `report`, `inputs`, `outputs`,
//! `tool`, `secrets` and `secrets-reveal`.

mod control;
mod inputs;
mod log;
mod outputs;
mod report;
mod secrets;
mod tool;

use belljar_model::Digest;

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use self::outputs::OutputWriter;
pub(crate) use self::report::{Reported, attrs};
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use self::secrets::OpenSecret;
pub(crate) use self::secrets::check_granted;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use self::tool::RanTool;
pub(crate) use self::tool::is_name;
use crate::bindings::plugin::belljar::step::types;
use crate::state::State;

impl types::Host for State {}

/// A digest as the interface writes it: without the size, which is the host's own matter.
pub(crate) fn digest_text(digest: &Digest) -> String {
    format!("blake3:{}", digest.hex())
}
