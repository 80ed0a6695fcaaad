//! The way out, against real servers on this machine and real folders.
#![expect(clippy::unwrap_used, reason = "this is a test, and its modules are not seen as one")]

#[cfg(feature = "s3")]
mod bucket;
#[cfg(feature = "s3")]
mod bucket_server;
mod contract;
mod environment;
mod folder;
mod hostile;
mod http;
mod http_refusals;
mod parts;
mod server;
