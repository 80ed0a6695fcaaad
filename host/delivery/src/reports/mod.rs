//! Reports: what the ledger answers. Pure functions of its entries.
//!
//! Each answer is a value of its own and has a [`Sheet`](belljar_model::sheet::Sheet), which
//! every format shows. **Invariant:** nothing here reads a clock or a file: the period is an
//! argument, and the evidence of releases comes through a function.
//! **Invariant:** entries are in the order of the ledger; "first" and "later" mean that order,
//! since clocks go backwards and places in the ledger do not.

mod approved;
mod dora;
mod find;
mod history;
mod releases;
mod risk;
mod undoing;
mod words;

pub use dora::{
    DoraAsk, DoraDeployment, DoraReport, Failure, Frequency, Sample, Share, Spread, dora,
};
pub use find::{EvidenceFile, FindAsk, FindReport, Found, LiveTime, find};
pub use releases::{ReleaseRow, ReleasesReport, releases};
pub use risk::{RiskLine, RiskReport, RiskRow, StepCount, UnusedApproval, risk};
