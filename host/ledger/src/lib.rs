//! The ledger: one append-only, tamper-evident record of what was delivered.
//!
//! A folder holds one line of JSON for each [`Entry`](belljar_model::LedgerEntry), a Merkle tree
//! (RFC 9162) stands over the bytes of the lines, and a signed checkpoint holds the size and the
//! root of the tree. [`FileLedger`] appends and reads; [`verify`](verify::verify) looks for
//! everything that is not as it was written; [`Proof`] shows one entry to someone who does not
//! have the ledger. `docs/reference/ledger.md` describes the files.
//!
//! **Invariant:** a checkpoint of size n that is valid means that n lines are durable. Lines are
//! durable before the checkpoint that covers them is written, and it is written into the slot
//! that does not hold the last valid one.

mod append;
mod chain;
mod checkpoint;
mod evidence;
mod export;
mod fault;
mod file_ledger;
mod files;
mod history;
mod key;
mod proof;
mod tree;
pub mod verify;

#[cfg(test)]
mod tests;

pub use export::{Filter, export};
pub use file_ledger::{FileLedger, Options};
pub use key::LedgerKey;
pub use proof::{Proof, prove};
pub use verify::{Problem, ProblemKind, Verified, verify};
