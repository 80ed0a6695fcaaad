//! Delivery, with the real program in processes of its own.

mod kill;
mod server;
mod site;
