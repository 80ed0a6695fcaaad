//! The five DORA metrics of 2025: how often and how fast a team delivers, and how that ends.

mod calculate;
mod case;
mod figures;
mod sheet;

pub use calculate::dora;
pub use figures::{DoraAsk, DoraDeployment, DoraReport, Failure, Frequency, Sample, Share, Spread};
