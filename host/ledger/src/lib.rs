//! The ledger: one append-only, tamper-evident record of what was delivered.
