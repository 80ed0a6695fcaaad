//! Reports: what the ledger answers. Pure functions of its entries.
