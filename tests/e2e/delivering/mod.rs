//! Delivery, with the real program in processes of its own.

mod answers;
mod approvals;
mod contested;
mod damage;
mod health;
mod kill;
mod meaning;
mod secrets;
mod server;
mod site;
mod tools;
