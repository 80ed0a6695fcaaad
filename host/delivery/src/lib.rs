//! Delivery: plans, approvals, the health gate and rollback, over ports.

pub mod reports;
