//! What the ledger answers, against figures that were calculated by hand and by SQL.

mod foreign;
mod generator;
mod golden;
mod logs;
mod properties;
mod questions;
