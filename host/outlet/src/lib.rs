//! The way out: HTTP requests and storage, for environments that were granted them.
//!
//! This is the only crate of the host that opens a connection. [`EnvironmentOutlet`] is the real
//! [`Outlet`](belljar_model::ports::Outlet) of one environment: [`Http`] sends requests, a
//! [`Storage`] reaches a folder or a bucket, and tools are run by whoever is passed in.
//!
//! **Invariant:** nothing leaves for a host that the environment was not granted, and no value of
//! a secret comes back. What holds it:
//!
//! * A request's address is parsed once, by the parser of the client that sends it; the host and
//!   port that are compared with the grants are those that are connected to. Redirects are not
//!   followed, no proxy is used, and there are no cookies.
//! * A bucket is spoken to through the same client, which refuses every other place than the
//!   bucket's endpoint.
//! * A secret is a name until its header is written. Answers, objects, what tools print and all
//!   messages are searched for the values that the environment knows, as they are and in the
//!   forms that programs give them ([`Secrets::mask`]). This is against accidents. A host that
//!   was given a secret can always send it back in a form of its own.
//! * A folder is an open directory (`belljar_disk::Root`): no path and no symbolic link leads out.
//!
//! Settings come as arguments. The client looks for variables that name a proxy when it is made;
//! what it finds is dropped.

mod blob;
mod client;
mod code;
mod environment;
mod hosts;
mod http;
mod inward;
mod place;
mod secret;
mod storage;

pub use belljar_model::{SecretError, SecretValue};
pub use environment::{EnvironmentOutlet, RunTool};
pub use hosts::Hosts;
pub use http::Http;
pub use place::{BucketKeys, BucketPlace, StorageError, StoragePlace, parse_storage};
pub use secret::Secrets;
pub use storage::{Storage, open_storage};
