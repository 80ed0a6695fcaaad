//! The store under fire: kills, failing calls, power cuts, crowds, damage and full disks.
//!
//! One program does work on a store, and says what it was promised ([`exercise`]). Campaigns
//! disturb it in one way each, and then look whether every promise is kept ([`promises`]). The
//! tests run their short forms, and `cargo xtask soak` the long ones.

mod blows;
mod crowd;
mod damage;
mod dice;
mod exercise;
mod outcome;
mod place;
mod points;
mod power;
mod promises;
mod values;

pub use blows::{errors, kills};
pub use crowd::{collecting, crowd};
pub use damage::damage;
pub use dice::Dice;
pub use exercise::{Pressure, exercise};
pub use outcome::{NOT_TRIED, Outcome, not_tried};
pub use points::Exerciser;
pub use power::{power, why_not};
