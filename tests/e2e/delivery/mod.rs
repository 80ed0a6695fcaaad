//! Delivery, with the real program in processes of its own.

mod approvals;
mod contested;
mod damage;
mod kill;
mod server;
mod site;
